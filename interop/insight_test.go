package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// outage stores an hour of a shop whose stock failed from 20 to 12 minutes ago, by
// the public API.
func (s *server) outage(t *testing.T, account string) {
	t.Helper()
	now := time.Now().Truncate(time.Minute)
	var documents []string
	put := func() {
		t.Helper()
		body, err := json.Marshal(map[string]any{"TraceSegmentDocuments": documents})
		if err != nil {
			t.Fatal(err)
		}
		a := s.call(t, account, "xray", "POST", "/TraceSegments", nil, body)
		var out struct{ UnprocessedTraceSegments []any }
		if err := json.Unmarshal(a.Body, &out); a.Status != http.StatusOK || err != nil || len(out.UnprocessedTraceSegments) > 0 {
			t.Fatalf("PutTraceSegments: %d %s", a.Status, a.Body)
		}
		documents = nil
	}
	for m := range 60 {
		for i := range 10 {
			at := now.Add(time.Duration(m-60)*time.Minute + time.Duration(i)*time.Second).Unix()
			times := fmt.Sprintf(`"start_time":%d,"end_time":%d.5,"fault":%t`, at, at, 40 <= m && m < 48 && i > 2)
			documents = append(documents, fmt.Sprintf(`{"trace_id":"1-%08x-%024x","id":"00000000000000e0","name":"shop","origin":"AWS::EC2::Instance",%s,"subsegments":[{"id":"00000000000000e1","name":"stock","namespace":"remote",%s}]}`, at, m*10+i, times, times))
		}
		put()
	}
}

// TestInsights has a person switch Default's search for insights on in a browser
// and look at what it finds, kills the program, and asks the next one for the same
// insight.
func TestInsights(t *testing.T) {
	t.Parallel()
	account := account(t.Name())
	args := []string{"--data", t.TempDir(), "--account", account, "--region", "eu-west-1"}
	s := start(t, args...)
	s.outage(t, account)
	b := openBrowser(t, s.Console)
	b.open("/")
	b.click(`a[href="/insights"]`)
	b.shows("No insights in the last 30 days", "No group looks for insights yet")
	b.look("insights-none")
	b.click(`form[action="/insights/groups/Default"] button`)
	b.shows("stock", "and 1 other with more faults than usual", "Active")
	b.look("insights")
	b.click(".insights a")
	b.shows("Faults of the root cause by minute", "56 of 80 requests failed with a fault at stock (remote)", "root cause", "Impact timeline")
	if n := eval[int](b, "document.querySelectorAll('.chart .above').length"); n != 8 {
		t.Errorf("%d minutes are drawn above the band, want 8", n)
	}
	b.look("insight")
	id := eval[string](b, "location.pathname.split('/')[2]")
	b.open("/xray/home?region=eu-west-1#/insights/" + id) // as Grafana links it
	b.until("location.pathname === '/insights/" + id + "'")

	insight := func(s *server) (out struct {
		Insight struct {
			Summary   string
			StartTime float64
		}
	},
	) {
		t.Helper()
		a := s.call(t, account, "xray", "POST", "/Insight", nil, fmt.Appendf(nil, `{"InsightId":%q}`, id))
		if err := json.Unmarshal(a.Body, &out); a.Status != http.StatusOK || err != nil {
			t.Fatalf("GetInsight: %d %s", a.Status, a.Body)
		}
		return out
	}
	before := insight(s)
	s.kill()
	if after := insight(start(t, args...)); after.Insight.StartTime != before.Insight.StartTime || after.Insight.Summary == "" {
		t.Errorf("after a restart %+v, before %+v", after, before)
	}
}
