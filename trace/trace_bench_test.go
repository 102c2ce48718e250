package trace

import (
	"fmt"
	"strings"
	"testing"

	"radiograph"
)

// benchDocument is a segment as an SDK sends it, with n calls and some metadata.
func benchDocument(n, calls int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":"%016x","trace_id":"1-69a42a40-000000000000000000000001","name":"shop","start_time":1772366400.123456,"end_time":1772366401.654321,"origin":"AWS::ECS::Container",
"http":{"request":{"method":"POST","url":"https://shop.test/basket/checkout","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","client_ip":"10.0.0.9"},"response":{"status":200,"content_length":1234}},
"aws":{"xray":{"sdk":"X-Ray for Python","sdk_version":"2.15.0","sampling_rule_name":"Default"},"ecs":{"container":"shop-1"}},"service":{"version":"1.2.3","runtime":"CPython","runtime_version":"3.12.1"},
"annotations":{"customer":"c-%d","items":3,"beta":true},"metadata":{"default":{"note":"%s"}},"subsegments":[`, n*100+1, n, strings.Repeat("some text that nobody indexes ", 8))
	for i := range calls {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"%016x","name":"DynamoDB","start_time":1772366400.2%d,"end_time":1772366400.3%d,"in_progress":false,"namespace":"aws","http":{"response":{"status":200,"content_length":2}},
"aws":{"operation":"PutItem","table_name":"orders-%d","region":"eu-west-1","request_id":"7A1BC8F0D9E2","retries":0,"resource_names":["orders"]}}`, n*100+i+2, i, i, i)
	}
	b.WriteString("]}")
	return b.String()
}

func BenchmarkDecode(b *testing.B) {
	for _, calls := range []int{0, 3, 20} {
		doc := []byte(benchDocument(1, calls))
		b.Run(fmt.Sprintf("calls=%d/size=%d", calls, len(doc)), func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(doc); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(calls+1)/b.Elapsed().Seconds(), "entities/s")
		})
	}
}

// benchRecords are the documents of a trace of n segments.
func benchRecords(b *testing.B, n int) []*radiograph.Record {
	var recs []*radiograph.Record
	for i := range n {
		decoded, err := Decode([]byte(benchDocument(i, 3)))
		if err != nil {
			b.Fatal(err)
		}
		recs = append(recs, &radiograph.Record{Trace: decoded[0].Trace, Sequence: uint64(i + 1), Root: decoded[0].Root})
	}
	return recs
}

func BenchmarkMerge(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("segments=%d", n), func(b *testing.B) {
			recs := benchRecords(b, n)
			b.ReportAllocs()
			for b.Loop() {
				Merge(recs[0].Trace, recs)
			}
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "segments/s")
		})
	}
}

func BenchmarkDerive(b *testing.B) {
	recs := benchRecords(b, 10)
	t := Merge(recs[0].Trace, recs)
	for _, bench := range []struct {
		name string
		run  func()
	}{
		{"Summarize", func() { Summarize(t) }},
		{"Contributions", func() { Contributions(t) }},
		{"Document", func() { Document(t, t.Root) }},
		{"Lay", func() { Lay(t) }},
	} {
		b.Run(bench.name+"/segments=10", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bench.run()
			}
		})
	}
}
