package server

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A restored server answers what the one that was backed up did.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	clock := func() time.Time { return now }
	s, err := Start(t.Context(), Config{Dir: filepath.Join(dir, "data"), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	questions := map[string]any{
		"/Traces":           map[string]any{"TraceIds": []string{traceID(1), traceID(5), traceID(6)}},
		"/TraceSummaries":   map[string]any{"StartTime": now.Unix() - 60, "EndTime": now.Unix() + 60},
		"/ServiceGraph":     map[string]any{"StartTime": now.Unix() - 60, "EndTime": now.Unix() + 60},
		"/Groups":           map[string]any{},
		"/GetSamplingRules": map[string]any{},
	}
	answers := func(s *Server) map[string]string {
		t.Helper()
		out := make(map[string]string)
		for path, in := range questions {
			status, _, body := post(t, s, path, in)
			if status != http.StatusOK {
				t.Fatalf("%s: %d %s", path, status, body)
			}
			out[path] = body
		}
		return out
	}
	if status, _, body := post(t, s, "/CreateGroup", map[string]any{"GroupName": "shop", "FilterExpression": `service("shop")`}); status != http.StatusOK {
		t.Fatal(body)
	}
	if status, _, body := post(t, s, "/TraceSegments", segments(1, 5)); status != http.StatusOK {
		t.Fatal(body)
	}
	want := answers(s)
	backup := filepath.Join(dir, "backup")
	if status, _, body := post(t, s, BackupPath, BackupRequest{backup}); status != http.StatusOK || !strings.Contains(body, backup) {
		t.Fatalf("backup: %d %s", status, body)
	}
	// What comes later is not in it.
	if status, _, body := post(t, s, "/TraceSegments", segments(6, 6)); status != http.StatusOK {
		t.Fatal(body)
	}
	cfg := Config{Dir: filepath.Join(dir, "restored"), Clock: clock}
	if err := Restore(backup, cfg); err != nil {
		t.Fatal(err)
	}
	restored, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if d := cmp.Diff(want, answers(restored)); d != "" {
		t.Errorf("answers of the restored server (-want +got):\n%s", d)
	}

	for name, test := range map[string]struct {
		body   string
		header http.Header
		host   string
		status int
	}{
		"again":           {`{"directory":"` + backup + `"}`, nil, "", http.StatusConflict},
		"relative":        {`{"directory":"backup"}`, nil, "", http.StatusBadRequest},
		"no JSON":         {`directory`, nil, "", http.StatusBadRequest},
		"a page's script": {`{"directory":"` + backup + `2"}`, http.Header{"Origin": {"http://127.0.0.1"}}, "", http.StatusForbidden},
		"a page's form":   {`{"directory":"` + backup + `2"}`, http.Header{"Sec-Fetch-Site": {"none"}}, "", http.StatusForbidden},
		"rebound":         {`{"directory":"` + backup + `2"}`, nil, "evil.example", http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoint()+BackupPath, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range test.header {
			req.Header[k] = v
		}
		req.Host = test.host
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, test.status)
		}
	}
	if _, err := os.Stat(backup + "2"); err == nil {
		t.Error("a refused backup was written")
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:4566": true, "127.8.0.1": true, "[::1]:1": true, "localhost:1": true, "[::ffff:127.0.0.1]:1": true,
		"10.0.0.1:4566": false, "localhost.evil.example": false, "": false, "0.0.0.0:1": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("loopback(%q) = %v", address, got)
		}
	}
}
