package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"radiograph"
)

// startupPromise is what a start may take.
const startupPromise = 200 * time.Millisecond

func TestUpIsReady(t *testing.T) {
	p := up(t)
	// Under the load of other tests one start may be slow; the promise is about the
	// program, so the best of a few counts.
	best := p.startup
	for range 4 {
		if best <= startupPromise {
			break
		}
		again := up(t)
		best = min(best, again.startup)
		again.kill()
	}
	if best > startupPromise {
		t.Errorf("ready after %s at best, want at most %s", best, startupPromise)
	}
	t.Logf("ready after %s", best)

	for what, address := range map[string]string{"endpoint": strings.TrimPrefix(p.Endpoint, "http://"), "daemon": p.Daemon} {
		if _, port, err := net.SplitHostPort(address); err != nil || port == "0" {
			t.Errorf("%s: %q is no address", what, address)
		}
	}
	if p.PID != p.cmd.Process.Pid {
		t.Errorf("pid %d, want %d", p.PID, p.cmd.Process.Pid)
	}
	h, err := p.client().health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if h.Status != "ok" || h.Endpoint != p.Endpoint || h.Console != p.Console || h.Daemon != p.Daemon {
		t.Errorf("health %+v does not agree with the ready file %+v", h, p.readyAddresses)
	}
	resp, err := http.Get(p.Console)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || !strings.Contains(string(page), "<html") {
		t.Errorf("the console answers %s: %.200s", resp.Status, page)
	}
	if code := p.interrupt(t); code != exitOK {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	printed := p.stdout.String()
	for _, want := range []string{p.Endpoint, p.Console, p.Daemon, "in memory"} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q was not printed:\n%s", want, printed)
		}
	}
	if n := strings.Count(printed, "\n"); n > 8 {
		t.Errorf("%d lines were printed, want a few:\n%s", n, printed)
	}
	if s := p.stderr.String(); s != "" {
		t.Errorf("stderr: %s", s)
	}
}

func TestUpRemovesItsReadyFile(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready.json")
	p := launch(t, "up", "--addr", "127.0.0.1:0", "--daemon", "127.0.0.1:0", "--otlp-http", "off", "--otlp-grpc", "off", "--memory", "--ready-file", ready)
	waitFor(t, "the ready file", func() bool { _, err := os.Stat(ready); return err == nil })
	if code := p.interrupt(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if left, _ := os.ReadDir(filepath.Dir(ready)); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUpNamesTheAddressInUse(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	for _, test := range []struct {
		flag, other, address string
	}{
		{"--addr", "--daemon", tcp.Addr().String()},
		{"--daemon", "--addr", tcp.Addr().String()},
		{"--daemon", "--addr", udp.LocalAddr().String()},
	} {
		code, stdout, stderr := runBinary(t, "up", "--memory", test.flag, test.address, test.other, "127.0.0.1:0")
		if code != exitFailure || stdout != "" {
			t.Errorf("%s %s: exit code %d, stdout %q", test.flag, test.address, code, stdout)
		}
		if !strings.Contains(stderr, test.address+" is already in use") || !strings.Contains(stderr, test.flag) {
			t.Errorf("%s %s: the error does not name them: %s", test.flag, test.address, stderr)
		}
	}
}

func TestUpRefusesPublicAddresses(t *testing.T) {
	for _, flags := range [][]string{
		{"--addr", "0.0.0.0:0"},
		{"--addr", ":0"},
		{"--addr", "[::]:0"},
		{"--addr", "192.0.2.1:0"},
		{"--addr", "127.0.0.1:0", "--daemon", "0.0.0.0:0"},
	} {
		code, _, stderr := runBinary(t, append([]string{"up", "--memory", "--daemon", "127.0.0.1:0"}, flags...)...)
		if code != exitFailure || !strings.Contains(stderr, "--insecure") {
			t.Errorf("%v: exit code %d, %s", flags, code, stderr)
		}
	}
	p := up(t, "--addr", "0.0.0.0:0", "--insecure")
	if !strings.HasPrefix(p.Endpoint, "http://127.0.0.1:") {
		t.Errorf("functions and clients here are told %q", p.Endpoint)
	}
	if _, err := p.client().health(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUpRefusesBadFlags(t *testing.T) {
	for _, flags := range [][]string{
		{"--memory", "--data", t.TempDir()},
		{"--account", "12"},
		{"--region", ""},
		{"--async-backoff", "soon"},
		{"--retention", "10m"},
		{"--max-bytes", "-1"},
		{"--fallback-endpoint", "moto"},
		{"--log-level", "loud"},
		{"--log-format", "xml"},
		{"--colour"},
		{"now"},
	} {
		args := append([]string{"up", "--addr", "127.0.0.1:0", "--daemon", "127.0.0.1:0"}, flags...)
		if flags[0] != "--memory" {
			args = append(args, "--memory")
		}
		if code, _, stderr := runBinary(t, args...); code != exitUsage || !strings.HasPrefix(stderr, "radiograph: ") {
			t.Errorf("%v: exit code %d, want %d; %s", flags, code, exitUsage, stderr)
		}
	}
}

func TestUpHoldsTheFoldersLock(t *testing.T) {
	dir := t.TempDir()
	up(t, "--data", dir)
	code, _, stderr := runBinary(t, "up", "--data", dir, "--addr", "127.0.0.1:0", "--daemon", "127.0.0.1:0")
	if code != exitFailure || !strings.Contains(stderr, dir) {
		t.Errorf("a second server on the folder: exit code %d, %s", code, stderr)
	}
}

// A clean stop lets a running invocation end and answers it, and keeps what was
// written.
func TestUpDrains(t *testing.T) {
	t.Parallel()
	payments := newPayments(t)
	payments.hold = make(chan struct{})
	dir := t.TempDir()
	p := up(t, "--data", dir)
	c := p.client()
	if err := deployDemo(t.Context(), c, binary, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	type result struct {
		inv *invocation
		err error
	}
	answered := make(chan result, 1)
	header := radiograph.TraceHeader{Root: radiograph.NewTraceID(time.Now()), Sampled: radiograph.SampledYes}
	go func() {
		inv, err := c.invoke(context.Background(), demoFunction, payments.order(1), invokeOptions{traceHeader: header.String()})
		answered <- result{inv, err}
	}()
	select {
	case <-payments.charged: // the function runs and waits for the provider
	case r := <-answered:
		t.Fatalf("answered too early: %+v, %v", r.inv, r.err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the drain", func() bool {
		_, err := c.health(t.Context())
		var answer *apiError
		return errors.As(err, &answer) && answer.Status == http.StatusServiceUnavailable
	})
	if _, err := c.invoke(t.Context(), demoFunction, payments.order(2), invokeOptions{}); err == nil {
		t.Error("a new invocation was taken during the drain")
	}
	close(payments.hold)
	if r := <-answered; r.err != nil || r.inv.functionError != "" || !strings.Contains(string(r.inv.payload), `"paid":true`) {
		t.Errorf("the running invocation was answered with %+v, %v", r.inv, r.err)
	}
	if code := p.wait(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	again := up(t, "--data", dir)
	tl, err := again.client().fetchTimeline(t.Context(), header.Root)
	if err != nil {
		t.Fatalf("its trace after the restart: %v", err)
	}
	if !settled(tl) || len(tl.Rows) < 5 {
		t.Errorf("its trace is not whole: %+v", tl.Rows)
	}
}

// A drain has an end, whatever a function does.
func TestUpEndsTheDrain(t *testing.T) {
	t.Parallel()
	payments := newPayments(t)
	payments.hold = make(chan struct{})
	defer close(payments.hold)
	p := up(t)
	c := p.client()
	if err := deployDemo(t.Context(), c, binary, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() {
		inv, err := c.invoke(context.Background(), demoFunction, payments.order(1), invokeOptions{})
		answered <- fmt.Sprintf("%+v, %v", inv, err)
	}()
	select {
	case <-payments.charged:
	case early := <-answered:
		t.Fatalf("answered too early: %s", early)
	}
	began := time.Now()
	if code := p.interrupt(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	// The drain, answers on their way out, the kill: 7 s on a machine with nothing else to do.
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the stop took %s", took)
	}
	<-answered
}

// Connections that send half a request are let go.
func TestUpSurvivesHalfOpenConnections(t *testing.T) {
	t.Parallel()
	p := up(t)
	address := strings.TrimPrefix(p.Endpoint, "http://")
	for i := range 200 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			fmt.Fprintf(conn, "POST /TraceSegments HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n")
		} else {
			fmt.Fprintf(conn, "POST /TraceSegments HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		}
	}
	if _, err := p.client().health(t.Context()); err != nil {
		t.Error(err)
	}
	if code := p.interrupt(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}

// payments is a provider that charges every order, and tells which.
type payments struct {
	url     string
	charged chan int
	hold    chan struct{} // when set, answers wait until it is closed
}

func newPayments(t testing.TB) *payments {
	p := &payments{charged: make(chan int, 10000)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/charges/"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		p.charged <- n
		if p.hold != nil {
			<-p.hold
		}
		_, _ = io.WriteString(w, "charged\n")
	}))
	t.Cleanup(srv.Close)
	p.url = srv.URL
	return p
}

// order is the demo function's event for an order of this provider.
func (p *payments) order(n int) []byte {
	return fmt.Appendf(nil, `{"order":%d,"provider":%q}`, n, p.url)
}

// waitFor polls until a condition holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(readyWait); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come within %s", what, readyWait)
		}
	}
}
