package sandbox

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// bench is a Runtime API without a process: the test plays the runtime.
type bench struct {
	t   testing.TB
	api *runtimeAPI

	mu     sync.Mutex
	events []radiograph.EnvironmentEvent
	asked  chan struct{} // one value for each RuntimeAskedNext
}

func newBench(t testing.TB) *bench {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, asked: make(chan struct{}, 1000)}
	b.api = newRuntimeAPI(l, func(ev radiograph.EnvironmentEvent) {
		b.mu.Lock()
		b.events = append(b.events, ev)
		b.mu.Unlock()
		if ev.Kind == radiograph.RuntimeAskedNext {
			b.asked <- struct{}{}
		}
	}, func() int { return 7 }, slog.New(slog.DiscardHandler))
	served := make(chan struct{})
	go func() { defer close(served); b.api.serve() }()
	t.Cleanup(func() { b.api.close(); <-served })
	return b
}

// dial opens a connection that ends with the test.
func (b *bench) dial() net.Conn {
	b.t.Helper()
	c, err := net.Dial("tcp", b.api.listener.Addr().String())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// call sends one raw request on a connection of its own and returns the answer.
func (b *bench) call(raw string) (status int, body string) {
	b.t.Helper()
	c := b.dial()
	defer c.Close()
	return roundTrip(b.t, c, bufio.NewReader(c), raw)
}

func roundTrip(t testing.TB, c net.Conn, r *bufio.Reader, raw string) (status int, body string) {
	t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("no answer to %.100q: %v", raw, err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}

// running brings the runtime to its first invocation, "id".
func (b *bench) running() {
	b.t.Helper()
	c := b.dial()
	if _, err := io.WriteString(c, get(nextPath)); err != nil {
		b.t.Fatal(err)
	}
	<-b.asked
	if err := b.api.deliver(&radiograph.RuntimeEvent{RequestID: "id", Payload: []byte(`{}`)}); err != nil {
		b.t.Fatal(err)
	}
	if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatal(resp, err)
	}
}

func (b *bench) kinds() (kinds []radiograph.EnvironmentEventKind) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, ev := range b.events {
		kinds = append(kinds, ev.Kind)
	}
	return kinds
}

func (b *bench) last() radiograph.EnvironmentEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.events[len(b.events)-1]
}

func get(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n" }

func postTo(path, body string, headers ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n", path, len(body))
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return b.String() + "\r\n" + body
}

const (
	responsePath = invocationPrefix + "id/response"
	errorPath    = invocationPrefix + "id/error"
)

func TestRuntimeAPIRefusals(t *testing.T) {
	illegal := func(from, to string) string {
		return `{"errorMessage":"State transition from ` + from + ` to ` + to + ` failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}`
	}
	const wrongID = `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}`
	for _, c := range []struct {
		name   string
		before []string // calls that succeed
		runs   bool     // an invocation runs
		call   string
		status int
		body   string // "": any
	}{
		{"response before next", nil, false, postTo(responsePath, "{}"), 400, wrongID},
		{"response to another id", nil, true, postTo(invocationPrefix+"other/response", "{}"), 400, wrongID},
		{"response to no id", nil, true, postTo(invocationPrefix+"/response", "{}"), 400, wrongID},
		{"error to another id", nil, true, postTo(invocationPrefix+"other/error", "{}"), 400, wrongID},
		{"two responses", []string{postTo(responsePath, "{}")}, true, postTo(responsePath, "{}"), 403, illegal("RuntimeResponseSentState", "InvocationResponse")},
		{"error after response", []string{postTo(responsePath, "{}")}, true, postTo(errorPath, "{}"), 403, illegal("RuntimeResponseSentState", "InvocationErrorResponse")},
		{"response after error", []string{postTo(errorPath, "{}")}, true, postTo(responsePath, "{}"), 403, illegal("RuntimeResponseSentState", "InvocationResponse")},
		{"next without a response", nil, true, get(nextPath), 403, illegal("Running", "Ready")},
		{"init error while running", nil, true, postTo(initErrorPath, "{}"), 403, illegal("Running", "InitError")},
		{"init error after a response", []string{postTo(responsePath, "{}")}, true, postTo(initErrorPath, "{}"), 403, illegal("RuntimeResponseSentState", "InitError")},
		{"two init errors", []string{postTo(initErrorPath, "{}")}, false, postTo(initErrorPath, "{}"), 403, illegal("InitError", "InitError")},
		{"next after init error", []string{postTo(initErrorPath, "{}")}, false, get(nextPath), 403, illegal("InitError", "Ready")},
		{"response too large", nil, true, postTo(responsePath, strings.Repeat("x", maxResponse+1)), 413, `{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}`},
		{"streamed response too large", nil, true, chunked(responsePath, strings.Repeat("x", maxResponse+1)), 413, ""},
		{"error too large", nil, true, postTo(errorPath, strings.Repeat("x", maxResponse+1)), 413, ""},
		{"init error too large", nil, false, postTo(initErrorPath, strings.Repeat("x", maxResponse+1)), 413, ""},
		{"unknown response mode", nil, true, postTo(responsePath, "{}", "Lambda-Runtime-Function-Response-Mode: odd"), 400, `{"errorMessage":"Invalid response mode header","errorType":"InvalidFunctionResponseMode"}`},
		{"broken chunks", nil, true, "POST " + responsePath + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, `{"errorMessage":"HTTP request detected as truncated","errorType":"TruncatedHTTPRequest"}`},
		{"POST next", nil, false, postTo(nextPath, ""), 405, ""},
		{"GET response", nil, true, get(responsePath), 405, ""},
		{"GET init error", nil, false, get(initErrorPath), 405, ""},
		{"unknown path", nil, false, get("/2018-06-01/runtime/invocation/id/other"), 404, ""},
		{"root", nil, false, get("/"), 404, ""},
		{"extension", nil, false, postTo("/2020-01-01/extension/register", "{}"), 403, `{"errorMessage":"This server does not run extensions","errorType":"Extension.RegistrationClosed"}`},
		{"telemetry", nil, false, "PUT /2022-07-01/telemetry HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}", 404, ""},
		{"SnapStart", nil, false, get("/2018-06-01/runtime/restore/next"), 404, ""},
		{"a web page", nil, false, "GET " + nextPath + " HTTP/1.1\r\nHost: h\r\nOrigin: http://evil.example\r\n\r\n", 403, ""},
		{"not HTTP", nil, false, "hello\r\n\r\n", 400, `{"errorMessage":"Not an HTTP request","errorType":"InvalidRequest"}`},
		{"endless head", nil, false, "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", maxHead), 431, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if c.runs {
				b.running()
			}
			for _, raw := range c.before {
				if status, body := b.call(raw); status != http.StatusAccepted || body != "{\"status\":\"OK\"}\n" {
					t.Fatalf("got %d %s", status, body)
				}
			}
			events := len(b.kinds())
			status, body := b.call(c.call)
			if status != c.status || c.body != "" && body != c.body {
				t.Errorf("got %d %s\nwant %d %s", status, body, c.status, c.body)
			}
			if !strings.Contains(body, `"errorType":`) {
				t.Errorf("%s is no error body", body)
			}
			if status == 403 && len(b.kinds()) != events {
				t.Errorf("a refused call made an event: %v", b.kinds())
			}
		})
	}
}

func chunked(path, body string, headersAndTrailers ...string) string {
	var head, tail strings.Builder
	for _, h := range headersAndTrailers {
		name, _, _ := strings.Cut(h, ":")
		fmt.Fprintf(&head, "Trailer: %s\r\n", name)
		tail.WriteString(h + "\r\n")
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n%s\r\n%x\r\n%s\r\n0\r\n%s\r\n", path, head.String(), len(body), body, tail.String())
}

func TestResponses(t *testing.T) {
	failure := base64.StdEncoding.EncodeToString([]byte(`{"errorMessage":"late","errorType":"E"}`))
	for _, c := range []struct {
		name, call string
		want       radiograph.EnvironmentEvent
	}{
		{"buffered", postTo(responsePath, `"x"`), radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, Payload: []byte(`"x"`)}},
		{"empty", postTo(responsePath, ""), radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse}},
		{"chunked, as aws-lambda-go sends it", chunked(responsePath, `"x"`), radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, Payload: []byte(`"x"`)}},
		{
			"stream that fails", chunked(responsePath, `"x`, "Lambda-Runtime-Function-Error-Type: Function.Late", "Lambda-Runtime-Function-Error-Body: "+failure),
			radiograph.EnvironmentEvent{Kind: radiograph.RuntimeError, ErrorType: "Function.Late", Payload: []byte(`{"errorMessage":"late","errorType":"E"}`)},
		},
		{
			"stream that fails without a body", chunked(responsePath, `"x`, "Lambda-Runtime-Function-Error-Type: odd", "Lambda-Runtime-Function-Error-Body: %%%"),
			radiograph.EnvironmentEvent{Kind: radiograph.RuntimeError, ErrorType: "Function.Unknown", Payload: []byte(`{"errorMessage":"The response stream ended with an error","errorType":"Function.Unknown"}`)},
		},
		{"too large", postTo(responsePath, strings.Repeat("x", maxResponse+1)), radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, TooLarge: true}},
		{
			"unknown mode", postTo(responsePath, `"x"`, "Lambda-Runtime-Function-Response-Mode: odd"),
			radiograph.EnvironmentEvent{Kind: radiograph.RuntimeError, ErrorType: "Runtime.InvalidResponseModeHeader", Payload: []byte(`{"errorMessage":"Invalid response mode header","errorType":"Runtime.InvalidResponseModeHeader"}`)},
		},
		{
			"error", postTo(errorPath, `{"e":1}`, "lambda-runtime-function-error-type: Runtime.Odd", `LAMBDA-RUNTIME-FUNCTION-XRAY-ERROR-CAUSE: {"paths":["a.py"]}`),
			radiograph.EnvironmentEvent{Kind: radiograph.RuntimeError, ErrorType: "Runtime.Odd", Payload: []byte(`{"e":1}`), Cause: []byte(`{"paths":["a.py"]}`)},
		},
		{
			"error with cause inside", postTo(errorPath, `{"errorMessage":"m","errorType":"t","stackTrace":["a"],"errorCause":{"paths":["a.py"]}}`, "Content-Type: application/vnd.aws.lambda.error.cause+json; charset=utf-8"),
			radiograph.EnvironmentEvent{Kind: radiograph.RuntimeError, ErrorType: "Function.Unknown", Payload: []byte(`{"errorMessage":"m","errorType":"t","stackTrace":["a"]}`), Cause: []byte(`{"paths":["a.py"]}`)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.running()
			b.call(c.call)
			got := b.last()
			if got.At.IsZero() {
				t.Error("no time")
			}
			got.At = time.Time{}
			if len(got.Payload) == 0 {
				got.Payload = nil
			}
			c.want.RequestID, c.want.MaxMemoryMB = "id", 7
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestNextHeaders: what a runtime reads, in one write, empty headers left out.
func TestNextHeaders(t *testing.T) {
	b := newBench(t)
	c := b.dial()
	if _, err := io.WriteString(c, get(nextPath)); err != nil {
		t.Fatal(err)
	}
	<-b.asked
	if err := b.api.deliver(&radiograph.RuntimeEvent{
		RequestID: "id", Payload: []byte(`{"a":1}`), TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
		Deadline: time.UnixMilli(1700000000123), FunctionARN: "arn:x", ClientContext: "{\n\"a\":1}\r\nX-Evil: 1",
	}); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 4096)
	n, err := c.Read(got)
	if err != nil {
		t.Fatal(err)
	}
	want := "HTTP/1.1 200 OK\r\n" +
		"Content-Type: application/json\r\n" +
		"Lambda-Runtime-Aws-Request-Id: id\r\n" +
		"Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1\r\n" +
		"Lambda-Runtime-Deadline-Ms: 1700000000123\r\n" +
		"Lambda-Runtime-Invoked-Function-Arn: arn:x\r\n" +
		"Lambda-Runtime-Client-Context: { \"a\":1}  X-Evil: 1\r\n" +
		"Content-Length: 7\r\n\r\n{\"a\":1}"
	if d := cmp.Diff(want, string(got[:n])); d != "" {
		t.Error(d)
	}
}

// TestLostConnections: an event is not lost with the connection that asked for it.
func TestLostConnections(t *testing.T) {
	read := func(c net.Conn) string {
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		return resp.Header.Get("Lambda-Runtime-Aws-Request-Id")
	}
	ask := func(b *bench) net.Conn {
		c := b.dial()
		if _, err := io.WriteString(c, get(nextPath)); err != nil {
			t.Fatal(err)
		}
		return c
	}
	waiting := func(b *bench, want int) { // until the API holds so many connections
		for {
			b.api.mu.Lock()
			n := len(b.api.conns)
			b.api.mu.Unlock()
			if n == want {
				return
			}
			runtime.Gosched()
		}
	}
	t.Run("before the event", func(t *testing.T) {
		b := newBench(t)
		first := ask(b)
		<-b.asked
		first.Close()
		waiting(b, 0)
		if err := b.api.deliver(&radiograph.RuntimeEvent{RequestID: "id"}); err != nil {
			t.Fatal(err)
		}
		if got := read(ask(b)); got != "id" {
			t.Errorf("got %q", got)
		}
		if status, _ := b.call(postTo(responsePath, "{}")); status != 202 {
			t.Errorf("status %d", status)
		}
	})
	t.Run("asked twice", func(t *testing.T) {
		b := newBench(t)
		ask(b)
		<-b.asked
		second := ask(b)
		for asker := ""; asker != second.LocalAddr().String(); runtime.Gosched() {
			b.api.mu.Lock()
			asker = b.api.waiter.RemoteAddr().String()
			b.api.mu.Unlock()
		}
		if err := b.api.deliver(&radiograph.RuntimeEvent{RequestID: "id"}); err != nil {
			t.Fatal(err)
		}
		if got := read(second); got != "id" {
			t.Errorf("got %q", got)
		}
		if got := b.kinds(); len(got) != 1 {
			t.Errorf("events %v", got)
		}
	})
	t.Run("in the middle of a response", func(t *testing.T) {
		b := newBench(t)
		b.running()
		c := b.dial()
		if _, err := io.WriteString(c, "POST "+responsePath+" HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345"); err != nil {
			t.Fatal(err)
		}
		c.(*net.TCPConn).CloseWrite()
		if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != 400 {
			t.Errorf("%v, %v", resp, err)
		}
		if status, _ := b.call(postTo(responsePath, "{}")); status != 202 {
			t.Errorf("second try: status %d", status)
		}
	})
	t.Run("a request before the answer", func(t *testing.T) {
		b := newBench(t)
		c := ask(b)
		<-b.asked
		if _, err := io.WriteString(c, get(pingPath)); err != nil {
			t.Fatal(err)
		}
		waiting(b, 0)
	})
}

func TestConnectionReuse(t *testing.T) {
	b := newBench(t)
	c := b.dial()
	r := bufio.NewReader(c)
	if _, err := io.WriteString(c, get(nextPath)); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		<-b.asked
		id := strconv.Itoa(i)
		if err := b.api.deliver(&radiograph.RuntimeEvent{RequestID: id, Payload: []byte(id)}); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != id {
			t.Fatalf("got %q, %v", body, err)
		}
		if status, _ := roundTrip(t, c, r, postTo(invocationPrefix+id+"/response", "{}")); status != 202 {
			t.Fatalf("status %d", status)
		}
		if _, err := io.WriteString(c, get(nextPath)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExpectContinue(t *testing.T) {
	b := newBench(t)
	b.running()
	c := b.dial()
	r := bufio.NewReader(c)
	if _, err := io.WriteString(c, "POST "+responsePath+" HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if line, err := r.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if status, _ := roundTrip(t, c, r, "{}"); status != 202 {
		t.Errorf("status %d", status)
	}
}

// TestPanic: a panic is one call's 500, which tells the runtime to exit.
func TestPanic(t *testing.T) {
	b := newBench(t)
	b.running()
	b.api.settle = func() int { panic("ours") }
	if status, body := b.call(postTo(responsePath, "{}")); status != 500 || !strings.Contains(body, `"errorType":"InternalServerError"`) {
		t.Errorf("got %d %s", status, body)
	}
	if status, _ := b.call(get(pingPath)); status != 200 {
		t.Errorf("afterwards: status %d", status)
	}
}

func TestConnectionLimit(t *testing.T) {
	b := newBench(t)
	for range maxConns {
		c := b.dial()
		roundTrip(t, c, bufio.NewReader(c), get(pingPath))
	}
	c := b.dial()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("connection %d was accepted", maxConns+1)
	}
}

// FuzzRuntimeAPI sends arbitrary calls in arbitrary states.
func FuzzRuntimeAPI(f *testing.F) {
	f.Add([]byte("GET "+nextPath), byte(0), []byte("{}"), "X: y")
	f.Add([]byte("POST "+responsePath), byte(3), []byte("{}"), "Lambda-Runtime-Function-Response-Mode: streaming")
	f.Add([]byte("POST "+errorPath), byte(3), []byte(`{"errorMessage":""}`), `Lambda-Runtime-Function-XRay-Error-Cause: {"exceptions":[{"stack":[{"line":null}]}]}`)
	f.Add([]byte("POST "+errorPath), byte(3), []byte(`{"errorCause":{"paths":["x"]}}`), "Content-Type: application/vnd.aws.lambda.error.cause+json")
	f.Add([]byte("POST "+initErrorPath), byte(0), []byte(`[]`), "Lambda-Runtime-Function-Error-Type: Runtime.X")
	f.Add([]byte("PUT /2022-07-01/telemetry"), byte(2), []byte(""), "Transfer-Encoding: chunked")
	f.Add([]byte("CONNECT *"), byte(6), []byte("5\r\nhello\r\n0\r\n\r\n"), "Transfer-Encoding: chunked")
	f.Fuzz(func(t *testing.T, call []byte, state byte, body []byte, header string) {
		l := &oneConn{}
		emitted := 0
		api := newRuntimeAPI(l, func(ev radiograph.EnvironmentEvent) {
			emitted++
			if len(ev.Cause) > maxCause {
				t.Errorf("cause of %d bytes", len(ev.Cause))
			}
		}, func() int { return 0 }, slog.New(slog.DiscardHandler))
		api.state = runtimeState(state) % (stateResponseSent + 1)
		api.current = "id"
		before := api.state
		server, client := net.Pipe()
		c := &apiConn{Conn: server, head: &headReader{r: server}}
		c.in = bufio.NewReader(c.head)
		api.conns[c] = struct{}{}
		done := make(chan struct{})
		go func() { defer close(done); api.serveConn(c) }()
		go func() {
			_, _ = fmt.Fprintf(client, "%s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n%s\r\n\r\n", call, len(body), header)
			_, _ = client.Write(body)
			_, _ = client.Write([]byte("GET " + pingPath + " HTTP/1.1\r\nConnection: close\r\n\r\n"))
		}()
		_ = client.SetReadDeadline(time.Now().Add(time.Second)) // the call may promise more than it sends
		r := bufio.NewReader(client)
		resp, err := http.ReadResponse(r, nil)
		if err == nil {
			switch resp.StatusCode {
			case 100, 200, 202, 400, 403, 404, 405, 413, 431:
			default:
				t.Errorf("status %d to %q", resp.StatusCode, call)
			}
			_, _ = io.Copy(io.Discard, r)
		}
		client.Close()
		<-done
		if api.state == before && emitted > 0 && before != stateReady {
			t.Errorf("%d events without a change of state %s", emitted, before)
		}
		if len(api.conns) != 0 || api.waiter != nil {
			t.Error("a connection is left")
		}
	})
}

// oneConn is a listener that never accepts.
type oneConn struct{ net.Listener }

// BenchmarkRuntimeRoundTrip is one invocation as the runtime's side and ours
// spend it: deliver, event, response, next.
func BenchmarkRuntimeRoundTrip(b *testing.B) {
	for _, size := range []int{100, 100 << 10} {
		b.Run("payload="+strconv.Itoa(size), func(b *testing.B) {
			x := newBench(b)
			c := x.dial()
			_ = c.SetDeadline(time.Time{})
			r := bufio.NewReader(c)
			next, response := []byte(get(nextPath)), []byte(postTo(responsePath, `"ok"`))
			ev := &radiograph.RuntimeEvent{RequestID: "id", Payload: bytes.Repeat([]byte("x"), size), TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", Deadline: time.Now()}
			go func() {
				for {
					if _, err := c.Write(next); err != nil {
						return
					}
					for range 2 {
						resp, err := http.ReadResponse(r, nil)
						if err != nil {
							return
						}
						_, _ = io.Copy(io.Discard, resp.Body)
						if resp.StatusCode == http.StatusOK {
							_, _ = c.Write(response)
						}
					}
				}
			}()
			b.ReportAllocs()
			for b.Loop() {
				<-x.asked
				if err := x.api.deliver(ev); err != nil {
					b.Fatal(err)
				}
				x.mu.Lock()
				x.events = x.events[:0]
				x.mu.Unlock()
			}
			<-x.asked
		})
	}
}
