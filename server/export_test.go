package server

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/disk"
	"radiograph/trace"
)

// stock fills a data folder with what only the order, the door or the stamp of
// documents tells apart.
func stock(t *testing.T, dir string) {
	t.Helper()
	store, err := disk.Open(disk.Options{Dir: dir, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	put := func(door radiograph.Door, stamp radiograph.Stamp, docs ...string) {
		t.Helper()
		var recs []*radiograph.Record
		for _, doc := range docs {
			decoded, err := trace.Decode([]byte(doc))
			if err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
			for _, d := range decoded {
				recs = append(recs, &radiograph.Record{Trace: d.Trace, Door: door, Stamp: stamp, Received: radiograph.TimestampOf(now), Root: d.Root})
			}
		}
		if _, err := store.Put(t.Context(), radiograph.Tenant{Account: radiograph.DefaultAccount, Region: radiograph.DefaultRegion}, recs, true); err != nil {
			t.Fatal(err)
		}
	}
	doc := func(n int, id, more string) string {
		return fmt.Sprintf(`{"trace_id":%q,"id":%q,"name":"shop","start_time":%d%s}`, traceID(n), id, now.Unix(), more)
	}
	ended := func(more string) string { return fmt.Sprintf(`,"end_time":%d%s`, now.Unix()+1, more) }
	none := radiograph.Stamp{}
	// Of two complete versions the later one holds.
	put(radiograph.DoorAPI, none, doc(1, "00000000000000a1", `,"in_progress":true`), doc(1, "00000000000000a1", ended(`,"user":"first"`)))
	put(radiograph.DoorAPI, none, doc(1, "00000000000000a1", ended(`,"user":"second"`)))
	// A subsegment of an array need not say that it is one.
	put(radiograph.DoorAPI, none, "["+doc(1, "00000000000000b1", ended(`,"parent_id":"00000000000000a1","namespace":"remote"`))+"]")
	// What Lambda wrote, other doors do not change.
	put(radiograph.DoorAPI, none, doc(2, "00000000000000a2", ended(`,"fault":true`)))
	put(radiograph.DoorLambda, none, doc(2, "00000000000000a2", ended(`,"origin":"AWS::Lambda","subsegments":[{"id":"00000000000000c2","name":"Invocation","start_time":`+fmt.Sprint(now.Unix())+`,"end_time":`+fmt.Sprint(now.Unix()+1)+`}]`)))
	// A stamp places what names the parent of an earlier invocation.
	id, err := radiograph.ParseTraceID(traceID(2))
	if err != nil {
		t.Fatal(err)
	}
	invocation, err := radiograph.ParseSegmentID("00000000000000c2")
	if err != nil {
		t.Fatal(err)
	}
	put(radiograph.DoorEnvironment, radiograph.Stamp{Trace: id, Invocation: invocation}, doc(2, "00000000000000d2", ended(`,"type":"subsegment","parent_id":"00000000000000ee","metadata":{"x":{"html":"<&>"}}`)))
	// Not UTF-8, but within what is only kept.
	put(radiograph.DoorOTLP, none, doc(3, "00000000000000a3", ended(",\"metadata\":{\"x\":{\"y\":\"\xff\"}}")))
	// Over the limit of a trace.
	for n := range 12 {
		put(radiograph.DoorAPI, none, doc(4, fmt.Sprintf("%016x", 0x400+n), ended(`,"metadata":{"x":{"y":"`+strings.Repeat("z", 60_000)+`"}}`)))
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestExportAndImport(t *testing.T) {
	dir := t.TempDir()
	stock(t, filepath.Join(dir, "data"))
	start := func(data string) *Server {
		t.Helper()
		s, err := Start(t.Context(), Config{Dir: data, Clock: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	answers := func(s *Server) map[string]string {
		t.Helper()
		within := map[string]any{"StartTime": now.Unix() - 60, "EndTime": now.Unix() + 60}
		out := make(map[string]string)
		for path, in := range map[string]any{
			"/Traces":         map[string]any{"TraceIds": []string{traceID(1), traceID(2), traceID(3), traceID(4)}},
			"/TraceSummaries": within, "/ServiceGraph": within, "/TimeSeriesServiceStatistics": within,
		} {
			status, _, body := post(t, s, path, in)
			if status != http.StatusOK {
				t.Fatalf("%s: %d %s", path, status, body)
			}
			out[path] = body
		}
		return out
	}
	from, to := start(filepath.Join(dir, "data")), start("")
	lines := get(t, from, ExportPath)
	if n := strings.Count(lines, "\n"); n != 20 {
		t.Errorf("%d documents exported, want all 20", n)
	}
	send := func(lines string) (int, string) {
		t.Helper()
		resp, err := http.Post(to.Endpoint()+ImportPath, "application/x-ndjson", strings.NewReader(lines))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, readAll(t, resp.Body)
	}
	if status, body := send(lines); status != http.StatusOK || !strings.Contains(body, `{"documents":20,"rejected":0}`) {
		t.Fatalf("import: %d %s", status, body)
	}
	want := answers(from)
	if !strings.Contains(want["/Traces"], "second") || !strings.Contains(want["/Traces"], `"LimitExceeded":true`) {
		t.Fatalf("the fixture is not what it should be: %.2000s", want["/Traces"])
	}
	if d := cmp.Diff(want, answers(to)); d != "" {
		t.Errorf("answers after the round trip (-want +got):\n%s", d)
	}
	if again := get(t, to, ExportPath); again != lines {
		t.Error("an export of what was imported is another")
	}
	if status, body := send(lines); status != http.StatusOK || !strings.Contains(body, `"documents":20`) {
		t.Errorf("import again: %d %s", status, body)
	}
	if d := cmp.Diff(want, answers(to)); d != "" {
		t.Errorf("answers after another import (-want +got):\n%s", d)
	}

	first, _, _ := strings.Cut(lines, "\n")
	for name, test := range map[string]struct {
		lines  string
		status int
		want   string
	}{
		"nothing":          {"", http.StatusOK, `{"documents":0,"rejected":0}`},
		"refused":          {`{"door":"api","document":"{}"}`, http.StatusOK, `"rejected":1,"reasons":[" Invalid segment. ErrorCode: MissingId"]`},
		"no door":          {first + "\n" + `{"door":"cat","document":"{}"}`, http.StatusBadRequest, "document 2"},
		"no JSON":          {"documents", http.StatusBadRequest, "document 1"},
		"half a line":      {first[:len(first)/2], http.StatusBadRequest, "document 1"},
		"a stamp of chaff": {`{"door":"api","stamp_trace":"x","document":"{}"}`, http.StatusBadRequest, "document 1"},
	} {
		if status, body := send(test.lines); status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if got := get(t, from, ExportPath+"?region=eu-west-1"); got != "" {
		t.Errorf("another region has documents: %.100s", got)
	}
}
