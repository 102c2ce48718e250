package sandbox

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// entry is one file of a test's package.
type entry struct {
	name, body string
	mode       fs.FileMode
}

// writeZip makes a package and returns its path.
func writeZip(t testing.TB, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "code.zip")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// selfZip is a package whose bootstrap is the test program.
func selfZip(t testing.TB) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return writeZip(t, entry{"bootstrap", self, 0o777 | fs.ModeSymlink})
}

func newSandbox(t testing.TB, change ...func(*Config)) *Sandbox {
	t.Helper()
	cfg := Config{CacheDir: t.TempDir(), WorkDir: t.TempDir()}
	for _, f := range change {
		f(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		left, err := os.ReadDir(cfg.WorkDir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range left {
			t.Errorf("%s is left in WorkDir", e.Name())
		}
	})
	return s
}

func newSpec(zipPath, mode string) *radiograph.EnvironmentSpec {
	return &radiograph.EnvironmentSpec{
		ID: "e1",
		Function: &radiograph.Function{
			Tenant: radiograph.Tenant{Account: "123456789012", Region: "eu-west-1"},
			Name:   "fn", Version: radiograph.LatestVersion, Role: "arn:aws:iam::123456789012:role/r",
			Runtime: "provided.al2023", Handler: "app.handler", Timeout: 3, MemorySize: 256,
			Environment: map[string]string{"TEST_RUNTIME": mode, "GORACE": "atexit_sleep_ms=0"},
		},
		Credentials: radiograph.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: "s", SessionToken: "t"},
		CodePath:    zipPath,
		LogStream:   "2026/01/02/[$LATEST]00000000000000000000000000000000",
	}
}

// life reads an environment's events for a test.
type life struct {
	t     testing.TB
	env   radiograph.Environment
	lines []string
}

func begin(t testing.TB, s *Sandbox, spec *radiograph.EnvironmentSpec) *life {
	t.Helper()
	env, err := s.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	l := &life{t: t, env: env}
	l.next(radiograph.ProcessStarted)
	return l
}

// next waits for the next event that is no log line.
func (l *life) next(want radiograph.EnvironmentEventKind) radiograph.EnvironmentEvent {
	l.t.Helper()
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	for {
		select {
		case ev, ok := <-l.env.Events():
			if !ok {
				l.t.Fatalf("events ended, want kind %d; log: %q", want, l.lines)
			}
			if ev.At.IsZero() {
				l.t.Errorf("event %d has no time", ev.Kind)
			}
			if ev.Kind == radiograph.LogLine && want != radiograph.LogLine {
				l.lines = append(l.lines, string(ev.Payload))
				continue
			}
			if ev.Kind != want {
				l.t.Fatalf("got event %+v, want kind %d; log: %q", ev, want, l.lines)
			}
			return ev
		case <-timeout.C:
			l.t.Fatalf("no event of kind %d within 20 s; log: %q", want, l.lines)
		}
	}
}

func (l *life) deliver(id string, what task) {
	l.t.Helper()
	payload, err := json.Marshal(what)
	if err != nil {
		l.t.Fatal(err)
	}
	if err := l.env.Deliver(&radiograph.RuntimeEvent{RequestID: id, Payload: payload}, radiograph.Stamp{}); err != nil {
		l.t.Fatal(err)
	}
}

// end stops the environment, reads what is left and returns the last event.
func (l *life) end() (last radiograph.EnvironmentEvent) {
	l.t.Helper()
	l.env.Stop("test")
	for last = range l.env.Events() {
		if last.Kind == radiograph.LogLine {
			l.lines = append(l.lines, string(last.Payload))
		}
	}
	if last.Kind != radiograph.EnvironmentExited {
		l.t.Errorf("the last event is %+v", last)
	}
	return last
}

func TestEnvironmentLife(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	asked := l.next(radiograph.RuntimeAskedNext)
	if asked.MaxMemoryMB < 1 {
		t.Errorf("MaxMemoryMB = %d", asked.MaxMemoryMB)
	}
	for i := range 3 {
		id := "id-" + strconv.Itoa(i)
		l.deliver(id, task{Text: "hello"})
		got := l.next(radiograph.RuntimeResponse)
		if got.RequestID != id || !strings.Contains(string(got.Payload), "hello") {
			t.Errorf("got %s %s", got.RequestID, got.Payload)
		}
		if next := l.next(radiograph.RuntimeAskedNext); next.At.Before(got.At) {
			t.Error("next came before the response")
		}
	}
	if err := l.env.Deliver(&radiograph.RuntimeEvent{RequestID: "a"}, radiograph.Stamp{}); err != nil {
		t.Fatal(err)
	}
	err := l.env.Deliver(&radiograph.RuntimeEvent{RequestID: "b"}, radiograph.Stamp{})
	if radiograph.ErrorKind(err) != radiograph.KindConflict {
		t.Errorf("second Deliver: %v, want a conflict", err)
	}
	l.next(radiograph.RuntimeResponse)
	l.next(radiograph.RuntimeAskedNext)
	if got := l.end(); got.ExitReason != "signal: killed" || got.OutOfMemory || got.RequestID != "a" {
		t.Errorf("got %+v", got)
	}
	if err := l.env.Deliver(&radiograph.RuntimeEvent{RequestID: "c"}, radiograph.Stamp{}); err == nil {
		t.Error("Deliver after the end: no error")
	}
	if got := l.env.Drain(t.Context()); got.Datagrams != 0 {
		t.Errorf("Drain after the end: %+v", got)
	}
}

func TestEnvironmentEndings(t *testing.T) {
	s := newSandbox(t)
	code := selfZip(t)
	for _, c := range []struct {
		name, mode string
		task       *task
		reason     string
		oom        bool
	}{
		{"exit during initialization", "exit", nil, "exit status 3", false},
		{"out of memory during initialization", "eat", nil, "signal: killed", true},
		{"status 0", "loop", &task{Do: "exit"}, "", false},
		{"status 7", "loop", &task{Do: "exit", N: 7}, "exit status 7", false},
		{"killed", "loop", &task{Do: "kill"}, "signal: killed", false},
		{"out of memory", "loop", &task{Do: "eat", N: 1 << 30}, "signal: killed", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := newSpec(code, c.mode)
			l := begin(t, s, spec)
			if c.task != nil {
				l.next(radiograph.RuntimeAskedNext)
				l.deliver("id", *c.task)
			}
			got := l.next(radiograph.EnvironmentExited)
			if got.ExitReason != c.reason || got.OutOfMemory != c.oom {
				t.Errorf("got %q, out of memory %v", got.ExitReason, got.OutOfMemory)
			}
			if c.oom && got.MaxMemoryMB != spec.Function.MemorySize {
				t.Errorf("MaxMemoryMB = %d, want the function's %d", got.MaxMemoryMB, spec.Function.MemorySize)
			}
		})
	}
}

func TestInitError(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "init-error"))
	got := l.next(radiograph.RuntimeInitError)
	if want := `{"errorMessage":"no","errorType":"Runtime.ImportModuleError"}`; string(got.Payload) != want {
		t.Errorf("payload %s", got.Payload)
	}
	if want := `{"working_directory":"/var/task","exceptions":[{"message":"no","type":"E"}]}`; string(got.Cause) != want {
		t.Errorf("cause %s", got.Cause)
	}
	if got.ErrorType != "Runtime.ImportModuleError" {
		t.Errorf("type %s", got.ErrorType)
	}
	if got := l.next(radiograph.EnvironmentExited); got.ExitReason != "exit status 1" {
		t.Errorf("exit reason %q", got.ExitReason)
	}
}

func TestInvocationErrorAndStream(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("1", task{Do: "error", Text: "bad"})
	got := l.next(radiograph.RuntimeError)
	if string(got.Payload) != `{"errorMessage":"bad","errorType":"Oops"}` || got.ErrorType != "Function.Oops" {
		t.Errorf("got %s, %s", got.Payload, got.ErrorType)
	}
	if want := `{"exceptions":[{"message":"m","type":"T","stack":[{"path":"f.py","label":"h"}]}]}`; string(got.Cause) != want {
		t.Errorf("cause %s, want %s", got.Cause, want)
	}
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("2", task{Do: "stream", Text: "flow"})
	if got := l.next(radiograph.RuntimeResponse); !strings.Contains(string(got.Payload), "flow") {
		t.Errorf("got %s", got.Payload)
	}
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("3", task{Do: "large", N: maxResponse})
	if got := l.next(radiograph.RuntimeResponse); got.TooLarge || len(got.Payload) != maxResponse {
		t.Errorf("too large: %v, %d bytes", got.TooLarge, len(got.Payload))
	}
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("4", task{Do: "large", N: maxResponse + 1})
	if got := l.next(radiograph.RuntimeResponse); !got.TooLarge || got.Payload != nil {
		t.Errorf("too large: %v, %d bytes", got.TooLarge, len(got.Payload))
	}
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("5", task{Text: strings.Repeat("x", 5<<20)}) // an event of several writes
	if got := l.next(radiograph.RuntimeResponse); len(got.Payload) < 5<<20 {
		t.Errorf("%d bytes came back", len(got.Payload))
	}
	l.next(radiograph.RuntimeAskedNext)
	l.end()
}

// TestLogOrder: what a function printed before it answered is told before its
// answer, and both outputs keep their common order.
func TestLogOrder(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	l.next(radiograph.RuntimeAskedNext)
	for round := range 50 {
		l.lines = nil
		l.deliver(strconv.Itoa(round), task{Do: "stdout-and-stderr", N: 40})
		l.next(radiograph.RuntimeResponse)
		var want []string
		for i := range 40 {
			want = append(want, "line "+strconv.Itoa(i))
		}
		if d := cmp.Diff(want, l.lines); d != "" {
			t.Fatalf("round %d:\n%s", round, d)
		}
		l.next(radiograph.RuntimeAskedNext)
	}
	l.lines = nil
	l.deliver("p", task{Do: "print-partial", Text: "no newline"})
	l.next(radiograph.RuntimeResponse)
	l.next(radiograph.RuntimeAskedNext)
	l.end()
	if d := cmp.Diff([]string{"no newline"}, l.lines); d != "" {
		t.Error(d)
	}
}

// TestUnreadEvents: an environment whose events nobody reads neither blocks nor
// outlives its stop.
func TestUnreadEvents(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("1", task{Do: "print", Text: strings.Repeat("x", 1000), N: 20000})
	for range eventBuffer / 2 {
		<-l.env.Events()
	}
	l.env.Stop("test")
	<-l.env.(*Environment).gone
}

func TestNoProcessIsLeft(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("1", task{Do: "children"})
	l.next(radiograph.RuntimeResponse)
	l.next(radiograph.RuntimeAskedNext)
	pids := []int{l.env.(*Environment).process.pid}
	for _, line := range l.lines {
		pid, err := strconv.Atoi(line)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if len(pids) != 3 {
		t.Fatalf("pids %v", pids)
	}
	l.end()
	for _, pid := range pids {
		// A killed stray may be a zombie until init reaps it.
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && !bytes.Contains(stat, []byte(") Z ")) {
			t.Errorf("process %d is left: %s", pid, stat)
		}
	}
}

func TestTemporaryFilesAndFolder(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop"))
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("1", task{Do: "write-temporary"})
	dir, err := strconv.Unquote(string(l.next(radiograph.RuntimeResponse).Payload))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "left")); err != nil {
		t.Error(err)
	}
	l.next(radiograph.RuntimeAskedNext)
	l.deliver("2", task{Do: "directory"})
	cwd, err := strconv.Unquote(string(l.next(radiograph.RuntimeResponse).Payload))
	if err != nil {
		t.Fatal(err)
	}
	if got := l.env.(*Environment).code.dir; got != cwd {
		t.Errorf("the function runs in %s, want %s", cwd, got)
	}
	l.end()
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder for temporary files is left: %v", err)
	}
}

func TestStartErrors(t *testing.T) {
	s := newSandbox(t)
	notZip := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(notZip, []byte("no zip"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, zip, runtime string
		kind               radiograph.Kind
		code, says         string
	}{
		{"no bootstrap", writeZip(t, entry{"other", "", 0o755}), "provided.al2", radiograph.KindInvalid, "Runtime.InvalidEntrypoint", "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"},
		{"bootstrap is a folder", writeZip(t, entry{"bootstrap/x", "", 0o755}), "provided.al2", radiograph.KindInvalid, "Runtime.InvalidEntrypoint", "folder"},
		{"not executable", writeZip(t, entry{"bootstrap", "#!/bin/sh\n", 0o644}), "provided.al2023", radiograph.KindInvalid, "Runtime.InvalidEntrypoint", "fork/exec /var/task/bootstrap: permission denied"},
		{"not a program", writeZip(t, entry{"bootstrap", "\x00\x01", 0o755}), "provided.al2023", radiograph.KindInvalid, "Runtime.InvalidEntrypoint", "fork/exec /var/task/bootstrap: exec format error"},
		{"not a zip", notZip, "provided.al2023", radiograph.KindInvalid, "InvalidParameterValueException", "Could not unzip"},
		{"no such row", "", "java21", radiograph.KindUnsupported, "", "java21 is not served by this version"},
		{"no such Node.js", "", "nodejs", radiograph.KindUnsupported, "", `"nodejs"`},
		{"no such runtime", "", "cobol", radiograph.KindUnsupported, "", `"cobol"`},
		{"no such Python", "", "python3.x", radiograph.KindUnsupported, "", `"python3.x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := newSpec(c.zip, "loop")
			spec.Function.Runtime = c.runtime
			_, err := s.Start(t.Context(), spec)
			var e *radiograph.Error
			if !errors.As(err, &e) || e.Kind != c.kind || e.Code != c.code || !strings.Contains(e.Message, c.says) {
				t.Errorf("got %#v", err)
			}
		})
	}
}

func TestManyEnvironmentsAtOnce(t *testing.T) {
	s := newSandbox(t)
	code := selfZip(t)
	const n = 8
	done := make(chan struct{}, n)
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }()
			env, err := s.Start(context.Background(), newSpec(code, "loop"))
			if err != nil {
				t.Error(err)
				return
			}
			served := 0
			for ev := range env.Events() {
				switch ev.Kind {
				case radiograph.RuntimeAskedNext:
					if served == 20 {
						env.Stop("enough")
						continue
					}
					if err := env.Deliver(&radiograph.RuntimeEvent{RequestID: strconv.Itoa(i*1000 + served), Payload: []byte(`{}`)}, radiograph.Stamp{}); err != nil {
						t.Error(err)
					}
				case radiograph.RuntimeResponse:
					if want := strconv.Itoa(i*1000 + served); ev.RequestID != want {
						t.Errorf("response to %s, want %s", ev.RequestID, want)
					}
					served++
				}
			}
			if served != 20 {
				t.Errorf("environment %d answered %d events", i, served)
			}
		}()
	}
	for range n {
		<-done
	}
}

func TestStartAfterClose(t *testing.T) {
	s := newSandbox(t)
	l := begin(t, s, newSpec(selfZip(t), "loop")) // Close ends it
	pid := l.env.(*Environment).process.pid
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is left: %v", pid, err)
	}
	if _, err := s.Start(t.Context(), newSpec(selfZip(t), "loop")); radiograph.ErrorKind(err) != radiograph.KindUnavailable {
		t.Errorf("Start after Close: %v", err)
	}
}

// TestServerIsKilled: a server that is killed leaves no process, and the next one
// cleans up its files.
func TestServerIsKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	server := exec.Command(self)
	server.Env = append(os.Environ(), "TEST_SERVER="+selfZip(t), "TEST_SERVER_WORK="+work)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatal(err)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // it was killed
	deadline := time.Now().Add(10 * time.Second)
	for {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			break
		}
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d is left", pid)
		}
		runtime.Gosched()
	}
	if left, err := os.ReadDir(filepath.Join(work, codeFolder)); err != nil || len(left) == 0 {
		t.Fatalf("the killed server left %v, %v", left, err)
	}
	s, err := New(Config{CacheDir: t.TempDir(), WorkDir: work})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, dir := range []string{codeFolder, environmentFolder} {
		if left, err := os.ReadDir(filepath.Join(work, dir)); err != nil || len(left) != 0 {
			t.Errorf("%s holds %v, %v", dir, left, err)
		}
	}
}
