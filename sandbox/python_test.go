package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"radiograph"
)

const pythonHandler = `
import os, json, time
time.sleep(0.05)
def handler(event, context):
    print("trace", os.environ.get("_X_AMZN_TRACE_ID"))
    if event.get("fail"):
        raise ValueError("no " + event["fail"])
    return {"got": event, "id": context.aws_request_id, "ms": context.get_remaining_time_in_millis() > 0,
            "arn": context.invoked_function_arn, "root": os.environ["LAMBDA_TASK_ROOT"] == os.getcwd(),
            "env": os.environ["AWS_EXECUTION_ENV"]}
`

// TestPython runs the real runtime interface client. It uses what is in the
// user's cache, and fetches it by pip only when RADIOGRAPH_CLIENTS is require,
// where a runtime that cannot be had fails the test.
func TestPython(t *testing.T) {
	s := newSandbox(t, func(c *Config) {
		c.CacheDir = "" // the user's
		c.Progress = func(line string) { t.Log(line) }
	})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	require := os.Getenv("RADIOGRAPH_CLIENTS") == "require"
	const asked = "python3.12"
	if x, err := s.pythons.find(ctx, 12); !require && (err != nil || !s.pythons.installed(x)) {
		t.Skip("the Python runtime is not in the cache; RADIOGRAPH_CLIENTS=require fetches it")
	}
	if err := s.Prepare(ctx, asked); err != nil {
		t.Fatal(err)
	}
	code := writeZip(t, entry{"app.py", pythonHandler, 0o644}, entry{"broken.py", "import nothing_of_the_kind", 0o644})

	t.Run("answers and fails", func(t *testing.T) {
		spec := newSpec(code, "")
		spec.Function.Runtime = asked
		l := begin(t, s, spec)
		l.next(radiograph.RuntimeAskedNext)
		ev := &radiograph.RuntimeEvent{
			RequestID: "8476a536-e9f4-11e8-9739-2dfe598c3fcd", Payload: []byte(`{"a":"ä"}`), Deadline: time.Now().Add(time.Minute),
			TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", FunctionARN: spec.Function.ARN(),
		}
		if err := l.env.Deliver(ev, radiograph.Stamp{}); err != nil {
			t.Fatal(err)
		}
		got := string(l.next(radiograph.RuntimeResponse).Payload)
		for _, want := range []string{`"got": {"a": "ä"}`, `"ms": true`, ev.RequestID, ev.FunctionARN, `"root": true`, `"env": "AWS_Lambda_python3.12"`} {
			if !strings.Contains(got, want) && !strings.Contains(got, strings.ReplaceAll(want, "ä", `\u00e4`)) {
				t.Errorf("%s is not in %s", want, got)
			}
		}
		if want := "trace " + ev.TraceHeader; len(l.lines) == 0 || l.lines[len(l.lines)-1] != want {
			t.Errorf("log %q, want %q last", l.lines, want)
		}
		l.next(radiograph.RuntimeAskedNext)
		ev.Payload = []byte(`{"fail":"luck"}`)
		if err := l.env.Deliver(ev, radiograph.Stamp{}); err != nil {
			t.Fatal(err)
		}
		failed := l.next(radiograph.RuntimeError)
		if !strings.Contains(string(failed.Payload), `"errorType": "ValueError"`) || !strings.Contains(string(failed.Cause), `"type":"ValueError"`) {
			t.Errorf("payload %s, cause %s", failed.Payload, failed.Cause)
		}
		l.next(radiograph.RuntimeAskedNext)
		l.end()
	})
	t.Run("fails to import", func(t *testing.T) {
		spec := newSpec(code, "")
		spec.Function.Runtime, spec.Function.Handler = asked, "broken.handler"
		l := begin(t, s, spec)
		failed := l.next(radiograph.RuntimeInitError)
		if !strings.Contains(string(failed.Payload), "Runtime.ImportModuleError") {
			t.Errorf("payload %s", failed.Payload)
		}
		l.next(radiograph.EnvironmentExited)
	})
}

func TestNearestPython(t *testing.T) {
	at := func(minor int, pip bool) *python {
		return &python{path: "/nowhere/python3", minor: minor, version: "3.x", pip: pip}
	}
	for _, c := range []struct {
		name string
		have []*python
		want int // 0: an error
		says string
	}{
		{"the one asked for", []*python{at(9, true), at(12, true), at(13, true)}, 12, ""},
		{"the newer of two as near", []*python{at(11, true), at(13, true)}, 13, ""},
		{"the nearest", []*python{at(8, true), at(10, true)}, 10, ""},
		{"one with pip before a nearer one without", []*python{at(12, false), at(9, true)}, 9, ""},
		{"only one without pip", []*python{at(12, false)}, 0, "has no module pip"},
		{"none", nil, 0, "none was found"},
		{"no Python 3", []*python{nil}, 0, "install python3.12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("PATH", dir)
			t.Setenv("HOME", t.TempDir())
			p := newPythons(t.Context(), t.TempDir(), func(string) {})
			for i, x := range c.have {
				file := filepath.Join(dir, "python3."+string(rune('0'+i)))
				if err := os.WriteFile(file, nil, 0o755); err != nil {
					t.Fatal(err)
				}
				p.probed[file] = x
			}
			for _, other := range pythonCandidates("") { // this machine's own
				p.probed[other] = nil
			}
			got, err := p.find(t.Context(), 12)
			switch {
			case c.want == 0 && (radiograph.ErrorKind(err) != radiograph.KindUnsupported || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, %v", got, err)
			case c.want != 0 && (err != nil || got.minor != c.want):
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// fakePython is a program that answers the probe and does what pip and venv do,
// or fails.
const fakePython = `#!/bin/sh
case "$*" in
*sys.version_info*) echo "3.12.1 True $0" ;;
*"-m venv"*) for last; do :; done; mkdir -p "$last/bin"; ln -s "$0" "$last/bin/python3" ;;
*"pip install"*)
	echo run >> "$LOG"
	if [ -n "$FAIL" ]; then echo "no such luck" >&2; exit 1; fi
	while [ "$1" != --target ]; do shift; done
	mkdir -p "$2/awslambdaric" ;;
esac
`

func TestPythonInstall(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "python3.12")
	if err := os.WriteFile(file, []byte(fakePython), 0o755); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "log")
	t.Setenv("LOG", log)
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	cache := t.TempDir()
	stale := filepath.Join(cache, installing+"old")
	if err := os.Mkdir(stale, 0o755); err != nil {
		t.Fatal(err)
	}
	past := time.Now().Add(-2 * staleInstall)
	if err := os.Chtimes(stale, past, past); err != nil {
		t.Fatal(err)
	}

	t.Setenv("FAIL", "1")
	p := newPythons(t.Context(), cache, func(string) {})
	x, err := p.find(t.Context(), 12)
	if err != nil || x.path != file {
		t.Fatalf("found %+v, %v", x, err)
	}
	if _, err := p.install(t.Context(), x); radiograph.ErrorKind(err) != radiograph.KindUnsupported || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("got %v", err)
	}
	t.Setenv("FAIL", "")
	// Two sandboxes at once, each with several callers.
	errs := make(chan error)
	for range 2 {
		p := newPythons(t.Context(), cache, func(string) {})
		for range 3 {
			go func() {
				got, err := p.install(context.Background(), x)
				if err == nil && got != p.installDir(x) {
					err = errors.New("installed in " + got)
				}
				errs <- err
			}()
		}
	}
	for range 6 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	runs, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(runs), "run"); n < 2 || n > 3 { // the failed one, and one or two
		t.Errorf("pip ran %d times", n)
	}
	left, err := os.ReadDir(cache)
	if err != nil || len(left) != 1 {
		t.Errorf("left in the cache: %v, %v", left, err)
	}
	if !p.installed(x) {
		t.Error("not installed")
	}
}

// TestAnotherPython: the log says which interpreter stands in for the one asked
// for.
func TestAnotherPython(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "python3.12")
	if err := os.WriteFile(file, []byte(fakePython), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LOG", os.DevNull)
	t.Setenv("FAIL", "")
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	var progress []string
	s := newSandbox(t, func(c *Config) { c.Progress = func(line string) { progress = append(progress, line) } })
	for _, other := range pythonCandidates("") { // this machine's own
		s.pythons.probed[other] = nil
	}
	spec := newSpec(writeZip(t, entry{"app.py", "", 0o644}), "")
	spec.Function.Runtime = "python3.13"
	l := begin(t, s, spec)
	note := l.next(radiograph.LogLine)
	if want := "radiograph: runtime python3.13: this machine has no Python 3.13; the function runs on Python 3.12.1 (" + file + ")"; string(note.Payload) != want {
		t.Errorf("got %s\nwant %s", note.Payload, want)
	}
	if got := l.next(radiograph.EnvironmentExited); got.ExitReason != "" {
		t.Errorf("exit reason %q", got.ExitReason)
	}
	if len(progress) != 2 || !strings.HasPrefix(progress[0], "fetching awslambdaric and boto3 for Python 3.12.1 with pip") {
		t.Errorf("progress %q", progress)
	}
}
