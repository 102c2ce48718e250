package console_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// rowsOf are a timeline's rows: depth, name and type, status, code, duration.
func rowsOf(page string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?s)<div class="row[^"]*" role="row" aria-level="(\d+)"(.*?)</div>`).FindAllStringSubmatch(page, -1) {
		text := words(regexp.MustCompile(`(?s)<svg.*?</svg>`).ReplaceAllString("<x "+m[2], ""))
		out = append(out, m[1]+" "+text)
	}
	return out
}

func TestTracePageShowsTheTwoSegments(t *testing.T) {
	f := newFixture(time.Now())
	id := f.coldCall(time.Minute)
	page := open(t, f, "/traces/"+id.String())
	want := []string{
		"1 checkout AWS::Lambda ▲ Error 200 1.24 s",
		"2 checkout AWS::Lambda::Function ▲ Error 718 ms ResourceNotFoundException: Requested resource not found: table orders-2026",
		"3 Initialization ● OK 404 ms",
		"3 Invocation ▲ Error 681 ms",
		"4 S3 aws ● OK 200 160 ms",
		"5 S3 AWS::S3::Bucket ● OK 200 160 ms",
		"4 ## price ● OK 215 ms",
		"5 prices.internal remote ● OK 200 190 ms",
		"6 prices.internal remote ● OK 200 190 ms",
		"5 shop@db.internal remote ● OK 17 ms",
		"6 shop@db.internal Database::SQL ● OK 17 ms",
		"4 DynamoDB aws ▲ Error 400 240 ms ResourceNotFoundException: Requested resource not found: table orders-2026",
		"5 DynamoDB AWS::DynamoDB::Table ▲ Error 400 240 ms",
		"3 Overhead ● OK 36.4 ms",
	}
	if diff := cmp.Diff(want, rowsOf(page)); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
	says(t, page, id.String(), id.W3C(), "Outcome ▲ Error", "State Complete", "Duration 1.24 s", "Lambda Context", "Lambda Function", "DynamoDB Table", "Client")
}

func TestTracePageShowsAttempts(t *testing.T) {
	f := newFixture(time.Now())
	page := open(t, f, "/traces/"+f.retried(time.Minute).String())
	want := []string{
		"1 upload-page unknown ● OK 202 50 ms",
		"2 Lambda aws ● OK 202 44 ms",
		"3 thumbnail AWS::Lambda ● OK 202 15 ms",
		"4 Dwell Time ● OK 200 ms",
		"4 Attempt #1 ▲ Error 200 181 ms",
		"5 thumbnail AWS::Lambda::Function ▲ Error 170 ms ValueError: image has no pixels",
		"6 Invocation ▲ Error 159 ms",
		"6 Overhead ● OK 8.9 ms",
		"4 Attempt #2 ● OK 200 189 ms",
		"5 thumbnail AWS::Lambda::Function ● OK 180 ms",
		"6 Invocation ● OK 169 ms",
		"6 Overhead ● OK 8.9 ms",
	}
	if diff := cmp.Diff(want, rowsOf(page)); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
	says(t, page, "Outcome ● OK Inside ▲ 3 Error", "begins at 602 ms, takes 189 ms, after a wait of 200 ms")
	if n := strings.Count(page, `class="hatched"`); n != 1 {
		t.Errorf("%d dwell bars, want 1", n)
	}
}

func TestTracePageInProgress(t *testing.T) {
	f := newFixture(time.Now())
	page := open(t, f, "/traces/"+f.running(time.Minute).String())
	says(t, page, "State In progress", "Refresh")
	if got := rowsOf(page)[0]; got != "1 report unknown ◌ In progress –" {
		t.Errorf("the root's row is %q", got)
	}
	if n := strings.Count(page, `class="barline open"`); n != 2 {
		t.Errorf("%d open bars, want 2", n)
	}
	alone := f.put(time.Minute, `{"trace_id":"$T","id":"0000000000000001","parent_id":"0000000000000002","type":"subsegment","name":"orphan","start_time":@0,"end_time":@1}`)
	says(t, open(t, f, "/traces/"+alone.String()), "Incomplete: the segment these subsegments belong to has not come", "orphan")
}

func TestSegmentPanel(t *testing.T) {
	f := newFixture(time.Now())
	page := "/traces/" + f.coldCall(time.Minute).String()
	tests := []struct {
		segment, tab string
		want         []string
	}{
		{"a1", "", []string{"checkout AWS::Lambda", "Segment id 00000000000000a1", "Duration 1.24 s", "Written by Lambda", "Response Status code 200", "Exceptions Raw"}},
		{"a1", "resources", []string{"resource_arn arn:aws:lambda:us-east-1:000000000000:function:checkout", "request_id 5b1f9e0c"}},
		{"a2", "resources", []string{"cloudwatch_logs[0].log_group /aws/lambda/checkout", "resource_names[0] checkout"}},
		{"a2", "exceptions", []string{"Requested resource not found: table orders-2026", "handler app.py:41", "_make_api_call /var/lang/lib/botocore/client.py:1023", "7 more frames were left out", "Working directory /var/task"}},
		{"a4", "overview", []string{"Parent 00000000000000a2"}},
		{"a7", "annotations", []string{"cart_size 3 number", "customer c-1042 string", "express true boolean"}},
		{"a7", "metadata", []string{"debug { \"cache\": \"miss\" }", "\"price\": 12.5"}},
		{"a8", "overview", []string{"Method GET", "URL http://prices.internal/v2/quote?cart=1042", "Content length 812 B", "Namespace remote"}},
		{"b8", "sql", []string{"sanitized_query SELECT * FROM customers WHERE id = ?", "database_type PostgreSQL"}},
		{"a9", "raw", []string{`"table_name": "orders-2026"`, `"retries": 2`}},
		{"a2", "raw", []string{`"name": "Invocation"`, `"name": "DynamoDB"`}}, // subsegments folded in
		{"a5", "exceptions", []string{"No exceptions."}},
	}
	for _, tt := range tests {
		t.Run(tt.segment+" "+tt.tab, func(t *testing.T) {
			target := page + "?segment=00000000000000" + tt.segment + "&tab=" + tt.tab
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Host = "localhost"
			r.Header.Set("X-Fragment", "panel")
			w := httptest.NewRecorder()
			f.ServeHTTP(w, r)
			part := w.Body.String()
			says(t, part, tt.want...)
			if strings.Contains(part, "<html") {
				t.Error("the fragment is a whole page")
			}
			whole := open(t, f, target) // and without script
			if !strings.Contains(whole, part) {
				t.Error("the whole page does not hold the same panel")
			}
			if !strings.Contains(whole, `selected" role="row"`) {
				t.Error("the row is not marked")
			}
		})
	}
	for target, want := range map[string]int{"?segment=00000000000000ff": http.StatusNotFound, "?segment=x": http.StatusBadRequest} {
		if w := browse(t, f, http.MethodGet, page+target, nil); w.Code != want {
			t.Errorf("%s: %d, want %d", target, w.Code, want)
		}
	}
}

func TestRawTrace(t *testing.T) {
	f := newFixture(time.Now())
	id := f.coldCall(time.Minute)
	w := browse(t, f, http.MethodGet, "/traces/"+id.String()+"/trace.json", nil)
	var got struct {
		ID       string `json:"Id"`
		Duration float64
		Segments []struct {
			ID       string `json:"Id"`
			Document struct {
				ID       string `json:"id"`
				Inferred bool   `json:"inferred"`
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	inferred := 0
	for _, s := range got.Segments {
		if s.ID != s.Document.ID {
			t.Errorf("segment %s holds the document of %s", s.ID, s.Document.ID)
		}
		if s.Document.Inferred {
			inferred++
		}
	}
	if got.ID != id.String() || got.Duration != 1.24 || len(got.Segments) != 6 || inferred != 4 {
		t.Errorf("id %s, duration %v, %d segments, %d inferred", got.ID, got.Duration, len(got.Segments), inferred)
	}
	shown := words(open(t, f, "/traces/"+id.String()+"?view=raw"))
	if want := strings.Join(strings.Fields(w.Body.String()), " "); !strings.Contains(shown, want) {
		t.Errorf("the raw view does not show it:\n%s", shown)
	}
}
