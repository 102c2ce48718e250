package console_test

import (
	"strings"
	"testing"
	"time"
)

func TestMap(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	page := open(t, f, "/map")
	says(t, page, "Lambda Context", "Lambda Function", "DynamoDB Table", "S3 Bucket", "Client",
		"checkout AWS::Lambda::Function: 8 requests", "upload-page → thumbnail: 1 calls", "Type unknown", "▲ 100 % Error", "✕ 100 % Fault")
	nodes, edges := strings.Count(page, `class="node`), strings.Count(page, `<g class="edge`)
	if nodes != 14 || edges != 11 {
		t.Errorf("%d nodes and %d edges", nodes, edges)
	}
	if n := strings.Count(page, `class="dashes"`); n != 1 {
		t.Errorf("%d nodes of unknown type are dashed, want 1", n)
	}
	for _, class := range []string{"ok", "error", "fault", "throttle"} {
		if !strings.Contains(page, `class="ring s-`+class+`"`) {
			t.Errorf("no ring shows %s", class)
		}
	}
}

func TestMapNodePanel(t *testing.T) {
	f := newFixture(time.Now())
	f.everything()
	page := open(t, f, "/map?node=checkout&type=AWS%3A%3ALambda%3A%3AFunction&range=15m")
	says(t, page, "8 requests 0.53 per minute", "OK 7 88 %", "Error 1 12 %", "Median", "99 % within 718 ms",
		"orders-2026 DynamoDB Table 1 240 ms 100 %", "receipts S3 Bucket 8")
	if len(links(page, "/functions/checkout")) != 1 {
		t.Error("the panel does not lead to the function")
	}
	traces := links(page, `/traces\?[^"]*service=checkout[^"]*`)
	if len(traces) != 2 {
		t.Fatalf("links to traces: %v", traces)
	}
	says(t, open(t, f, traces[0]), "service checkout", "8 kept")
	failing := open(t, f, traces[1])
	says(t, failing, "1 kept")
	client := open(t, f, "/map?node=checkout&type=client")
	says(t, client, "checkout Client", "9 requests")
}

func TestMapOfTimeRange(t *testing.T) {
	f := newFixture(time.Now())
	f.put(2*time.Hour, `{"trace_id":"$T","id":"0000000000000001","name":"long-ago","start_time":@0,"end_time":@1}`)
	if strings.Contains(open(t, f, "/map"), "long-ago") {
		t.Error("the last hour shows what was two hours ago")
	}
	says(t, open(t, f, "/map?range=3h"), "long-ago")
}
