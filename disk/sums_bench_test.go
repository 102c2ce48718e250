package disk

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"radiograph"
	"radiograph/storetest"
	"radiograph/trace"
)

// shop makes what a trace of a shop with some services contributes: a stage of an
// API, a function's two segments, two calls to a table and, in a third, one to a
// host outside.
type shop struct {
	rng      *rand.Rand
	services int
}

func (g *shop) observe(start radiograph.Timestamp) []trace.Observation {
	var out []trace.Observation
	request := func(from, to radiograph.ServiceID, root bool, median float64) {
		micros := int64(median * math.Exp(g.rng.NormFloat64()*0.8))
		node := trace.Observation{
			ContributionKey: radiograph.ContributionKey{Minute: minuteOf(start), Node: to}, Root: root,
			Start: start, End: start + radiograph.Timestamp(micros)*1000,
			Statistics: radiograph.Statistics{OK: 1, TotalMicros: micros},
			Duration:   radiograph.Bucket(micros + 800), ResponseTime: radiograph.Bucket(micros),
		}
		if g.rng.IntN(30) == 0 {
			node.OK, node.Fault = 0, 1
		}
		edge := node
		edge.Node, edge.Edge, edge.Root, edge.ResponseTime = from, to, false, -1
		out = append(out, edge, node)
	}
	f := g.rng.IntN(g.services)
	name := fmt.Sprintf("function-%d", f)
	stage := radiograph.ServiceID{Name: fmt.Sprintf("api-%d/prod", f/2), Type: "AWS::ApiGateway::Stage"}
	service := radiograph.ServiceID{Name: name, Type: "AWS::Lambda", Account: "000000000000"}
	function := radiograph.ServiceID{Name: name, Type: "AWS::Lambda::Function", Account: "000000000000"}
	request(radiograph.ServiceID{Name: stage.Name, Type: "client"}, stage, true, 90_000)
	request(stage, service, false, 80_000)
	request(service, function, false, 70_000)
	for i := range 2 {
		request(function, radiograph.ServiceID{Name: fmt.Sprintf("table-%d", (f+i)%g.services), Type: "AWS::DynamoDB::Table"}, false, 9_000)
	}
	if g.rng.IntN(3) == 0 {
		request(function, radiograph.ServiceID{Name: fmt.Sprintf("host-%d.example.test", f%5), Type: "remote"}, false, 30_000)
	}
	return out
}

// fill adds the sums of traces, evenly over a time, to the store.
func (g *shop) fill(b *testing.B, s *Store, traces int, start radiograph.Timestamp, over time.Duration) {
	n, err := s.tenants.number(s.db, home1)
	if err != nil {
		b.Fatal(err)
	}
	const batch = 100
	for i := 0; i < traces; i += batch {
		d := differences{}
		for j := range batch {
			d.replace(n, everyTrace, nil, g.observe(start+radiograph.Timestamp(int64(over)/int64(traces)*int64(i+j))))
		}
		if s.pending.add(appendDifferencesKey(nil, uint64(i)), d) {
			if err := s.foldSums(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkServiceGraph sums the service graph of six hours with a million
// traces, from whole hours and from the middle of minutes.
func BenchmarkServiceGraph(b *testing.B) {
	const traces = 1_000_000
	for _, services := range []int{4, 40} {
		s := open(b, Options{Dir: b.TempDir()})
		g := &shop{rand.New(rand.NewPCG(1, 2)), services}
		start := radiograph.TimestampOf(storetest.Epoch)
		g.fill(b, s, traces*9/6, start, 9*time.Hour)
		if err := s.db.Flush(); err != nil {
			b.Fatal(err)
		}
		b.Logf("services=%d: %d MB on disk", services, s.db.Metrics().DiskSpaceUsage()>>20)
		for _, offset := range []time.Duration{0, 17 * time.Minute} {
			from := start.Add(time.Hour + offset)
			to := from.Add(6 * time.Hour)
			b.Run(fmt.Sprintf("traces=1M/window=6h/services=%d/offset=%v", services, offset), func(b *testing.B) {
				b.ReportAllocs()
				before := cpuTime(b)
				for b.Loop() {
					var cs []*radiograph.Contribution
					for c, err := range s.Contributions(context.Background(), home1, radiograph.SumsQuery{From: from, To: to, Total: true}) {
						if err != nil {
							b.Fatal(err)
						}
						cs = append(cs, c)
					}
					graph := trace.Graph(slices.Values(cs), from, to)
					var requests int64
					edges, bars := 0, 0
					for _, n := range graph.Services {
						edges += len(n.Edges)
						bars += len(n.DurationHistogram) + len(n.ResponseHistogram)
						for _, e := range n.Edges {
							bars += len(e.Histogram)
						}
						if n.Root {
							requests += n.Statistics.Total()
						}
					}
					if requests < traces*99/100 || requests > traces*101/100 {
						b.Fatalf("%d requests, want %d", requests, traces)
					}
					b.ReportMetric(float64(len(graph.Services)+edges), "nodes+edges")
					b.ReportMetric(float64(bars), "bars")
				}
				b.ReportMetric((cpuTime(b)-before).Seconds()*1000/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

// cpuTime is what the process has used: a fairer figure than the clock where
// other programs run.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
