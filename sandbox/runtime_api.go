package sandbox

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"radiograph"
)

// maxResponse is the largest response or error body a runtime may post (Lambda
// quotas: 6 MB and 100 bytes).
const maxResponse = 6291556

// The paths of the Runtime API, https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html.
const (
	runtimePrefix    = "/2018-06-01/runtime/"
	invocationPrefix = runtimePrefix + "invocation/"
	nextPath         = invocationPrefix + "next"
	initErrorPath    = runtimePrefix + "init/error"
	pingPath         = "/2018-06-01/ping"
)

// runtimeAPI serves the Runtime API to one environment. It holds the runtime's
// state; what the runtime does leaves as events.
type runtimeAPI struct {
	listener net.Listener
	emit     func(radiograph.EnvironmentEvent)
	// settle is called before an event is emitted that ends something: it takes
	// the log lines that were written before, and tells the memory used.
	settle func() (maxMemoryMB int)
	log    *slog.Logger

	mu      sync.Mutex
	state   runtimeState
	current string     // the id of the invocation that is, or was last, delivered
	waiter  *apiConn   // has asked for the next event and has no answer yet
	kept    *nextEvent // was delivered, but no connection took it
	conns   map[*apiConn]struct{}
	closed  bool

	done sync.WaitGroup
}

func newRuntimeAPI(l net.Listener, emit func(radiograph.EnvironmentEvent), settle func() int, log *slog.Logger) *runtimeAPI {
	return &runtimeAPI{listener: l, emit: emit, settle: settle, log: log, conns: map[*apiConn]struct{}{}}
}

// invocation is the id of the invocation that runs or ran last, or "".
func (a *runtimeAPI) invocation() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current
}

// deliver answers the runtime's next. The caller's goroutine writes it, which
// saves the runtime a wait for another to wake.
func (a *runtimeAPI) deliver(ev *radiograph.RuntimeEvent) error {
	answer := newNextEvent(ev)
	a.mu.Lock()
	if state := a.state; a.closed || state != stateReady || a.kept != nil {
		a.mu.Unlock()
		return radiograph.Errorf(radiograph.KindConflict, "the runtime has not asked for an event: its state is %s", state)
	}
	a.state, a.current = stateRunning, ev.RequestID
	w := a.waiter
	a.waiter = nil
	if w != nil {
		w.owed = false
	} else {
		a.state, a.kept = stateReady, answer // its connection broke; it will ask again
	}
	inline := answer.size() <= maxInlineWrite
	if w != nil && !inline {
		a.done.Go(func() { a.send(w, answer) }) // it may wait for the runtime to read
	}
	a.mu.Unlock()
	if w != nil && inline {
		a.send(w, answer)
	}
	return nil
}

// send writes the event to a connection; when that fails, it keeps it for the
// runtime's next try.
func (a *runtimeAPI) send(c *apiConn, answer *nextEvent) {
	if c.writeEvent(answer) == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.state == stateRunning && a.current == answer.requestID {
		a.state, a.kept = stateReady, answer
	}
}

// answer is what a call gets: a status and a JSON body.
type answer struct {
	status int
	body   string
	close  bool // the connection cannot go on
}

var (
	accepted     = &answer{status: http.StatusAccepted, body: `{"status":"OK"}` + "\n"}
	badRequestID = refusal(http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
	noSuchPath   = refusal(http.StatusNotFound, "InvalidPath", "There is no such call in the Runtime API")
	wrongMethod  = refusal(http.StatusMethodNotAllowed, "InvalidMethod", "This call has another method")
	fromBrowser  = refusal(http.StatusForbidden, "Forbidden", "The Runtime API does not answer browsers")
	tooLarge     = refusal(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (6291556 bytes).")
	truncated    = &answer{http.StatusBadRequest, errorBody("TruncatedHTTPRequest", "HTTP request detected as truncated"), true}
	wrongMode    = refusal(http.StatusBadRequest, "InvalidFunctionResponseMode", "Invalid response mode header")

	// internalError asks the runtime to exit.
	internalError = &answer{http.StatusInternalServerError, errorBody("InternalServerError", "Internal server error"), true}

	noExtensions = refusal(http.StatusForbidden, "Extension.RegistrationClosed", "This server does not run extensions")
	noTelemetry  = refusal(http.StatusNotFound, "Telemetry.NotSupported", "Telemetry API is not supported")
	noSnapStart  = refusal(http.StatusNotFound, "InvalidPath", "SnapStart is not supported")
)

// handle answers one call; nil means that the answer is the next event, which
// has been or will be written by send.
func (a *runtimeAPI) handle(c *apiConn, r *http.Request) *answer {
	if r.Header["Origin"] != nil || r.Header["Sec-Fetch-Site"] != nil {
		return fromBrowser // no runtime sends these; a page must not take an event
	}
	path := r.URL.Path
	switch {
	case path == nextPath:
		if r.Method != http.MethodGet {
			return wrongMethod
		}
		return a.next(c)
	case path == initErrorPath:
		if r.Method != http.MethodPost {
			return wrongMethod
		}
		return a.initError(r)
	case path == pingPath:
		return &answer{status: http.StatusOK, body: "pong"}
	case strings.HasPrefix(path, "/2020-01-01/extension/"):
		return noExtensions
	case path == "/2022-07-01/telemetry", path == "/2020-08-15/logs":
		return noTelemetry
	case strings.HasPrefix(path, runtimePrefix+"restore/"), path == "/2021-04-23/credentials":
		return noSnapStart
	}
	rest, ok := strings.CutPrefix(path, invocationPrefix)
	id, call, _ := strings.Cut(rest, "/")
	switch {
	case !ok || call != "response" && call != "error":
		return noSuchPath
	case r.Method != http.MethodPost:
		return wrongMethod
	case call == "response":
		return a.response(r, id)
	}
	return a.invocationError(r, id)
}

// next notes that the runtime wants an event.
func (a *runtimeAPI) next(c *apiConn) *answer {
	at := time.Now()
	memory := a.settle()
	a.mu.Lock()
	if kept := a.kept; kept != nil {
		a.kept, a.state = nil, stateRunning
		a.mu.Unlock()
		a.send(c, kept)
		return nil
	}
	again := a.state == stateReady
	if err := a.state.to(stateReady); err != nil {
		a.mu.Unlock()
		return forbidden(err)
	}
	if a.waiter != nil {
		a.waiter.hangUp() // the newest call gets the event
	}
	a.waiter, c.owed = c, true
	a.mu.Unlock()
	if !again {
		a.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeAskedNext, At: at, MaxMemoryMB: memory})
	}
	return nil
}

// begin checks the id and moves to the state of an answer being sent.
func (a *runtimeAPI) begin(id string, s runtimeState) *answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if id != a.current || id == "" || a.kept != nil {
		return badRequestID
	}
	if err := a.state.to(s); err != nil {
		return forbidden(err)
	}
	return nil
}

// finish ends the answer: with an event, or, when it was cut off, by going back
// so that the runtime may try again.
func (a *runtimeAPI) finish(ev *radiograph.EnvironmentEvent) {
	if ev != nil {
		ev.MaxMemoryMB = a.settle()
	}
	a.mu.Lock()
	if ev == nil {
		a.state = stateRunning
		a.mu.Unlock()
		return
	}
	a.state = stateResponseSent
	ev.RequestID = a.current
	a.mu.Unlock()
	a.emit(*ev)
}

// response takes an invocation's response, buffered or streamed.
func (a *runtimeAPI) response(r *http.Request, id string) *answer {
	if refused := a.begin(id, stateResponse); refused != nil {
		return refused
	}
	body, err := readBody(r)
	ev := &radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, At: time.Now(), Payload: body}
	switch {
	case errors.Is(err, errTooLarge):
		ev.TooLarge, ev.Payload = true, nil
		a.finish(ev)
		return tooLarge
	case err != nil:
		a.finish(nil)
		return truncated
	case !knownMode(r.Header):
		ev.Kind, ev.ErrorType = radiograph.RuntimeError, "Runtime.InvalidResponseModeHeader"
		ev.Payload = []byte(errorBody(ev.ErrorType, "Invalid response mode header"))
		a.finish(ev)
		return wrongMode
	}
	if failure := r.Trailer.Get(trailerErrorType); failure != "" {
		ev.Kind, ev.ErrorType = radiograph.RuntimeError, errorType(failure)
		ev.Payload = trailerError(r.Trailer, ev.ErrorType)
	}
	a.finish(ev)
	return accepted
}

// invocationError takes the error an invocation ended with.
func (a *runtimeAPI) invocationError(r *http.Request, id string) *answer {
	if refused := a.begin(id, stateErrorResponse); refused != nil {
		return refused
	}
	body, err := readBody(r)
	ev := &radiograph.EnvironmentEvent{Kind: radiograph.RuntimeError, At: time.Now(), ErrorType: errorType(r.Header.Get(headerErrorType))}
	switch {
	case errors.Is(err, errTooLarge):
		ev.Payload = []byte(errorBody(ev.ErrorType, "Exceeded maximum allowed payload size (6291556 bytes)."))
		a.finish(ev)
		return tooLarge
	case err != nil:
		a.finish(nil)
		return truncated
	}
	ev.Payload, ev.Cause = bodyAndCause(r.Header, body)
	a.finish(ev)
	return accepted
}

// initError takes the error initialization ended with.
func (a *runtimeAPI) initError(r *http.Request) *answer {
	a.mu.Lock()
	err := a.state.to(stateInitError)
	a.mu.Unlock()
	if err != nil {
		return forbidden(err)
	}
	body, err := readBody(r)
	ev := radiograph.EnvironmentEvent{Kind: radiograph.RuntimeInitError, At: time.Now(), ErrorType: errorType(r.Header.Get(headerErrorType))}
	refused := accepted
	switch {
	case errors.Is(err, errTooLarge):
		refused = tooLarge
		ev.Payload = []byte(errorBody(ev.ErrorType, "Exceeded maximum allowed payload size (6291556 bytes)."))
	case err != nil: // initialization failed, whatever the rest would have said
		refused = truncated
		ev.Payload = []byte(errorBody(ev.ErrorType, "HTTP request detected as truncated"))
	default:
		ev.Payload, ev.Cause = bodyAndCause(r.Header, body)
	}
	ev.MaxMemoryMB = a.settle()
	a.emit(ev)
	return refused
}

func forbidden(err error) *answer {
	return refusal(http.StatusForbidden, "InvalidStateTransition", err.Error())
}

func refusal(status int, errorType, message string) *answer {
	return &answer{status: status, body: errorBody(errorType, message)}
}
