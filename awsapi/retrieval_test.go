package awsapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"radiograph/awsapi"
)

// post asks X-Ray and reads the answer into out.
func post(t *testing.T, h http.Handler, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	w := ask(h, "POST", path, string(body), "Authorization", sign("AK", "xray"))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// TestRetrievedTracesPage reads many traces, one of them of more segments than
// one entry holds: each document comes once, in entries and pages of the sizes
// that the model permits.
func TestRetrievedTracesPage(t *testing.T) {
	server := awsapi.NewServer(awsapi.Config{Services: newHouse(t).services})
	var docs, ids []string
	want := make(map[string]int)
	for i := range 8 {
		id := fmt.Sprintf("1-66f0a1b2-%024x", i)
		ids = append(ids, id)
		segments := 1
		if i == 3 {
			segments = 250
		}
		for j := range segments {
			docs = append(docs, fmt.Sprintf(`{"name":"s","id":"%016x","trace_id":%q,"start_time":1726980530,"end_time":1726980531}`, 1+j, id))
			want[fmt.Sprintf("%s %016x", id, 1+j)]++
		}
	}
	post(t, server, "/TraceSegments", map[string]any{"TraceSegmentDocuments": docs}, new(struct{}))
	var started struct{ RetrievalToken string }
	post(t, server, "/StartTraceRetrieval", map[string]any{"TraceIds": ids, "StartTime": 1726980000, "EndTime": 1726981000}, &started)
	for _, format := range []string{"XRAY", "OTEL"} {
		got := make(map[string]int)
		in := map[string]any{"RetrievalToken": started.RetrievalToken, "TraceFormat": format}
		for pages := 1; ; pages++ {
			var page struct {
				RetrievalStatus, NextToken string
				Traces                     []struct {
					ID    string `json:"Id"`
					Spans []struct {
						ID       string `json:"Id"`
						Document string
					}
				}
			}
			post(t, server, "/ListRetrievedTraces", in, &page)
			if page.RetrievalStatus != "COMPLETE" || len(page.Traces) == 0 || len(page.Traces) > 5 {
				t.Fatalf("%s page %d: %s, %d traces", format, pages, page.RetrievalStatus, len(page.Traces))
			}
			for _, tr := range page.Traces {
				if len(tr.Spans) == 0 || len(tr.Spans) > 100 {
					t.Errorf("%s %s: %d spans", format, tr.ID, len(tr.Spans))
				}
				for _, s := range tr.Spans {
					got[tr.ID+" "+s.ID]++
					if !strings.Contains(s.Document, s.ID) {
						t.Errorf("%s: document of %s is %.200s", format, s.ID, s.Document)
					}
				}
			}
			if page.NextToken == "" {
				if pages != 2 {
					t.Errorf("%s: %d pages for 10 entries, want 2", format, pages)
				}
				break
			}
			in["NextToken"] = page.NextToken
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d documents, want %d", format, len(got), len(want))
		}
		for key := range want {
			if got[key] != 1 {
				t.Errorf("%s: %s came %d times", format, key, got[key])
			}
		}
	}
	// A range that the traces are not in finds none of them.
	post(t, server, "/StartTraceRetrieval", map[string]any{"TraceIds": ids, "StartTime": 1726980532, "EndTime": 1726981000}, &started)
	var page struct{ Traces []any }
	if post(t, server, "/ListRetrievedTraces", started, &page); len(page.Traces) != 0 {
		t.Errorf("%d traces of another time", len(page.Traces))
	}
}
