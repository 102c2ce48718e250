package sandbox

import (
	"bufio"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"radiograph"
)

const (
	// maxHead bounds a request's line and headers; an X-Ray cause travels in one.
	maxHead = 1 << 20
	// maxConns bounds a runtime's open connections.
	maxConns = 64
	// maxInlineWrite is what a socket takes at once whether or not its reader reads.
	maxInlineWrite = 32 << 10
	// maxRest is how much of a body nobody wanted is read to keep the connection.
	maxRest = 256 << 10
)

// apiConn is one connection of the runtime. The server is our own for its
// latency: an event leaves in one write, from the goroutine that delivers it,
// while the connection's own goroutine already waits for the next request and so
// notices when the runtime hangs up.
type apiConn struct {
	net.Conn
	head *headReader
	in   *bufio.Reader
	out  []byte

	owed    bool // guarded by runtimeAPI.mu: the next event is not written yet
	writing sync.Mutex
}

// serve accepts connections until the listener is closed.
func (a *runtimeAPI) serve() {
	for {
		nc, err := a.listener.Accept()
		if err != nil {
			return
		}
		c := &apiConn{Conn: nc, head: &headReader{r: nc}}
		c.in = bufio.NewReader(c.head)
		a.mu.Lock()
		if a.closed || len(a.conns) == maxConns {
			a.mu.Unlock()
			_ = nc.Close() // the caller sees it closed
			continue
		}
		a.conns[c] = struct{}{}
		a.done.Go(func() { a.serveConn(c) })
		a.mu.Unlock()
	}
}

func (a *runtimeAPI) serveConn(c *apiConn) {
	defer a.hungUp(c)
	for {
		c.head.left = maxHead
		r, err := http.ReadRequest(c.in)
		if err != nil {
			c.refuse(err)
			return
		}
		c.head.left = math.MaxInt64
		a.mu.Lock()
		owed := c.owed
		a.mu.Unlock()
		if owed {
			return // a second request before the first was answered
		}
		if strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
			if _, err := io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
		}
		if r.Method == http.MethodGet {
			// The answer may be written from elsewhere: nothing can be read after it.
			if n, err := io.CopyN(io.Discard, r.Body, maxRest); n == maxRest || !errors.Is(err, io.EOF) {
				return
			}
		}
		answer := a.answer(c, r)
		if answer == nil {
			continue
		}
		rest, err := io.CopyN(io.Discard, r.Body, maxRest)
		last := answer.close || r.Close || rest == maxRest || !errors.Is(err, io.EOF)
		if c.writeAnswer(answer, r.Method == http.MethodHead, last) != nil || last {
			return
		}
	}
}

// answer handles one call. A panic stays within it.
func (a *runtimeAPI) answer(c *apiConn, r *http.Request) (got *answer) {
	defer func() {
		if p := recover(); p != nil {
			a.log.Error("a call of the Runtime API panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			got = internalError
		}
	}()
	return a.handle(c, r)
}

// hungUp forgets a connection.
func (a *runtimeAPI) hungUp(c *apiConn) {
	_ = c.Close() // nothing more is expected of it
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.conns, c)
	if a.waiter == c {
		a.waiter = nil
	}
}

// close ends every connection and returns when no goroutine is left.
func (a *runtimeAPI) close() {
	_ = a.listener.Close() // it is ours: the error could only be a second close
	a.mu.Lock()
	a.closed = true
	for c := range a.conns {
		c.hangUp()
	}
	a.mu.Unlock()
	a.done.Wait()
}

func (c *apiConn) hangUp() { _ = c.Close() }

// refuse answers what is no request, when its sender is still there.
func (c *apiConn) refuse(err error) {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
	case errors.Is(err, errHeadTooLarge):
		_ = c.writeAnswer(refusal(http.StatusRequestHeaderFieldsTooLarge, "RequestEntityTooLarge", "The request's headers are too large"), false, true)
	default:
		_ = c.writeAnswer(refusal(http.StatusBadRequest, "InvalidRequest", "Not an HTTP request"), false, true)
	}
}

// writeAnswer writes head and body at once.
func (c *apiConn) writeAnswer(a *answer, headOnly, last bool) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	b := append(c.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(a.status)...)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(a.body)), 10)
	if last {
		b = append(b, "\r\nConnection: close"...)
	}
	b = append(b, "\r\n\r\n"...)
	if !headOnly {
		b = append(b, a.body...)
	}
	c.out = b
	_, err := c.Write(b)
	return err
}

// nextEvent is an event in the form the runtime gets it.
type nextEvent struct {
	requestID string
	head      []byte
	payload   []byte
}

func newNextEvent(ev *radiograph.RuntimeEvent) *nextEvent {
	b := make([]byte, 0, 512)
	header := func(name, value string) {
		if value == "" {
			return
		}
		b = append(b, name...)
		b = append(b, ": "...)
		for i := range len(value) {
			c := value[i]
			if c < ' ' || c == 0x7f {
				c = ' ' // a client context may be JSON on several lines
			}
			b = append(b, c)
		}
		b = append(b, "\r\n"...)
	}
	b = append(b, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"...)
	header("Lambda-Runtime-Aws-Request-Id", ev.RequestID)
	header("Lambda-Runtime-Trace-Id", ev.TraceHeader)
	if !ev.Deadline.IsZero() {
		header("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(ev.Deadline.UnixMilli(), 10))
	}
	header("Lambda-Runtime-Invoked-Function-Arn", ev.FunctionARN)
	header("Lambda-Runtime-Client-Context", ev.ClientContext)
	header("Content-Length", strconv.Itoa(len(ev.Payload)))
	b = append(b, "\r\n"...)
	return &nextEvent{requestID: ev.RequestID, head: b, payload: ev.Payload}
}

func (e *nextEvent) size() int { return len(e.head) + len(e.payload) }

func (c *apiConn) writeEvent(e *nextEvent) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if e.size() <= maxInlineWrite {
		c.out = append(append(c.out[:0], e.head...), e.payload...)
		_, err := c.Write(c.out)
		return err
	}
	parts := net.Buffers{e.head, e.payload} // one writev
	_, err := parts.WriteTo(c.Conn)
	return err
}

var errHeadTooLarge = errors.New("the request's head is too large")

// headReader bounds what is read until a request's head is parsed.
type headReader struct {
	r    io.Reader
	left int64
}

func (h *headReader) Read(b []byte) (int, error) {
	if h.left <= 0 {
		return 0, errHeadTooLarge
	}
	if int64(len(b)) > h.left {
		b = b[:h.left]
	}
	n, err := h.r.Read(b)
	h.left -= int64(n)
	return n, err
}
