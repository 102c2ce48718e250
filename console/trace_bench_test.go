package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"radiograph"
	"radiograph/console"
	"radiograph/query"
	"radiograph/storetest"
)

// loaded answers with a trace that is already merged and laid out, so that the
// benchmark is of the page alone.
type loaded struct {
	*query.Engine
	timeline *radiograph.Timeline
	trace    *radiograph.Trace
	graph    *radiograph.ServiceGraph
}

func (l *loaded) Timeline(context.Context, radiograph.Tenant, radiograph.TraceID) (*radiograph.Timeline, *radiograph.Trace, error) {
	return l.timeline, l.trace, nil
}

func (l *loaded) TraceGraph(context.Context, radiograph.Tenant, []radiograph.TraceID) (*radiograph.ServiceGraph, error) {
	return l.graph, nil
}

func BenchmarkTracePage(b *testing.B) {
	for _, rows := range []int{20, 5000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			now := time.Now()
			id := radiograph.NewTraceID(now)
			begin := radiograph.TimestampOf(now)
			l := &loaded{
				Engine: query.New(storetest.NewModel(), time.Now), graph: &radiograph.ServiceGraph{}, trace: &radiograph.Trace{ID: id},
				timeline: &radiograph.Timeline{ID: id, Start: begin, End: begin.Add(time.Second)},
			}
			for i := range rows {
				l.timeline.Rows = append(l.timeline.Rows, radiograph.TimelineRow{
					ID: radiograph.NewSegmentID(), Depth: i % 6, Segment: i%6 == 0, Name: fmt.Sprintf("step %d", i), Type: "remote", Status: "OK", HTTPStatus: 200,
					Start: begin.Add(time.Duration(i) * 100 * time.Microsecond), End: begin.Add(time.Duration(i)*100*time.Microsecond + time.Millisecond),
				})
			}
			f := newFixture(now)
			h := console.New(console.Config{Engine: l, Functions: f.functions, Roles: f.roles, Tenant: tenant, Clock: time.Now})
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				r := httptest.NewRequest(http.MethodGet, "/traces/"+id.String(), nil)
				r.Host = "localhost"
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "step 1") {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
