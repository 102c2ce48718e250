package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"radiograph/server"
)

// A doctor sees a server that is well, its folder when it has stopped, and what
// was done to that.
func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := up(t, "--data", dir)
	if err := deployDemo(t.Context(), p.client(), binary, 5*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	docs := map[string][]string{"TraceSegmentDocuments": {`{"trace_id":"1-67891233-abcdef012345678912345678","id":"53995c3f42cd8ad8","name":"shop","start_time":1736970803,"end_time":1736970804}`}}
	if err := p.client().json(t.Context(), "xray", http.MethodPost, "/TraceSegments", docs, nil); err != nil {
		t.Fatal(err)
	}
	want := func(code int, stdout, stderr string, wantCode int, texts ...string) {
		t.Helper()
		if code != wantCode {
			t.Errorf("exit code %d, want %d: %s%s", code, wantCode, stdout, stderr)
		}
		for _, text := range texts {
			if !strings.Contains(stdout+stderr, text) {
				t.Errorf("%q is missing in:\n%s%s", text, stdout, stderr)
			}
		}
	}
	code, stdout, stderr := p.command(t, "doctor")
	want(code, stdout, stderr, exitOK, dir, "radiograph store", p.Daemon+"  ok", "provided.al2023", "limit", "passed over 0 times")
	code, stdout, stderr = p.command(t, "doctor", "--check", "--output", "json")
	var d server.Doctor
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || code != exitOK || d.Check == nil || d.Check.Documents != 1 || d.Check.Packages != 1 || d.Check.Damaged != 0 {
		t.Errorf("exit code %d, %v, %s%s", code, err, stdout, stderr)
	}
	code, stdout, stderr = runBinary(t, "doctor", "--data", dir)
	want(code, stdout, stderr, exitFailure, "in use by process", "doctor --check")
	if code := p.interrupt(t); code != exitOK {
		t.Fatalf("exit code %d", code)
	}

	code, stdout, stderr = runBinary(t, "doctor", "--data", dir)
	want(code, stdout, stderr, exitOK, "1 documents of 1 traces", "all are whole")
	flip := func(pattern string) {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			b[len(b)/3] ^= 0x10
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	flip("code/*.zip")
	code, stdout, stderr = runBinary(t, "doctor", "--data", dir)
	want(code, stdout, stderr, exitFailure, "code package", "covers functions with that code", "1 damaged", "not all is well")
	flip("db/*.sst")
	code, stdout, stderr = runBinary(t, "doctor", "--data", dir)
	want(code, stdout, stderr, exitFailure, "code package", "a file of the store cannot be read")
	code, stdout, stderr = runBinary(t, "doctor", "--data", filepath.Join(dir, "nowhere"))
	want(code, stdout, stderr, exitFailure, "is no data folder")
}
