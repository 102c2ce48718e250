package interop

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	rg "radiograph"
)

const (
	// benchDataVar names a folder that the stored traces of the benchmarks are kept
	// in from run to run; without it each run stores them anew.
	benchDataVar  = "RADIOGRAPH_BENCH_DATA"
	benchTraces   = 200_000
	benchSpread   = 6 * time.Hour
	benchServices = 30
)

// stored is a data folder of benchTraces traces.
type stored struct {
	Dir      string
	From, To time.Time
	IDs      []string // some of the traces, of all times
}

// benchStored is filled when first asked for.
var benchStored stored

// storeTraces stores the traces through the API of a server of its own, unless an
// earlier run has.
func storeTraces(b *testing.B) *stored {
	b.Helper()
	d := &benchStored
	if d.IDs != nil {
		return d
	}
	dir := os.Getenv(benchDataVar)
	if dir == "" {
		dir = filepath.Join(filepath.Dir(radiograph), "bench-data") // goes with the binary
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	index := filepath.Join(dir, "traces.json")
	if text, err := os.ReadFile(index); err == nil {
		if err := json.Unmarshal(text, d); err != nil {
			b.Fatal(err)
		}
		return d
	}
	d.Dir = filepath.Join(dir, "data")
	d.To = time.Now().Add(-time.Minute).Truncate(time.Second)
	d.From = d.To.Add(-benchSpread)
	s := start(b, "--data", d.Dir)
	r := rand.New(rand.NewPCG(1, 2))
	const perRequest = 25
	for n := 0; n < benchTraces; n += perRequest {
		var docs []string
		for i := range perRequest {
			at := d.From.Add(time.Duration(n+i) * benchSpread / benchTraces)
			id := rg.NewTraceID(at).String()
			if (n+i)%(benchTraces/2000) == 0 {
				d.IDs = append(d.IDs, id)
			}
			docs = append(docs, benchTrace(r, id, at, n+i)...)
		}
		var out struct{ UnprocessedTraceSegments []any }
		ask(b, s, "/TraceSegments", map[string]any{"TraceSegmentDocuments": docs}, &out)
		if len(out.UnprocessedTraceSegments) > 0 {
			b.Fatal(out.UnprocessedTraceSegments[0])
		}
	}
	s.stop(b)
	text, err := json.Marshal(d)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(index, text, 0o600); err != nil {
		b.Fatal(err)
	}
	return d
}

// benchTrace is a trace of one of benchServices services that calls another and a
// table: 2 documents with 4 segments and subsegments. 3 % fail, 5 % are slow.
func benchTrace(r *rand.Rand, id string, at time.Time, n int) []string {
	start := float64(at.UnixMicro()) / 1e6
	took := 0.02 + r.Float64()*0.2
	if r.IntN(20) == 0 {
		took += 2
	}
	status, cause := 200, ""
	switch r.IntN(100) {
	case 0, 1, 2:
		status = 500
		cause = `,"fault":true,"cause":{"exceptions":[{"id":"00000000000000aa","type":"Timeout","message":"the table did not answer"}]}`
	case 3, 4, 5, 6:
		status = 404
	}
	from, to := r.IntN(benchServices), r.IntN(benchServices)
	common := func(shift float64) string {
		return fmt.Sprintf(`"start_time":%.6f,"end_time":%.6f`, start+shift*took, start+took-shift*took)
	}
	return []string{
		fmt.Sprintf(`{"trace_id":%q,"id":"0000000000000001","name":"service-%d","origin":"AWS::ECS::Container",%s,"user":"user-%d","annotations":{"order":"o-%d","plan":%q,"items":%d},`+
			`"http":{"request":{"method":"GET","url":"https://shop.test/api/%d/items/%d","client_ip":"203.0.113.7"},"response":{"status":%d}}%s,"aws":{"ec2":{"availability_zone":"eu-west-1%c"}},`+
			`"subsegments":[{"id":"0000000000000002","name":"service-%d","namespace":"remote",%s,"http":{"response":{"status":%d}}}]}`,
			id, from, common(0), r.IntN(5000), n, []string{"free", "pro"}[r.IntN(2)], r.IntN(20), from, r.IntN(1000), status, cause, 'a'+rune(r.IntN(3)), to, common(0.01), status),
		fmt.Sprintf(`{"trace_id":%q,"id":"0000000000000003","parent_id":"0000000000000002","name":"service-%d","origin":"AWS::ECS::Container",%s,"http":{"response":{"status":%d}}%s,`+
			`"subsegments":[{"id":"0000000000000004","name":"DynamoDB","namespace":"aws",%s,"aws":{"operation":"GetItem","table_name":"table-%d"},"http":{"response":{"status":200}}}]}`,
			id, to, common(0.02), status, cause, common(0.1), to%10),
	}
}

// openStored starts a server on the stored traces, when it has nothing left to do
// in the background.
func openStored(b *testing.B) (*server, *stored) {
	b.Helper()
	d := storeTraces(b)
	s := start(b, "--data", d.Dir)
	// The store seals traces that were quiet for 15 s, after a start as well.
	const wait, little = time.Second, 20 * time.Millisecond
	for quiet, used := 0, cpuTime(b, s.PID); quiet < 20; {
		<-time.After(wait)
		now := cpuTime(b, s.PID)
		if quiet++; now-used > little {
			quiet = 0
		}
		used = now
	}
	return s, d
}

// ask calls an X-Ray operation and decodes its answer.
func ask(b *testing.B, s *server, path string, in map[string]any, out any) {
	b.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		b.Fatal(err)
	}
	a := s.call(b, "000000000000", "xray", "POST", path, nil, body)
	if a.Status != http.StatusOK {
		b.Fatalf("%s: %d %s", path, a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		b.Fatal(err)
	}
}

// report tells how long the questions took, and what the server used of its CPU
// since used for each: the fairer figure on a machine that has other work.
func report(b *testing.B, s *server, took []time.Duration, used time.Duration) {
	quantiles(b, took)
	b.ReportMetric(float64(cpuTime(b, s.PID)-used)/1e6/float64(len(took)), "cpu-ms")
}

// BenchmarkGetTraceSummaries asks for the traces of six hours of 200,000 that pass
// a filter: the first page, and all pages.
func BenchmarkGetTraceSummaries(b *testing.B) {
	s, d := openStored(b)
	for _, filter := range []struct{ name, text string }{
		{"none", ""},
		{"fault", `fault AND responsetime > 2`},
		{"url", `http.url CONTAINS "/api/7/items/99"`},
		{"annotation", `annotation.order = "o-123456"`},
		{"service", `service("service-7") { fault }`},
		{"edge", `edge("service-3", "service-4") { error }`},
	} {
		for _, pages := range []string{"first", "all"} {
			if filter.text == "" && pages == "all" {
				continue // 2,000 pages of everything
			}
			b.Run("filter="+filter.name+"/pages="+pages, func(b *testing.B) {
				var took []time.Duration
				found, used := 0, cpuTime(b, s.PID)
				for b.Loop() {
					began := time.Now()
					in := map[string]any{"StartTime": d.From.Unix(), "EndTime": d.To.Unix() + 1, "FilterExpression": filter.text}
					found = 0
					for {
						var out struct {
							TraceSummaries []struct{}
							NextToken      string
						}
						ask(b, s, "/TraceSummaries", in, &out)
						found += len(out.TraceSummaries)
						if in["NextToken"] = out.NextToken; pages == "first" || out.NextToken == "" {
							break
						}
					}
					took = append(took, time.Since(began))
				}
				report(b, s, took, used)
				b.ReportMetric(float64(found), "traces")
			})
		}
	}
}

// BenchmarkGetServiceGraph asks for the graph of 30 services and 10 tables.
func BenchmarkGetServiceGraph(b *testing.B) {
	s, d := openStored(b)
	for _, window := range []time.Duration{5 * time.Minute, time.Hour, benchSpread} {
		b.Run("window="+strings.TrimSuffix(window.String(), "0s"), func(b *testing.B) {
			var took []time.Duration
			used := cpuTime(b, s.PID)
			for b.Loop() {
				began := time.Now()
				var out struct{ Services []struct{} }
				ask(b, s, "/ServiceGraph", map[string]any{"StartTime": d.To.Add(-window).Unix(), "EndTime": d.To.Unix()}, &out)
				took = append(took, time.Since(began))
				if len(out.Services) < benchServices {
					b.Fatalf("%d services", len(out.Services))
				}
			}
			report(b, s, took, used)
		})
	}
}

// BenchmarkBatchGetTraces asks for five traces of all times.
func BenchmarkBatchGetTraces(b *testing.B) {
	s, d := openStored(b)
	r := rand.New(rand.NewPCG(3, 4))
	var took []time.Duration
	used := cpuTime(b, s.PID)
	for b.Loop() {
		ids := make([]string, 5)
		for i := range ids {
			ids[i] = d.IDs[r.IntN(len(d.IDs))]
		}
		began := time.Now()
		var out struct {
			Traces []struct{ Segments []struct{} }
		}
		ask(b, s, "/Traces", map[string]any{"TraceIds": ids}, &out)
		took = append(took, time.Since(began))
		if len(out.Traces) == 0 || len(out.Traces[0].Segments) != 3 { // with the table's
			b.Fatalf("%d traces", len(out.Traces))
		}
	}
	report(b, s, took, used)
}
