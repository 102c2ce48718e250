package query

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/storetest"
	"radiograph/trace"
)

var tenant = radiograph.Tenant{Account: "000000000000", Region: "eu-west-1"}

func at(d time.Duration) radiograph.Timestamp { return radiograph.TimestampOf(storetest.Epoch.Add(d)) }

// put stores documents.
func put(t testing.TB, store radiograph.TraceStore, docs ...[]byte) {
	t.Helper()
	var recs []*radiograph.Record
	for _, doc := range docs {
		decoded, err := trace.Decode(doc)
		if err != nil {
			t.Fatal(err)
		}
		recs = append(recs, &radiograph.Record{Trace: decoded[0].Trace, Root: decoded[0].Root})
	}
	if _, err := store.Put(context.Background(), tenant, recs, true); err != nil {
		t.Fatal(err)
	}
}

// segment is a segment of a second, n seconds after the epoch; traces of even n
// have W3C ids that say nothing of the time.
func segment(n int) (radiograph.TraceID, []byte) {
	start := storetest.Epoch.Add(time.Duration(n) * time.Second)
	id := radiograph.TraceID{0: 0xff, 8: byte(n >> 8), 15: byte(n)}
	if n%2 == 1 {
		id = radiograph.NewTraceID(start)
	}
	return id, fmt.Appendf(nil, `{"id":"%016x","trace_id":%q,"name":"a","start_time":%d,"end_time":%d}`, n+1, id, start.Unix(), start.Unix()+1)
}

func open(store radiograph.TraceStore) *Engine {
	return New(store, func() time.Time { return storetest.Epoch })
}

// pages reads all pages of a query.
func pages(t testing.TB, e *Engine, q radiograph.SummaryQuery) (ids []radiograph.TraceID, processed int64, n int) {
	t.Helper()
	for {
		page, err := e.Summaries(context.Background(), tenant, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Summaries {
			ids = append(ids, s.ID)
		}
		processed += page.TracesProcessed
		n++
		if q.Token = page.Token; q.Token == "" {
			return ids, processed, n
		}
	}
}

func TestPagesMissNothing(t *testing.T) {
	store := storetest.NewModel()
	const n = 57
	for i := range n {
		_, doc := segment(i / 3 * 3) // some share a time
		doc = fmt.Appendf(nil, `{"id":"%016x","trace_id":"%s","name":"a"%s`, i+1, radiograph.TraceID{1, 15: byte(i)}, doc[len(`{"id":"0000000000000001","trace_id":"1-00000000-000000000000000000000000","name":"a"`):])
		put(t, store, doc)
	}
	e := open(store)
	for _, rt := range []radiograph.TimeRangeType{radiograph.ByTraceID, radiograph.ByEvent, radiograph.ByService} {
		q := radiograph.SummaryQuery{From: at(0), To: at(time.Hour), RangeType: rt}
		want, processed, _ := pages(t, e, q)
		if len(want) != n || processed != n {
			t.Fatalf("range type %d: one page has %d of %d traces, %d processed", rt, len(want), n, processed)
		}
		for _, limit := range []int{1, 7, n, n + 1} {
			q.Limit = limit
			got, processed, count := pages(t, e, q)
			if d := cmp.Diff(want, got); d != "" || processed != n || count != (n+limit-1)/limit {
				t.Errorf("range type %d, pages of %d: %d pages, %d processed (-want +got):\n%s", rt, limit, count, processed, d)
			}
		}
	}
}

// TestQuartersShareNothing asks as Grafana does: parallel quarters of a range
// that share their boundaries, each a stable share of traces.
func TestQuartersShareNothing(t *testing.T) {
	store := storetest.NewModel()
	const n = 240
	for i := range n {
		_, doc := segment(i)
		put(t, store, doc)
	}
	e := open(store)
	whole := radiograph.SummaryQuery{From: at(0), To: at(n * time.Second)}
	seen := make(map[radiograph.TraceID]int)
	for i := range 4 {
		q := whole
		q.From, q.To = at(time.Duration(i)*n/4*time.Second), at(time.Duration(i+1)*n/4*time.Second)
		ids, _, _ := pages(t, e, q)
		for _, id := range ids {
			seen[id]++
		}
	}
	if len(seen) != n {
		t.Errorf("%d traces in the quarters, want %d", len(seen), n)
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s is in %d quarters", id, times)
		}
	}
	for _, rate := range []float64{0.1, 0.5, 0.9} {
		q := whole
		q.FixedRate = rate
		q.Limit = 10
		kept, processed, _ := pages(t, e, q)
		if got := float64(len(kept)) / n; got < rate-0.15 || got > rate+0.15 || processed != n {
			t.Errorf("FixedRate %v keeps %v of the traces, processed %d", rate, got, processed)
		}
		again, _, _ := pages(t, e, q)
		if d := cmp.Diff(kept, again); d != "" {
			t.Errorf("FixedRate %v keeps others the second time:\n%s", rate, d)
		}
	}
}

// TestRangesAreExact holds each range type against its definition, over random
// stories.
func TestRangesAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := storetest.NewModel()
		var traces []*radiograph.Trace
		for _, story := range rapid.SliceOfN(storetest.Stories(), 1, 5).Draw(t, "stories") {
			for _, doc := range story.Tell(t) {
				decoded, err := trace.Decode(doc)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.Put(context.Background(), tenant, []*radiograph.Record{{Trace: story.ID, Root: decoded[0].Root}}, false); err != nil {
					t.Fatal(err)
				}
			}
			tr, _ := store.Trace(context.Background(), tenant, story.ID)
			traces = append(traces, tr)
		}
		from := at(time.Duration(rapid.IntRange(-10, 700).Draw(t, "from")) * time.Second)
		to := from.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "length")) * time.Second)
		within := func(at radiograph.Timestamp) bool { return from <= at && at < to }
		for rt, in := range map[radiograph.TimeRangeType]func(*radiograph.Trace) bool{
			radiograph.ByTraceID: func(tr *radiograph.Trace) bool { return within(trace.Summarize(tr).IndexTime) },
			radiograph.ByEvent: func(tr *radiograph.Trace) bool {
				s := trace.Summarize(tr)
				return s.Start < to && s.End >= from
			},
			radiograph.ByService: func(tr *radiograph.Trace) bool {
				for _, n := range tr.Segments {
					if !n.InProgress && within(n.End) {
						return true
					}
				}
				return false
			},
		} {
			want := make(map[radiograph.TraceID]bool)
			for _, tr := range traces {
				if in(tr) {
					want[tr.ID] = true
				}
			}
			got := make(map[radiograph.TraceID]bool)
			page, err := open(store).Summaries(context.Background(), tenant, radiograph.SummaryQuery{From: from, To: to, RangeType: rt})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page.Summaries {
				got[s.ID] = true
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Fatalf("range type %d (-want +got):\n%s", rt, d)
			}
		}
	})
}

// TestGraphIsTheSumOfTraces holds the two graphs against each other.
func TestGraphIsTheSumOfTraces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := storetest.NewModel()
		var ids []radiograph.TraceID
		for _, story := range rapid.SliceOfN(storetest.Stories(), 1, 4).Draw(t, "stories") {
			ids = append(ids, story.ID)
			for _, doc := range story.Plain() {
				decoded, err := trace.Decode(doc)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.Put(context.Background(), tenant, []*radiograph.Record{{Trace: story.ID, Root: decoded[0].Root}}, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		e := open(store)
		byTime, err := e.ServiceGraph(context.Background(), tenant, at(-10*time.Minute), at(50*time.Minute)) // fine histograms
		if err != nil {
			t.Fatal(err)
		}
		byID, err := e.TraceGraph(context.Background(), tenant, append(ids, ids[0], radiograph.TraceID{9}))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(byTime.Services, byID.Services); d != "" {
			t.Fatalf("(-service graph +trace graph):\n%s", d)
		}
	})
}

func TestBadQuestions(t *testing.T) {
	e := open(storetest.NewModel())
	ask := func(q radiograph.SummaryQuery) error {
		_, err := e.Summaries(t.Context(), tenant, q)
		return err
	}
	_, graphErr := e.ServiceGraph(t.Context(), tenant, at(time.Second), at(0))
	_, _, timelineErr := e.Timeline(t.Context(), tenant, radiograph.TraceID{1})
	for _, test := range []struct {
		name string
		err  error
		want radiograph.Kind
	}{
		{"reversed range", ask(radiograph.SummaryQuery{From: at(1), To: at(0)}), radiograph.KindInvalid},
		{"range too long", ask(radiograph.SummaryQuery{From: at(0), To: at(maxWindow + 1)}), radiograph.KindInvalid},
		{"garbage token", ask(radiograph.SummaryQuery{From: at(0), To: at(1), Token: "garbage!"}), radiograph.KindInvalid},
		{"short token", ask(radiograph.SummaryQuery{From: at(0), To: at(1), Token: "AAAA"}), radiograph.KindInvalid},
		{"reversed graph", graphErr, radiograph.KindInvalid},
		{"timeline of nothing", timelineErr, radiograph.KindNotFound},
	} {
		if test.err == nil || radiograph.ErrorKind(test.err) != test.want {
			t.Errorf("%s: %v, want an error of kind %s", test.name, test.err, test.want)
		}
	}
	if page, err := e.Summaries(t.Context(), tenant, radiograph.SummaryQuery{From: at(0), To: at(0)}); err != nil || len(page.Summaries) != 0 {
		t.Errorf("an empty range: %v, %v", page, err)
	}
}

// broken is a store whose every answer fails.
type broken struct{ radiograph.TraceStore }

var errBroken = errors.New("broken")

func (broken) Trace(context.Context, radiograph.Tenant, radiograph.TraceID) (*radiograph.Trace, error) {
	return nil, errBroken
}

func (broken) Summaries(context.Context, radiograph.Tenant, radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) { yield(nil, errBroken) }
}

func (broken) Contributions(context.Context, radiograph.Tenant, radiograph.SumsQuery) iter.Seq2[*radiograph.Contribution, error] {
	return func(yield func(*radiograph.Contribution, error) bool) { yield(nil, errBroken) }
}

func (broken) Linked(context.Context, radiograph.Tenant, radiograph.LinkQuery) iter.Seq2[*radiograph.Trace, error] {
	return func(yield func(*radiograph.Trace, error) bool) { yield(nil, errBroken) }
}

func TestStoreErrorsComeThrough(t *testing.T) {
	e := open(broken{})
	ids := []radiograph.TraceID{{1}}
	_, _, tracesErr := e.Traces(t.Context(), tenant, ids)
	_, summariesErr := e.Summaries(t.Context(), tenant, radiograph.SummaryQuery{From: at(0), To: at(1)})
	_, serviceErr := e.ServiceGraph(t.Context(), tenant, at(0), at(1))
	_, traceErr := e.TraceGraph(t.Context(), tenant, ids)
	_, _, timelineErr := e.Timeline(t.Context(), tenant, ids[0])
	for i, err := range []error{tracesErr, summariesErr, serviceErr, traceErr, timelineErr} {
		if !errors.Is(err, errBroken) {
			t.Errorf("question %d: %v, want the store's error", i, err)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := open(storetest.NewModel()).Traces(ended, tenant, ids); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller left: %v", err)
	}
}

func TestTracesAnswerEachIDOnce(t *testing.T) {
	store := storetest.NewModel()
	a, doc := segment(0)
	put(t, store, doc)
	b, doc := segment(1)
	put(t, store, doc)
	e := open(store)
	found, missing, err := e.Traces(t.Context(), tenant, []radiograph.TraceID{b, {7}, a, b, {7}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || found[0].ID != b || found[1].ID != a || len(missing) != 1 || missing[0] != (radiograph.TraceID{7}) {
		t.Errorf("found %d, missing %v", len(found), missing)
	}
	if d := e.Duration(found[0]); d != radiograph.Timestamp(time.Second) {
		t.Errorf("duration = %d, want a second", d)
	}
	if docs := e.Documents(found[0]); len(docs) != 1 || docs[0].ID != (radiograph.SegmentID{7: 2}) {
		t.Errorf("documents = %v", docs)
	}
}

// flood is a store with more traces than one page may look at.
type flood struct {
	radiograph.TraceStore
	n int
}

func (f flood) Summaries(_ context.Context, _ radiograph.Tenant, q radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) {
		for i := range f.n {
			id := radiograph.TraceID{12: byte(i >> 24), 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
			if !yield(&radiograph.Summary{ID: id, IndexTime: q.From}, nil) {
				return
			}
		}
	}
}

func (f flood) CountSummaries(_ context.Context, _ radiograph.Tenant, q radiograph.SummaryQuery, last *radiograph.Position) (int64, error) {
	number := func(p radiograph.Position) int64 { return int64(binary.BigEndian.Uint32(p.ID[12:])) + 1 }
	n := int64(f.n)
	if last != nil {
		n = number(*last)
	}
	if q.Token != "" {
		token, err := radiograph.ParsePosition(q.Token)
		if err != nil {
			return 0, err
		}
		n -= number(token)
	}
	return n, nil
}

// TestPageEndsBeforeItLooksForever wants a page that finds next to nothing to
// end early with a token, and the next to go on from there.
func TestPageEndsBeforeItLooksForever(t *testing.T) {
	const extra = 5
	e := open(flood{n: maxScan + extra})
	q := radiograph.SummaryQuery{From: at(0), To: at(1), FixedRate: 1e-12}
	endsEarly(t, e, q, maxScan, extra)
}

// endsEarly wants a first page that finds nothing, has processed so many traces
// and carries a token, and a second, last one with the extra.
func endsEarly(t *testing.T, e *Engine, q radiograph.SummaryQuery, processed, extra int64) {
	t.Helper()
	first, err := e.Summaries(t.Context(), tenant, q)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Summaries) != 0 || first.Token == "" || first.TracesProcessed != processed {
		t.Fatalf("%d traces, token %q, %d processed", len(first.Summaries), first.Token, first.TracesProcessed)
	}
	q.Token = first.Token
	second, err := e.Summaries(t.Context(), tenant, q)
	if err != nil {
		t.Fatal(err)
	}
	if second.Token != "" || second.TracesProcessed != extra {
		t.Errorf("second page: token %q, %d processed, want %d", second.Token, second.TracesProcessed, extra)
	}
}
