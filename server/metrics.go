package server

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"

	"radiograph/daemon"
	"radiograph/disk"
	"radiograph/group"
	"radiograph/ingest"
	"radiograph/insight"
	"radiograph/lambda"
	"radiograph/meter"
	"radiograph/metric"
)

// MetricsPath answers unsigned GET requests with the Prometheus text format.
const MetricsPath = "/metrics"

// metrics knows the rooms that count.
type metrics struct {
	version   string
	requests  requests
	daemons   daemon.Counts
	sink      *ingest.Ingester
	store     *disk.Store
	functions *lambda.Service
	groups    *group.Service
	insights  *insight.Service
	log       *slog.Logger
	meter     *meter.Meter
}

func (m *metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var p metric.Page
	p.Gauge("radiograph_info", "1, with the version.").Add(1, "version", m.version)
	p.Gauge("radiograph_goroutines", "Goroutines that run now.").Add(float64(runtime.NumGoroutine()))
	m.requests.write(&p)
	m.writeDocuments(&p)
	m.writeDaemons(&p)
	m.writeFunctions(&p)
	m.writeStore(&p)
	m.writeGroups(&p)
	m.writeInsights(r.Context(), &p)
	m.writeUsage(&p)
	w.Header().Set("Content-Type", metric.ContentType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(p.Bytes()) // the client may have gone
}

func (m *metrics) writeDocuments(p *metric.Page) {
	c := m.sink.Counts()
	by := func(f metric.Family, label string, counts map[string]int64) {
		for _, key := range sortedKeys(counts) {
			f.Add(float64(counts[key]), label, key)
		}
	}
	by(p.Counter("radiograph_documents_accepted_total", "Segment documents stored, by the door they came by."), "door", c.Accepted)
	by(p.Counter("radiograph_documents_rejected_total", "Segment documents refused one by one, by ErrorCode; of ReservedEntity, entities."), "reason", c.Rejected)
	by(p.Counter("radiograph_documents_throttled_total", "Segment documents of batches beyond the limit of segments per second, by door."), "door", c.Throttled)
}

func (m *metrics) writeDaemons(p *metric.Page) {
	c := &m.daemons
	p.Counter("radiograph_daemon_datagrams_total", "Datagrams read by all X-Ray daemons.").Add(float64(c.Received.Load()))
	p.Counter("radiograph_daemon_malformed_total", "Datagrams without header or document.").Add(float64(c.Malformed.Load()))
	p.Counter("radiograph_daemon_documents_sent_total", "Documents the daemons handed on.").Add(float64(c.Sent.Load()))
	p.Counter("radiograph_daemon_documents_rejected_total", "Documents handed on and refused, or held back for want of a right.").Add(float64(c.Rejected.Load()))
	p.Counter("radiograph_daemon_dropped_total", "Datagrams and documents lost: receive buffer or memory full, or not stored after two tries.").Add(float64(c.Dropped.Load()))
	p.Gauge("radiograph_daemon_queue_documents", "Documents that wait in the daemons now.").Add(float64(c.Waiting.Load()))
}

func (m *metrics) writeFunctions(p *metric.Page) {
	st := m.functions.Stats()
	f := p.Counter("radiograph_invocations_total", "What callers and attempts of events got: ok, error (of the function), throttled, failed; accepted for an event's 202.")
	outcomes := slices.SortedFunc(maps.Keys(st.Invocations), func(a, b lambda.InvocationOutcome) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Outcome, b.Outcome))
	})
	for _, o := range outcomes {
		f.Add(float64(st.Invocations[o]), "type", string(o.Type), "outcome", o.Outcome)
	}
	environments := p.Gauge("radiograph_environments", "Function environments now, by state.")
	environments.Add(float64(st.Idle), "state", "idle")
	environments.Add(float64(st.Environments-st.Idle), "state", "busy")
	p.Gauge("radiograph_invocations_waiting", "Invocations that wait for an environment now.").Add(float64(st.Waiting))
	p.Gauge("radiograph_events_queued", "Asynchronous events accepted and not over.").Add(float64(st.Events))
	p.Gauge("radiograph_events_due", "Of them, those whose next attempt is due and has not begun.").Add(float64(st.EventsDue))
	p.Gauge("radiograph_events_oldest_wait_seconds", "How long the one due first has waited; 0 when none is due.").Add(st.OldestWaited.Seconds())
}

func (m *metrics) writeStore(p *metric.Page) {
	st := m.store.Stats()
	traces := p.Gauge("radiograph_store_open_traces", "Traces kept in memory for their next write, by form.")
	traces.Add(float64(st.OpenTraces), "form", "merged")
	traces.Add(float64(st.ParkedTraces), "form", "parked")
	bytes := p.Gauge("radiograph_store_open_trace_bytes", "What they take, in bytes, by form.")
	bytes.Add(float64(st.OpenTraceBytes), "form", "merged")
	bytes.Add(float64(st.ParkedTraceBytes), "form", "parked")
	p.Gauge("radiograph_store_bytes", "Bytes of the database's files.").Add(float64(st.Bytes))
	p.Gauge("radiograph_store_tables", "Sorted tables.").Add(float64(st.Tables))
	p.Gauge("radiograph_store_table_bytes", "Bytes of the sorted tables.").Add(float64(st.TableBytes))
	p.Gauge("radiograph_store_read_amplification", "Places a read may have to look at.").Add(float64(st.ReadAmp))
	p.Gauge("radiograph_store_memtable_bytes", "Bytes not yet in tables.").Add(float64(st.MemTableBytes))
	p.Gauge("radiograph_store_wal_bytes", "Bytes of the live write-ahead log.").Add(float64(st.LogBytes))
	p.Counter("radiograph_store_wal_written_bytes_total", "Bytes written to the write-ahead log.").Add(float64(st.LogBytesWritten))
	p.Counter("radiograph_store_flushes_total", "Flushes of memory to tables.").Add(float64(st.Flushes))
	p.Counter("radiograph_store_flushed_bytes_total", "Bytes written by flushes.").Add(float64(st.FlushedBytes))
	p.Counter("radiograph_store_compactions_total", "Compactions.").Add(float64(st.Compactions))
	p.Counter("radiograph_store_compactions_failed_total", "Compactions that failed and are tried again.").Add(float64(st.CompactionsFailed))
	p.Gauge("radiograph_store_compactions_running", "Compactions at work now.").Add(float64(st.CompactionsRunning))
	p.Counter("radiograph_store_compaction_read_bytes_total", "Bytes read by compactions.").Add(float64(st.CompactionBytesRead))
	p.Counter("radiograph_store_compacted_bytes_total", "Bytes written by compactions.").Add(float64(st.CompactedBytes))
	p.Gauge("radiograph_store_compaction_debt_bytes", "Bytes still to be compacted, about.").Add(float64(st.CompactionDebt))
	p.Gauge("radiograph_store_cache_bytes", "Bytes of the block cache.").Add(float64(st.CacheBytes))
	reads := p.Counter("radiograph_store_cache_reads_total", "Blocks asked of the cache, by result.")
	reads.Add(float64(st.CacheHits), "result", "hit")
	reads.Add(float64(st.CacheMisses), "result", "miss")
	p.Counter("radiograph_retention_hours_total", "Stored hours dropped for age or size.").Add(float64(st.HoursDropped))
	p.Counter("radiograph_retention_traces_total", "Traces dropped with them.").Add(float64(st.TracesDropped))
	p.Counter("radiograph_store_set_aside_total", "Times a damaged row was passed over (radiograph doctor --check names each).").Add(float64(st.SetAside))
	refused := 0.0
	if st.WritesRefused {
		refused = 1
	}
	p.Gauge("radiograph_store_writes_refused", "1 while writes are refused because the disk is nearly full.").Add(refused)
}

func (m *metrics) writeGroups(p *metric.Page) {
	totals := m.groups.Totals()
	slices.SortFunc(totals, func(a, b group.Total) int {
		return cmp.Or(cmp.Compare(a.Tenant.String(), b.Tenant.String()), cmp.Compare(a.Group, b.Group))
	})
	write := func(f metric.Family, value func(group.Total) int64) {
		for _, t := range totals {
			f.Add(float64(value(t)), "account", string(t.Tenant.Account), "region", string(t.Tenant.Region), "group", t.Group)
		}
	}
	write(p.Counter("radiograph_group_traces_total", "Traces that came into a group."), func(t group.Total) int64 { return t.Traces })
	write(p.Gauge("radiograph_group_traces_last_minute", "Of them, those of the last whole minute (AWS: ApproximateTraceCount)."), func(t group.Total) int64 { return t.LastMinute })
	write(p.Counter("radiograph_group_failures_total", "Times a trace could not be judged and was left out."), func(t group.Total) int64 { return t.Failed })
}

func (m *metrics) writeInsights(ctx context.Context, p *metric.Page) {
	counts, err := m.insights.Counts(ctx)
	if err != nil {
		m.log.Warn("insights cannot be counted", "err", err)
		return
	}
	slices.SortFunc(counts, func(a, b insight.Count) int { return cmp.Compare(a.Tenant.String(), b.Tenant.String()) })
	f := p.Gauge("radiograph_insights_kept", "Insights, by state.")
	for _, c := range counts {
		f.Add(float64(c.Active), "account", string(c.Tenant.Account), "region", string(c.Tenant.Region), "state", "active")
		f.Add(float64(c.Closed), "account", string(c.Tenant.Account), "region", string(c.Tenant.Region), "state", "closed")
	}
}

func (m *metrics) writeUsage(p *metric.Page) {
	f := p.Gauge("radiograph_usage_traces", "Traces X-Ray would bill in the present calendar month (UTC), by dimension.")
	for _, u := range m.meter.Present() {
		add := func(dimension string, n int64) {
			f.Add(float64(n), "account", string(u.Tenant.Account), "region", string(u.Tenant.Region), "dimension", dimension)
		}
		add("recorded", u.Recorded)
		add("retrieved", u.Retrieved)
		add("scanned", u.Scanned)
		add("insights", u.Insights)
	}
}

func sortedKeys(m map[string]int64) []string { return slices.Sorted(maps.Keys(m)) }
