package group

import (
	"fmt"
	"testing"
	"time"

	"radiograph"
	"radiograph/storetest"
	"radiograph/trace"
)

// BenchmarkMatch judges a trace of three documents by 25 groups, whose expressions
// the summary decides, or only the whole trace.
func BenchmarkMatch(b *testing.B) {
	id := radiograph.NewTraceID(storetest.Epoch)
	var recs []*radiograph.Record
	for i := range 3 {
		start := float64(storetest.Epoch.Unix()) + float64(i)/100
		parent := ""
		if i > 0 {
			parent = fmt.Sprintf(`"parent_id":"%016x",`, i*10+1)
		}
		doc := fmt.Sprintf(`{"trace_id":%q,"id":"%016x",%s"name":"s%d","start_time":%f,"end_time":%f,"annotations":{"tenant":"t%d"},"http":{"request":{"url":"http://a/b"},"response":{"status":200}},
			"subsegments":[{"id":"%016x","name":"s%d","namespace":"remote","start_time":%f,"end_time":%f}]}`,
			id, i*10+10, parent, i, start, start+1, i, i*10+11, i+1, start, start+0.5)
		decoded, err := trace.Decode([]byte(doc))
		if err != nil {
			b.Fatal(err)
		}
		recs = append(recs, &radiograph.Record{Trace: id, Root: decoded[0].Root, Sequence: uint64(i + 1)})
	}
	tr := trace.Merge(id, recs)
	summary := trace.Summarize(tr)
	for _, test := range []struct{ by, expression string }{
		{"summary", `fault = true AND responsetime > %d AND annotation.tenant = "t%[1]d"`},
		{"annotation", `annotation.tenant = "t%d" AND http.status = 200`},
		{"whole", `service("s1") { responsetime > %d }`},
	} {
		b.Run("groups=25/by="+test.by, func(b *testing.B) {
			s := New(Config{State: storetest.NewState(), Clock: time.Now})
			for i := range 25 {
				if _, err := s.Create(b.Context(), tenant, radiograph.Group{Name: fmt.Sprint("g", i)}, fmt.Sprintf(test.expression, i)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, failed := trace.Groups(s.Matching(tenant), tr, summary, tenant.Account); len(failed) > 0 {
					b.Fatal("a group cannot judge")
				}
			}
		})
	}
}
