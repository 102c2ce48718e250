package filter_test

import (
	"testing"

	"radiograph"
	"radiograph/filter"
)

var benchmarks = []struct{ name, text string }{
	{"flag", `fault`},
	{"url", `http.url CONTAINS "/api/game/" AND responsetime > 2`},
	{"annotation", `annotation.gameid = "817DL6VO"`},
	{"service", `service("a") { fault AND http.status >= 500 }`},
	{"edge", `edge("a", "b") { error OR fault }`},
	{"rootcause", `rootcause.fault.exception { last AND message = "Access Denied" }`},
	{"long", `(ok OR error) !partial duration < 3 AND (http.url BEGINSWITH "http://a" OR user = "u7") AND !service(id(name: "cache", type: "AWS::ElastiCache")) AND annotation.age > 29`},
}

func BenchmarkParse(b *testing.B) {
	for _, q := range benchmarks {
		b.Run("filter="+q.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := filter.Parse(q.text, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEvaluate measures a verdict on a trace of two segments that is
// wanted by some of the filters, by the summary alone and by the whole view.
func BenchmarkEvaluate(b *testing.B) {
	v := view(b, [][]byte{
		[]byte(`{"trace_id":"1-00000001-000000000000000000000001","id":"0000000000000001","name":"a","start_time":1,"end_time":8,"fault":true,
 "annotations":{"gameid":"817DL6VO","age":30},"http":{"request":{"url":"http://a.t/api/game/7"},"response":{"status":500}},
 "subsegments":[{"id":"0000000000000002","name":"b","namespace":"remote","start_time":1.1,"end_time":7.9,"fault":true}]}`),
		[]byte(`{"trace_id":"1-00000001-000000000000000000000001","id":"0000000000000003","name":"b","start_time":1.2,"end_time":7.8,"parent_id":"0000000000000002","fault":true,
 "cause":{"exceptions":[{"id":"00000000000000e1","type":"Denied","message":"Access Denied"}]}}`),
	})
	for _, q := range benchmarks {
		e, err := filter.Parse(q.text, nil)
		if err != nil {
			b.Fatal(err)
		}
		for _, on := range []struct {
			name string
			view *radiograph.FilterView
		}{{"summary", summaryOnly(v)}, {"trace", v}} {
			b.Run("filter="+q.name+"/on="+on.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					e.Judge(on.view)
				}
			})
		}
	}
}
