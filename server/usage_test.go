package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/meter"
)

// now is the time of the servers of these tests.
var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// post calls an X-Ray operation, unsigned, and returns status, exception and
// body.
func post(t *testing.T, s *Server, path string, in any) (int, string, string) {
	t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(s.Endpoint()+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("X-Amzn-Errortype"), string(answer)
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// get reads one of the server's own addresses.
func get(t *testing.T, s *Server, path string) string {
	t.Helper()
	resp, err := http.Get(s.Endpoint() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d, %v: %s", path, resp.StatusCode, err, b)
	}
	return string(b)
}

func traceID(n int) string { return fmt.Sprintf("1-%08x-%024x", now.Unix(), n) }

// segments are documents, one of each trace.
func segments(from, to int) map[string][]string {
	var docs []string
	for n := from; n <= to; n++ {
		docs = append(docs, fmt.Sprintf(`{"trace_id":%q,"id":"%016x","name":"shop","start_time":%d,"end_time":%d}`, traceID(n), n, now.Unix(), now.Unix()+1))
	}
	return map[string][]string{"TraceSegmentDocuments": docs}
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	start := func() *Server {
		t.Helper()
		s, err := Start(t.Context(), Config{
			Dir: dir, Clock: func() time.Time { return now },
			Prices: &meter.Prices{Recorded: meter.Price{Free: 2, PerMillion: 1e6}, Read: meter.Price{Free: 100}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start()
	do := func(path string, in any) {
		t.Helper()
		if status, exception, body := post(t, s, path, in); status != http.StatusOK {
			t.Fatalf("%s: %d %s %s", path, status, exception, body)
		}
	}
	do("/TraceSegments", segments(1, 3))
	do("/TraceSegments", segments(1, 3)) // nothing new
	// From here on all traces are looked at for insights, twice those of a group.
	on := map[string]any{"InsightsEnabled": true}
	do("/UpdateGroup", map[string]any{"GroupName": "Default", "InsightsConfiguration": on})
	do("/CreateGroup", map[string]any{"GroupName": "shop", "FilterExpression": `service("shop")`, "InsightsConfiguration": on})
	do("/TraceSegments", segments(4, 5))
	ids := map[string]any{"TraceIds": []string{traceID(1), traceID(2), traceID(99)}}
	do("/Traces", ids)
	do("/TraceGraph", ids)
	within := map[string]any{"StartTime": now.Add(-time.Hour).Unix(), "EndTime": now.Add(time.Hour).Unix()}
	do("/StartTraceRetrieval", map[string]any{"TraceIds": []string{traceID(1)}, "StartTime": within["StartTime"], "EndTime": within["EndTime"]})
	do("/TraceSummaries", within)
	within["FilterExpression"] = "fault" // none, but all are looked at
	do("/TraceSummaries", within)

	want := meter.Report{Account: radiograph.DefaultAccount, Months: []meter.Month{{
		Month:   "2026-11",
		Regions: []meter.Region{{Region: radiograph.DefaultRegion, Counts: meter.Counts{Recorded: 5, Retrieved: 7, Scanned: 10, Insights: 4}}},
		Bill: []meter.Line{
			{What: "Traces recorded", Traces: 5, Free: 2, Billed: 3, USD: 3},
			{What: "Traces retrieved or scanned", Traces: 17, Free: 100, FreeLeft: 83},
			{What: "Traces processed for insights", Traces: 4, Billed: 4},
		},
		USD: 3,
	}}}
	check := func(when string) {
		t.Helper()
		var got Usage
		if err := json.Unmarshal([]byte(get(t, s, UsagePath)), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got.Report); d != "" {
			t.Errorf("%s (-want +got):\n%s", when, d)
		}
		if d := cmp.Diff(radiograph.LocalLimits().List(), got.Limits); d != "" {
			t.Errorf("limits (-want +got):\n%s", d)
		}
	}
	check("before a restart")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start()
	defer s.Close()
	check("after a restart")
	if got := get(t, s, UsagePath+"?account=999999999999"); !strings.Contains(got, `"account":"999999999999"`) || !strings.Contains(got, `"regions":[]`) {
		t.Errorf("another account: %s", got)
	}
}

// movingClock begins at now. Rooms read it while a test moves it.
type movingClock struct{ later atomic.Int64 }

func (c *movingClock) now() time.Time { return now.Add(time.Duration(c.later.Load())) }

func (c *movingClock) add(d time.Duration) { c.later.Add(int64(d)) }

// AWS's limits, as a client meets them over HTTP.
func TestLimitsOfAWS(t *testing.T) {
	var clock movingClock
	limits := radiograph.AWSLimits()
	limits.SegmentsPerSecond, limits.SamplingRules = 10, 1
	s, err := Start(t.Context(), Config{Limits: &limits, Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	status, exception, body := post(t, s, "/TraceSegments", segments(1, 10))
	if status != http.StatusOK || !strings.Contains(body, `"UnprocessedTraceSegments":[]`) {
		t.Fatalf("a burst: %d %s %s", status, exception, body)
	}
	if status, exception, body = post(t, s, "/TraceSegments", segments(11, 12)); status != http.StatusTooManyRequests || exception != "ThrottledException" || !strings.Contains(body, "Rate exceeded") {
		t.Errorf("beyond the rate: %d %s %s", status, exception, body)
	}
	clock.add(time.Second)
	if status, _, _ = post(t, s, "/TraceSegments", segments(11, 12)); status != http.StatusOK {
		t.Errorf("a second later: %d", status)
	}
	old := map[string][]string{"TraceSegmentDocuments": {fmt.Sprintf(`{"trace_id":%q,"id":"00000000000000aa","name":"shop","start_time":1,"end_time":2}`, traceID(7))}}
	if status, _, body = post(t, s, "/TraceSegments", old); status != http.StatusOK || !strings.Contains(body, `{"Id":"00000000000000aa","ErrorCode":"InvalidTraceId","Message":"Invalid segment. ErrorCode: InvalidTraceId"}`) {
		t.Errorf("an old segment: %d %s", status, body)
	}
	rule := func(name string) map[string]any {
		return map[string]any{"SamplingRule": map[string]any{
			"RuleName": name, "ResourceARN": "*", "Priority": 1, "FixedRate": 0.1, "ReservoirSize": 1, "ServiceName": "*",
			"ServiceType": "*", "Host": "*", "HTTPMethod": "*", "URLPath": "*", "Version": 1,
		}}
	}
	if status, _, body = post(t, s, "/CreateSamplingRule", rule("a")); status != http.StatusOK {
		t.Fatalf("a rule: %d %s", status, body)
	}
	if status, exception, _ = post(t, s, "/CreateSamplingRule", rule("b")); status != http.StatusBadRequest || exception != "RuleLimitExceededException" {
		t.Errorf("a rule too many: %d %s", status, exception)
	}
}
