package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// outage stores an hour of a shop, whose stock fails from so long ago for some
// minutes.
func (f *fixture) outage(ago, took time.Duration) {
	f.now = f.now.Truncate(time.Minute)
	for m := ago + 30*time.Minute; m > 0; m -= time.Minute {
		for i := range 10 {
			end := `"end_time":@0.2`
			if m <= ago && m > ago-took && i%2 == 0 {
				end += `,"fault":true`
			}
			f.put(m-time.Duration(i)*time.Second, `{"trace_id":"$T","id":"00000000000000e0","name":"shop & sons","origin":"AWS::EC2::Instance","start_time":@0,`+end+`,"subsegments":[{"id":"00000000000000e1","name":"stock.internal","namespace":"remote","start_time":@0.01,`+end+`}]}`)
		}
	}
}

func TestInsights(t *testing.T) {
	f := newFixture(time.Now().Truncate(time.Minute))
	says(t, open(t, f, "/insights"), "No insights in the last 30 days", "No group looks for insights yet", "Default every trace 0 ○ No")
	if w := browse(t, f, http.MethodPost, "/insights/groups/Default", url.Values{"insights": {"on"}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/insights#groups" {
		t.Fatalf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	says(t, open(t, f, "/insights"), "◉ Yes")
	f.outage(20*time.Minute, 14*time.Minute)
	list := open(t, f, "/insights")
	says(t, list, "✕ Active stock.internal Remote and 1 other with more faults than usual Default 20 min ago", "70 50 %", "✕ 1")
	if page := open(t, f, "/insights?state=closed&group=Default"); strings.Contains(words(page), "stock.internal") {
		t.Errorf("an active one among the closed: %s", words(page))
	}
	pages := links(list, "/insights/[0-9a-f-]{36}")
	if len(pages) != 1 {
		t.Fatalf("links %v", pages)
	}
	page := open(t, f, pages[0])
	says(t, page, "✕ Active", "The insight is active. Since", "70 of 140 requests failed with a fault at stock.internal (remote)", "Of clients 70 140 50 %",
		"stock.internal Remote ✕ root cause", "shop & sons EC2 Instance", "are above what is usual", "after 3 m 0 s root cause 15 of 30", "after 7 m 0 s", "Whom it concerned")
	if n := strings.Count(page, `class="above"`); n != 14 {
		t.Errorf("%d minutes are drawn above the band, want 14", n)
	}
	if selected := regexp.MustCompile(`<g class="node selected">`).FindAllString(page, -1); len(selected) != 1 {
		t.Errorf("%d nodes are marked as the root cause", len(selected))
	}
	// What the page leads to is there.
	for _, to := range links(page, "/(?:traces|map|insights)[^\"]*") {
		open(t, f, to)
	}
	if failed := open(t, f, links(page, "/traces\\?[^\"]*")[0]); strings.Count(failed, `class="code id"`) != 70 {
		t.Errorf("%d failed traces", strings.Count(failed, `class="code id"`))
	}

	for target, want := range map[string]int{"/insights/12345678-1234-5234-8234-123456789012": 404, "/insights/x": 404, "/insights?group=none": 404} {
		if w := browse(t, f, http.MethodGet, target, nil); w.Code != want {
			t.Errorf("GET %s: %d, want %d", target, w.Code, want)
		}
	}
	if w := browse(t, f, http.MethodPost, "/insights/groups/none", url.Values{"insights": {"on"}}); w.Code != http.StatusBadRequest {
		t.Errorf("an unknown group: %d", w.Code)
	}
	browse(t, f, http.MethodPost, "/insights/groups/Default", url.Values{"insights": {"off"}})
	says(t, open(t, f, "/insights"), "Default every trace ✕ 1 ○ No")
	if f.logged.Len() > 0 {
		t.Errorf("the log has errors: %s", f.logged)
	}
}
