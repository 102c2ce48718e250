package testserver_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"radiograph"
	"radiograph/testserver"
)

// parallelStarts is how many servers run at once in the default run;
// RADIOGRAPH_PARALLEL_STARTS asks for more.
const parallelStarts = 16

// call sends one X-Ray request and returns the answer's body.
func call(t testing.TB, srv *testserver.Server, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.Endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/xray/aws4_request, SignedHeaders=host, Signature=0",
		srv.Tenant.Account, srv.Tenant.Region))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s %v", path, resp.Status, answer, err)
	}
	return string(answer)
}

// put stores one segment and returns its trace's id.
func put(t testing.TB, srv *testserver.Server, name string) string {
	t.Helper()
	now := radiograph.TimestampOf(time.Now())
	id := radiograph.NewTraceID(time.Now()).String()
	document, err := json.Marshal(map[string]any{"name": name, "id": radiograph.NewSegmentID(), "trace_id": id, "start_time": now, "end_time": now})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"TraceSegmentDocuments": []string{string(document)}})
	if err != nil {
		t.Fatal(err)
	}
	call(t, srv, "/TraceSegments", string(body))
	return id
}

func get(t testing.TB, srv *testserver.Server, id string) string {
	t.Helper()
	return call(t, srv, "/Traces", `{"TraceIds":["`+id+`"]}`)
}

// starts is parallelStarts, or what the environment asks for.
func starts() int {
	if n, err := strconv.Atoi(os.Getenv("RADIOGRAPH_PARALLEL_STARTS")); err == nil {
		return n
	}
	return parallelStarts
}

// TestMain lets all the servers run at once, however few processors there are.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", strconv.Itoa(starts())); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// Many servers at once do not disturb each other.
func TestStartInParallel(t *testing.T) {
	n := starts()
	var started sync.WaitGroup
	started.Add(n)
	for i := range n {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			here := sync.OnceFunc(started.Done)
			defer here() // also when Start fails
			srv := testserver.Start(t)
			here()
			started.Wait()
			name := fmt.Sprintf("service-%d", i)
			id := put(t, srv, name)
			if got := get(t, srv, id); !strings.Contains(got, name) {
				t.Errorf("got %s", got)
			}
			now := time.Now().Unix()
			summaries := call(t, srv, "/TraceSummaries", fmt.Sprintf(`{"StartTime":%d,"EndTime":%d}`, now-60, now+60))
			if n := strings.Count(summaries, `"EntryPoint"`); n != 1 {
				t.Errorf("%d traces, want its own: %s", n, summaries)
			}
		})
	}
}

func TestWithDir(t *testing.T) {
	dir := t.TempDir()
	first := testserver.Start(t, testserver.WithDir(dir))
	id := put(t, first, "kept")
	first.Close(t)
	second := testserver.Start(t, testserver.WithDir(dir))
	if got := get(t, second, id); !strings.Contains(got, "kept") {
		t.Errorf("after the restart: %s", got)
	}
}

func TestWithTenant(t *testing.T) {
	srv := testserver.Start(t, testserver.WithAccount("123456789012"), testserver.WithRegion("eu-west-1"))
	resp, err := http.Get(srv.Endpoint + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var h struct{ Account, Region, Daemon string }
	var b bytes.Buffer
	if err := json.NewDecoder(io.TeeReader(resp.Body, &b)).Decode(&h); err != nil {
		t.Fatal(err)
	}
	if h.Account != "123456789012" || h.Region != "eu-west-1" || h.Daemon != srv.Daemon {
		t.Errorf("got %s", &b)
	}
}
