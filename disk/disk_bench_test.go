package disk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"radiograph"
	"radiograph/storetest"
	"radiograph/trace"
)

// serverless generates traces like those of a small shop: an API, a function's
// two Lambda segments, calls to a table and to another service. A trace is three
// documents, eight or nine spans, some 3.8 kB, as in issue-sized loads.
type serverless struct{ rng *rand.Rand }

func newServerless(seed uint64) *serverless {
	return &serverless{rand.New(rand.NewPCG(seed, 5))}
}

var benchNames = []string{"orders", "payments", "catalog", "users", "search", "mailer", "stock", "prices"}

func (g *serverless) trace(start time.Time) [][]byte {
	id := radiograph.NewTraceID(start)
	for i := 4; i < len(id); i++ {
		id[i] = byte(g.rng.Uint32())
	}
	sid := func() string { return fmt.Sprintf("%016x", g.rng.Uint64()|1) }
	sec := func(ms int) string {
		return string(radiograph.TimestampOf(start.Add(time.Duration(ms)*time.Millisecond + time.Duration(g.rng.IntN(1e6)))).AppendSeconds(nil))
	}
	name := benchNames[g.rng.IntN(len(benchNames))]
	status := 200
	if g.rng.IntN(20) == 0 {
		status = 502
	}
	long := 20 + g.rng.IntN(400)
	api, call, service, function, invocation := sid(), sid(), sid(), sid(), sid()
	request := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", g.rng.Uint32(), g.rng.Uint32()&0xffff, g.rng.Uint32()&0xfff, g.rng.Uint32()&0xfff, g.rng.Uint64()&0xffffffffffff)
	arn := "arn:aws:lambda:us-east-1:000000000000:function:" + name
	doc1 := fmt.Sprintf(`{"name":"%s-api/prod","id":%q,"trace_id":%q,"start_time":%s,"end_time":%s,"origin":"AWS::ApiGateway::Stage","user":"user-%d","annotations":{"tenant":"t%d","cart":%d,"beta":%v},"http":{"request":{"method":"POST","url":"https://%s.example.test/v1/%s/%d","client_ip":"10.%d.%d.%d","user_agent":"Mozilla/5.0 (X11; Linux x86_64)"},"response":{"status":%d,"content_length":%d}},"aws":{"api_gateway":{"account_id":"000000000000","stage":"prod","rest_api_id":"a1b2c3"}},"subsegments":[{"name":"Lambda","id":%q,"start_time":%s,"end_time":%s,"namespace":"aws","http":{"request":{"method":"POST","url":"https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/%s/invocations"},"response":{"status":200}},"aws":{"function_name":%q,"region":"us-east-1","operation":"Invoke","request_id":%q}}]}`,
		name, api, id, sec(0), sec(long+9), g.rng.IntN(5000), g.rng.IntN(200), g.rng.IntN(20), g.rng.IntN(9) == 0, name, name, g.rng.IntN(100000), g.rng.IntN(256), g.rng.IntN(256), g.rng.IntN(256), status, g.rng.IntN(9000), call, sec(2), sec(long+8), arn, name, request)
	doc2 := fmt.Sprintf(`{"name":%q,"id":%q,"trace_id":%q,"parent_id":%q,"start_time":%s,"end_time":%s,"origin":"AWS::Lambda","resource_arn":%q,"http":{"response":{"status":200}},"aws":{"request_id":%q,"account_id":"000000000000"}}`,
		name, service, id, call, sec(3), sec(long+7), arn, request)
	fault := ""
	if status != 200 {
		fault = `,"fault":true,"cause":{"working_directory":"/var/task","exceptions":[{"id":"` + sid() + `","type":"ConnectionError","message":"connection reset by peer while talking to stock","stack":[{"path":"/var/task/app.py","line":41,"label":"handler"},{"path":"/var/task/stock.py","line":17,"label":"reserve"}]}]}`
	}
	doc3 := fmt.Sprintf(`{"name":%q,"id":%q,"trace_id":%q,"parent_id":%q,"start_time":%s,"end_time":%s,"origin":"AWS::Lambda::Function"%s,"aws":{"function_arn":%q,"request_id":%q,"account_id":"000000000000","resource_names":[%q]},"subsegments":[{"name":"Invocation","id":%q,"start_time":%s,"end_time":%s%s,"aws":{"function_arn":%q},"subsegments":[{"name":"DynamoDB","id":%q,"start_time":%s,"end_time":%s,"namespace":"aws","http":{"response":{"status":200}},"aws":{"operation":"PutItem","table_name":"%s-table","region":"us-east-1","request_id":%q,"resource_names":["%s-table"]}},{"name":"stock.example.test","id":%q,"start_time":%s,"end_time":%s,"namespace":"remote"%s,"http":{"request":{"method":"GET","url":"https://stock.example.test/items/%d"},"response":{"status":%d}}},{"name":"## handler","id":%q,"start_time":%s,"end_time":%s,"annotations":{"ColdStart":%v},"metadata":{"app":{"response":{"ok":true,"items":[%d,%d,%d]}}}}]},{"name":"Overhead","id":%q,"start_time":%s,"end_time":%s,"aws":{"function_arn":%q}}]}`,
		name, function, id, service, sec(4), sec(long+6), fault, arn, request, name, invocation, sec(5), sec(long+5), fault, arn,
		sid(), sec(6), sec(long/2), name, request, name, sid(), sec(long/2), sec(long+4), fault, g.rng.IntN(9999), status, sid(), sec(6), sec(long+4), g.rng.IntN(30) == 0, g.rng.IntN(99), g.rng.IntN(99), g.rng.IntN(99), sid(), sec(long+5), sec(long+6), arn)
	return [][]byte{[]byte(doc1), []byte(doc2), []byte(doc3)}
}

// load decodes n traces, one every interval, before the clock runs.
func (g *serverless) load(b *testing.B, n int, start time.Time, interval time.Duration) (recs []*radiograph.Record, bytes int) {
	for i := range n {
		docs := g.trace(start.Add(time.Duration(i) * interval))
		for _, d := range docs {
			bytes += len(d)
		}
		recs = append(recs, records(b, radiograph.DoorAPI, docs...)...)
	}
	return recs, bytes
}

// diskBytes is what the store's tables take after everything was flushed and
// compacted.
func diskBytes(b *testing.B, s *Store) int64 {
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := s.db.Compact(context.Background(), []byte{0}, []byte{0xff}, true); err != nil {
		b.Fatal(err)
	}
	n, err := s.db.EstimateDiskUsage([]byte{0}, []byte{0xff})
	if err != nil {
		b.Fatal(err)
	}
	return int64(n)
}

// BenchmarkPut stores decoded documents, each call one durable request on a real
// disk. Decoding is not in it.
func BenchmarkPut(b *testing.B) {
	for _, c := range []struct{ docs, writers int }{{1, 1}, {1, 16}, {50, 1}, {50, 4}} {
		b.Run(fmt.Sprintf("docs=%d/writers=%d", c.docs, c.writers), func(b *testing.B) {
			s := open(b, Options{Dir: b.TempDir()})
			g := newServerless(1)
			recs, bytes := g.load(b, 20_000, time.Now().Add(-time.Minute), time.Millisecond)
			calls := len(recs) / c.docs
			if b.N > calls {
				more, n := g.load(b, (b.N-calls)*c.docs/3+1, time.Now(), time.Millisecond)
				recs, bytes = append(recs, more...), bytes+n
			}
			b.SetBytes(int64(bytes / len(recs) * c.docs))
			b.ReportAllocs()
			b.SetParallelism((c.writers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			var next atomic.Int64
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(next.Add(1)-1) * c.docs
					if _, err := s.Put(context.Background(), home1, recs[i:i+c.docs], true); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.StopTimer()
			b.ReportMetric(float64(b.N*c.docs)/b.Elapsed().Seconds(), "segments/s")
			b.ReportMetric(float64(diskBytes(b, s))/float64(b.N*c.docs), "disk-B/segment")
		})
	}
}

// BenchmarkRepack packs again what came one document a request.
func BenchmarkRepack(b *testing.B) {
	recs, _ := newServerless(1).load(b, 5_000, time.Now().Add(-time.Minute), time.Millisecond)
	for b.Loop() {
		b.StopTimer()
		s := open(b, Options{Dir: b.TempDir()})
		for i := range recs {
			if _, err := s.Put(context.Background(), home1, recs[i:i+1], false); err != nil {
				b.Fatal(err)
			}
		}
		before := diskBytes(b, s)
		b.StartTimer()
		if err := repackOver(s); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(float64(before)/float64(len(recs)), "disk-B/segment-before")
		b.ReportMetric(float64(diskBytes(b, s))/float64(len(recs)), "disk-B/segment")
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N*len(recs))/b.Elapsed().Seconds(), "segments/s")
}

// BenchmarkTrace reads traces by id, written lately (open) or long ago (stored).
func BenchmarkTrace(b *testing.B) {
	for _, state := range []string{"open", "stored", "absent"} {
		b.Run("state="+state, func(b *testing.B) {
			o := Options{Dir: b.TempDir(), OpenTraceBytes: 1 << 30}
			if state == "stored" {
				o.OpenTraceBytes = 1
			}
			s := open(b, o)
			recs, _ := newServerless(1).load(b, 5_000, time.Now(), time.Millisecond)
			for batch := recs; len(batch) > 0; batch = batch[min(50, len(batch)):] {
				if _, err := s.Put(context.Background(), home1, batch[:min(50, len(batch))], false); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.db.Flush(); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i = (i + 7919) % len(recs)
				id := recs[i].Trace
				if state == "absent" {
					id[15]++
				}
				if tr, err := s.Trace(context.Background(), home1, id); err != nil || (tr == nil) != (state == "absent") {
					b.Fatal(tr, err)
				}
			}
		})
	}
}

// BenchmarkSummaries takes the first hundred of a window in the middle of the
// stored traces.
func BenchmarkSummaries(b *testing.B) {
	const traces = 50_000
	s := open(b, Options{Dir: b.TempDir()})
	g := newServerless(1)
	start := storetest.Epoch
	for i := 0; i < traces; i += 100 {
		recs, _ := g.load(b, 100, start.Add(time.Duration(i)*100*time.Millisecond), 100*time.Millisecond)
		if _, err := s.Put(context.Background(), home1, recs, false); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
	mid := radiograph.TimestampOf(start.Add(traces / 2 * 100 * time.Millisecond))
	for _, c := range []struct {
		name string
		rt   radiograph.TimeRangeType
	}{{"trace", radiograph.ByTraceID}, {"event", radiograph.ByEvent}, {"service", radiograph.ByService}} {
		for _, window := range []time.Duration{5 * time.Minute, time.Hour} {
			b.Run(fmt.Sprintf("traces=%dk/range=%s/window=%s", traces/1000, c.name, strings.TrimSuffix(window.String(), "0s")), func(b *testing.B) {
				q := radiograph.SummaryQuery{From: mid.Add(-window), To: mid, RangeType: c.rt}
				b.ReportAllocs()
				for b.Loop() {
					n := 0
					for _, err := range s.Summaries(context.Background(), home1, q) {
						if err != nil {
							b.Fatal(err)
						}
						if n++; n == 100 {
							break
						}
					}
					if n != 100 {
						b.Fatalf("%d summaries", n)
					}
				}
			})
		}
	}
	b.Run("contributions/window=1h", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, err := range s.Contributions(context.Background(), home1, radiograph.SumsQuery{Group: 0, From: mid.Add(-time.Hour), To: mid}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n), "rows")
		}
	})
}

// BenchmarkOpen is the start of a server: after a clean end, and after a crash
// that left a full log to replay.
func BenchmarkOpen(b *testing.B) {
	for _, state := range []string{"empty", "clean", "crashed"} {
		b.Run("state="+state, func(b *testing.B) {
			dir := b.TempDir()
			s, err := Open(Options{Dir: dir})
			if err != nil {
				b.Fatal(err)
			}
			if state != "empty" {
				recs, _ := newServerless(1).load(b, 12_000, time.Now(), time.Millisecond)
				for batch := recs; len(batch) > 0; batch = batch[min(50, len(batch)):] {
					if _, err := s.Put(context.Background(), home1, batch[:min(50, len(batch))], false); err != nil {
						b.Fatal(err)
					}
				}
			}
			if state == "crashed" {
				if err := s.sync(); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(s.db.Metrics().WAL.Size)/1e6, "log-MB")
			} else if err := s.Close(); err != nil {
				b.Fatal(err)
			}
			i := 0
			for b.Loop() {
				b.StopTimer()
				at := dir
				if state == "crashed" {
					i++
					at = filepath.Join(b.TempDir(), fmt.Sprint(i))
					copyFolder(b, dir, at)
				}
				b.StartTimer()
				again, err := Open(Options{Dir: at})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := again.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			if state == "crashed" {
				_ = s.Close()
			}
		})
	}
}

// BenchmarkOpenTrace is what keeping one trace open costs in memory, for the
// budget's estimate.
func BenchmarkOpenTrace(b *testing.B) {
	recs, _ := newServerless(1).load(b, 2000, time.Now(), time.Millisecond)
	groups := byTrace(recs)
	recs = nil
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		open := make([]*openTrace, len(groups))
		estimate := int64(0)
		for i, g := range groups {
			var again []*radiograph.Record
			for _, r := range g {
				decoded, err := trace.Decode(append([]byte(nil), r.Root.Body...))
				if err != nil {
					b.Fatal(err)
				}
				again = append(again, &radiograph.Record{Trace: r.Trace, Root: decoded[0].Root})
			}
			open[i] = (*openTrace)(nil).with(g[0].Trace, again, 0)
			estimate += open[i].memory()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(len(groups)), "heap-B/trace")
		b.ReportMetric(float64(estimate)/float64(len(groups)), "estimate-B/trace")
		runtime.KeepAlive(open)
	}
}
