package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyWait = 20 * time.Second // far above the promise, for loaded machines
	stopWait  = 20 * time.Second
)

// binary is the program as users run it, built once by TestMain.
var binary string

// raceDetector is true in a test run with -race.
var raceDetector bool

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "radiograph-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "radiograph")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if raceDetector {
		build = exec.Command("go", "build", "-race", "-o", binary, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=1")
	}
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build radiograph: %v\n%s", err, out)
		return 1
	}
	// Nothing of the shell these tests run in may point the clients elsewhere.
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") || name == "COLUMNS" {
			os.Unsetenv(name)
		}
	}
	return m.Run()
}

// A process is a running radiograph.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr output
	ended          chan struct{}
	err            error // how it ended, once ended is closed
}

// output is a buffer the process writes and the test reads.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// launch starts the binary and makes sure it is gone when the test ends.
func launch(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("radiograph %s\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), &p.stdout, &p.stderr)
		}
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// interrupt sends SIGTERM and waits for the end; it returns the exit code.
func (p *process) interrupt(t testing.TB) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	return p.wait(t)
}

// wait waits for the end and returns the exit code.
func (p *process) wait(t testing.TB) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(stopWait):
		t.Fatalf("radiograph did not end within %s", stopWait)
		return -1
	}
}

// An upProcess is a running `radiograph up`.
type upProcess struct {
	*process
	readyAddresses
	startup time.Duration
}

// up starts a server on free ports, in memory unless args say --data, and
// returns when it is ready.
func up(t testing.TB, args ...string) *upProcess {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	all := append([]string{"up", "--addr", "127.0.0.1:0", "--daemon", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--ready-file", ready}, args...)
	if !strings.Contains(strings.Join(args, " "), "--data") {
		all = append(all, "--memory")
	}
	began := time.Now()
	p := &upProcess{process: launch(t, all...)}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(ready); err == nil {
			p.startup = time.Since(began)
			if err := json.Unmarshal(b, &p.readyAddresses); err != nil {
				t.Fatalf("the ready file is not whole: %v: %s", err, b)
			}
			return p
		}
		select {
		case <-p.ended:
			t.Fatalf("radiograph up ended before it was ready: %v\n%s", p.err, &p.stderr)
		case <-tick.C:
		}
		if time.Since(began) > readyWait {
			t.Fatalf("radiograph up was not ready after %s", readyWait)
		}
	}
}

// client asks this server.
func (p *upProcess) client() *client {
	return newClient(p.Endpoint, "000000000000", "us-east-1")
}

// command runs a client command of the binary to its end.
func (p *upProcess) command(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runBinary(t, append(args, "--endpoint", p.Endpoint)...)
}

func runBinary(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("radiograph %s: %v", strings.Join(args, " "), err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}
