package query

import (
	"fmt"
	"testing"
	"time"

	"radiograph"
	"radiograph/storetest"
)

func TestMatchedEvent(t *testing.T) {
	store := storetest.NewModel()
	id := radiograph.TraceID{1, 15: 1}
	epoch := storetest.Epoch.Unix()
	for i, times := range [][2]int64{{0, 100}, {10, 20}, {40, 50}} {
		parent := ""
		if i > 0 {
			parent = fmt.Sprintf(`"parent_id":"%016x",`, 1)
		}
		put(t, store, fmt.Appendf(nil, `{"id":"%016x","trace_id":%q,%s"name":"a","start_time":%d,"end_time":%d}`, i+1, id, parent, epoch+times[0], epoch+times[1]))
	}
	e := open(store)
	for to, want := range map[int]int{5: 0, 15: 10, 20: 20, 39: 20, 45: 40, 99: 50, 100: 100, 500: 100} {
		q := radiograph.SummaryQuery{From: at(0), To: at(time.Duration(to) * time.Second), RangeType: radiograph.ByEvent}
		page, err := e.Summaries(t.Context(), tenant, q)
		if err != nil || len(page.Summaries) != 1 {
			t.Fatalf("until %d s: %v, %v", to, page, err)
		}
		got, err := e.MatchedEvent(t.Context(), tenant, page.Summaries[0], q.To)
		if err != nil || got != at(time.Duration(want)*time.Second) {
			t.Errorf("until %d s: %v, %v; want %d s", to, got.Sub(at(0)), err, want)
		}
	}
	if _, err := open(broken{}).MatchedEvent(t.Context(), tenant, &radiograph.Summary{End: at(9)}, at(1)); err == nil {
		t.Error("the store's error is lost")
	}
}
