package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyWait = 20 * time.Second // the program promises 200 ms; a loaded machine may be slower
	stopWait  = 20 * time.Second
)

// server is a running `radiograph up` of its own, on ports of its own.
type server struct {
	Endpoint string `json:"endpoint"`
	Console  string `json:"console"`
	Daemon   string `json:"daemon"`
	OTLPHTTP string `json:"otlp_http"`
	OTLPGRPC string `json:"otlp_grpc"`
	PID      int    `json:"pid"`

	Startup time.Duration // from the start of the process to the ready file
	dirs    []string      // what its functions' processes have in their environment
	cmd     *exec.Cmd
	log     *logBuffer
	ended   chan struct{} // closed when the process is gone
	err     error         // how it ended
}

// start runs `radiograph up` in memory, with args after the usual ones, and
// stops it when the test ends. A --data among args replaces --memory.
func start(t testing.TB, args ...string) *server {
	t.Helper()
	temporary := t.TempDir()
	ready := filepath.Join(temporary, "ready.json")
	all := []string{"up", "--addr", "127.0.0.1:0", "--daemon", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--ready-file", ready}
	s := &server{log: &logBuffer{}, ended: make(chan struct{}), dirs: []string{temporary}}
	if i := slices.Index(args, "--data"); i >= 0 {
		s.dirs = append(s.dirs, args[i+1])
	} else {
		all = append(all, "--memory")
	}
	s.cmd = exec.Command(radiograph, append(all, args...)...)
	s.cmd.Env = environment("TMPDIR=" + temporary)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start radiograph: %v", err)
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() { s.stop(t) })
	for tick := time.NewTicker(2 * time.Millisecond); ; <-tick.C {
		b, err := os.ReadFile(ready)
		if err == nil && json.Unmarshal(b, s) == nil {
			s.Startup = time.Since(began)
			tick.Stop()
			return s
		}
		select {
		case <-s.ended:
			t.Fatalf("radiograph up ended before it was ready: %v\n%s", s.err, s.log)
		default:
		}
		if time.Since(began) > readyWait {
			t.Fatalf("radiograph up was not ready after %s\n%s", readyWait, s.log)
		}
	}
}

// stop ends the server as an operator would and fails the test when it does not
// end well. It may be called twice.
func (s *server) stop(t testing.TB) {
	t.Helper()
	select {
	case <-s.ended:
	default:
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.ended:
			if s.err != nil {
				t.Errorf("radiograph up ended with %v after SIGTERM", s.err)
			}
		case <-time.After(stopWait):
			t.Errorf("radiograph up did not end within %s of SIGTERM", stopWait)
			s.kill()
		}
	}
	for _, left := range s.leftBehind() {
		t.Errorf("the server left a process behind: %s", left)
	}
	if strings.Contains(s.log.String(), "panic:") || strings.Contains(s.log.String(), "panicked") {
		t.Errorf("the server's log tells of a panic")
	}
	if t.Failed() {
		t.Logf("the server's log ends:\n%s", s.log.tail(6000))
	}
}

// running names the processes of the server's functions: those whose environment
// names its folders.
func (s *server) running() (found []string) {
	environs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range environs {
		dir := filepath.Dir(name)
		b, _ := os.ReadFile(name) // gone, or another user's
		if filepath.Base(dir) != strconv.Itoa(s.PID) && slices.ContainsFunc(s.dirs, func(dir string) bool { return bytes.Contains(b, []byte(dir)) }) {
			line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
			found = append(found, filepath.Base(dir)+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// leftBehind names processes that outlived their server. It gives them a moment
// to end.
func (s *server) leftBehind() (found []string) {
	for range 100 {
		if found = s.running(); len(found) == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return found
}

// kill is kill -9: nothing is flushed.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// alive fails the test when the server no longer answers.
func (s *server) alive(t testing.TB) {
	t.Helper()
	select {
	case <-s.ended:
		t.Fatalf("the server is gone: %v", s.err)
	default:
	}
	if got := s.call(t, account("alive"), "xray", "POST", "/GetSamplingRules", nil, []byte("{}")); got.Status != 200 {
		t.Fatalf("the server answers a plain request with %d %s", got.Status, got.Body)
	}
}

// environment is the caller's environment without anything that would lead a
// client elsewhere.
func environment(extra ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "LAMBDA_") || strings.HasPrefix(name, "PYTHON") ||
			strings.HasSuffix(strings.ToLower(name), "_proxy") && !strings.EqualFold(name, "no_proxy") && strings.HasPrefix(strings.ToLower(name), "http") {
			continue
		}
		env = append(env, kv)
	}
	return append(append(env, "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true"), extra...)
}

// env is the environment of a client of the server. The account is the access
// key, so tests that share a server never see each other.
func (s *server) env(account string, extra ...string) []string {
	return environment(append([]string{
		"AWS_ENDPOINT_URL=" + s.Endpoint,
		"AWS_XRAY_DAEMON_ADDRESS=" + s.Daemon,
		"AWS_ACCESS_KEY_ID=" + account,
		"AWS_SECRET_ACCESS_KEY=secret",
		"AWS_DEFAULT_REGION=eu-west-1",
		"AWS_REGION=eu-west-1",
	}, extra...)...)
}

// client runs a client program to its end and returns its standard output.
func client(t testing.TB, env []string, name string, args ...string) string {
	t.Helper()
	out, err := try(t, env, name, args...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return out
}

// try is client for a program that may fail. The error holds both outputs.
func try(t testing.TB, env []string, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = env
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatalf("%s: %v", name, err)
		}
		err = fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(name), strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), err
}

// logBuffer takes a process's output.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) tail(n int) string {
	s := l.String()
	return s[max(0, len(s)-n):]
}
