package server

import (
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"radiograph"
)

// scrape reads MetricsPath as Prometheus does: samples by name and labels.
// Histograms are their _count.
func scrape(t *testing.T, s *Server) (map[string]float64, map[string]*dto.MetricFamily) {
	t.Helper()
	page := get(t, s, MetricsPath)
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatalf("%v in\n%s", err, page)
	}
	samples := make(map[string]float64)
	for name, family := range families {
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			key := name
			if len(labels) > 0 {
				key += "{" + strings.Join(labels, ",") + "}"
			}
			switch {
			case m.Counter != nil:
				samples[key] = m.Counter.GetValue()
			case m.Gauge != nil:
				samples[key] = m.Gauge.GetValue()
			case m.Histogram != nil:
				samples[key+" count"] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	return samples, families
}

func TestMetricsMove(t *testing.T) {
	var clock movingClock
	limits := radiograph.LocalLimits()
	limits.SegmentsPerSecond = 10
	s, err := Start(t.Context(), Config{Dir: t.TempDir(), Limits: &limits, Version: `v1 "beta"`, Clock: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before, _ := scrape(t, s)
	do := func(path string, in any, want int) {
		t.Helper()
		if status, exception, body := post(t, s, path, in); status != want {
			t.Fatalf("%s: %d %s %s, want %d", path, status, exception, body, want)
		}
	}
	do("/CreateGroup", map[string]any{"GroupName": "shop", "FilterExpression": `service("shop")`}, 200)
	do("/TraceSegments", segments(1, 6), 200)
	docs := segments(7, 8)
	docs["TraceSegmentDocuments"] = append(docs["TraceSegmentDocuments"], "{}", "{}")
	do("/TraceSegments", docs, 200)
	do("/TraceSegments", segments(9, 10), 429)
	do("/Traces", map[string]any{"TraceIds": []string{traceID(1), traceID(2)}}, 200)
	do("/GetGroup", map[string]any{"GroupName": "nosuch"}, 400)
	clock.add(time.Second)
	conn, err := net.Dial("udp", s.Daemon())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, datagram := range []string{"{\"format\":\"json\",\"version\":1}\n" + segments(20, 20)["TraceSegmentDocuments"][0], "no header", "{\"format\":\"json\",\"version\":1}\n{}"} {
		if _, err := fmt.Fprint(conn, datagram); err != nil {
			t.Fatal(err)
		}
	}
	moved := func() map[string]float64 {
		after, _ := scrape(t, s)
		diff := make(map[string]float64)
		for key, value := range after {
			// What the machine decides is not looked at.
			if d := value - before[key]; d != 0 && !strings.HasPrefix(key, "radiograph_store_") && key != "radiograph_goroutines" {
				diff[key] = d
			}
		}
		return diff
	}
	tenant := "{account=000000000000,region=us-east-1"
	want := map[string]float64{
		`radiograph_request_duration_seconds{service=xray,operation=CreateGroup} count`:                         1,
		`radiograph_request_duration_seconds{service=xray,operation=PutTraceSegments} count`:                    3,
		`radiograph_request_duration_seconds{service=xray,operation=BatchGetTraces} count`:                      1,
		`radiograph_request_duration_seconds{service=xray,operation=GetGroup} count`:                            1,
		`radiograph_request_errors_total{service=xray,operation=PutTraceSegments,exception=ThrottledException}`: 1,
		`radiograph_request_errors_total{service=xray,operation=GetGroup,exception=InvalidRequestException}`:    1,
		`radiograph_documents_accepted_total{door=api}`:                                                         9,
		`radiograph_documents_rejected_total{reason=MissingId}`:                                                 3,
		`radiograph_documents_throttled_total{door=api}`:                                                        2,
		`radiograph_daemon_datagrams_total`:                                                                     3,
		`radiograph_daemon_malformed_total`:                                                                     1,
		`radiograph_daemon_documents_sent_total`:                                                                2,
		`radiograph_daemon_documents_rejected_total`:                                                            1,
		`radiograph_group_traces_total` + tenant + `,group=shop}`:                                               9,
		`radiograph_usage_traces` + tenant + `,dimension=recorded}`:                                             9,
		`radiograph_usage_traces` + tenant + `,dimension=retrieved}`:                                            11,
	}
	// The daemon answers nothing: its counts are there when they are there.
	deadline, tick := time.After(10*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for got := moved(); ; got = moved() {
		d := cmp.Diff(want, got)
		if d == "" {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("moved (-want +got):\n%s", d)
		}
	}
	after, families := scrape(t, s)
	if after[`radiograph_info{version=v1 "beta"}`] != 1 || after["radiograph_store_open_traces{form=merged}"]+after["radiograph_store_open_traces{form=parked}"] != 9 || after["radiograph_store_wal_written_bytes_total"] <= before["radiograph_store_wal_written_bytes_total"] {
		t.Errorf("samples: %v", after)
	}
	unit := regexp.MustCompile(`_(bytes|seconds|documents|traces|total|environments|waiting|queued|due|tables|amplification|running|refused|goroutines|info|traces_last_minute|kept)$`)
	for name, f := range families {
		if !strings.HasPrefix(name, "radiograph_") || f.GetHelp() == "" || !unit.MatchString(name) {
			t.Errorf("%s: %q", name, f.GetHelp())
		}
		if (f.GetType() == dto.MetricType_COUNTER) != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, f.GetType())
		}
	}
}

// Each of the server's own addresses takes its own methods only.
func TestMethodsOfOwnAddresses(t *testing.T) {
	s, err := Start(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, path := range []string{HealthPath, UsagePath, MetricsPath} {
		resp, err := http.Post(s.Endpoint()+path, "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d", path, resp.StatusCode)
		}
	}
	resp, err := http.Get(s.Endpoint() + BackupPath)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
		t.Errorf("GET %s: %d", BackupPath, resp.StatusCode)
	}
}
