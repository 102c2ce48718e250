package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"radiograph"
)

// nextGrace is how long an answer waits for the runtime to ask for its next
// event: then Overhead is over and the function segment complete. It comes
// within a fraction of a millisecond unless the runtime works on after its
// response.
const nextGrace = 20 * time.Millisecond

// drainLimit bounds the wait for an environment's daemon to hand on what it
// received.
const drainLimit = 2 * time.Second

// phase is where an execution is.
type phase uint8

const (
	acquiring    phase = iota // no environment yet
	initializing              // its process has been started
	delivering                // the runtime has asked for an event
	running                   // it works on ours
	responded                 // it has answered, and not yet asked for the next
	over
)

// execution is one run of an event by a function: a state machine that the
// environment's events and three timers drive, on the goroutine of who asked for
// it. It ends with an outcome in any case, and leaves what the segments, the log
// and the decision tell.
type execution struct {
	s     *Service
	life  context.Context // ends when the execution must be given up
	fn    *radiograph.Function
	fleet *fleet
	event radiograph.RuntimeEvent
	trace *traceContext

	// Ids exist before the event is handed over: the runtime's Parent is the
	// Invocation's.
	function, initializationID, invocation, overheadID radiograph.SegmentID

	env    *environment
	phase  phase
	cold   bool      // the environment was started for this execution
	inside bool      // Initialization runs inside the function segment and its timeout
	limit  time.Time // when the phase ends by itself; zero: never

	begin          time.Time // the function segment's start; zero: there is none
	initialization span      // to be drawn in this function segment
	initDuration   time.Duration
	initError      bool      // Initialization failed
	delivered      time.Time // Invocation's start
	answered       time.Time // Invocation's end
	next           time.Time // Overhead's end
	ended          time.Time // the function segment's end

	outcome     outcome
	tail        tail
	maxMemoryMB int
	datagrams   radiograph.DatagramReport
	counted     *concurrency // of the function, while it counts this execution
}

// execution makes an execution of an event by a version.
func (s *Service) execution(life context.Context, v *version, event radiograph.RuntimeEvent, trace *traceContext) *execution {
	x := &execution{
		s: s, life: life, fn: v.fn, fleet: v.fleet, event: event, trace: trace,
		function: radiograph.NewSegmentID(), initializationID: radiograph.NewSegmentID(),
		invocation: radiograph.NewSegmentID(), overheadID: radiograph.NewSegmentID(),
	}
	x.event.TraceHeader = trace.runtimeHeader(x.invocation)
	return x
}

// run brings the execution to its answer. It returns with the phase responded
// when the runtime asked for nothing more within grace (0: wait as long as the
// function's timeout lets it); then finish must be called.
func (x *execution) run(grace time.Duration) {
	if !x.enter() {
		return
	}
	for x.phase == acquiring {
		x.acquire()
		x.drive(grace)
	}
	x.leave()
}

// finish waits for the end of an execution whose answer is out already.
func (x *execution) finish() {
	x.drive(0)
	x.leave()
}

func (x *execution) timeout() time.Duration { return time.Duration(x.fn.Timeout) * time.Second }

// fail ends an execution that ran nothing.
func (x *execution) fail(err error) {
	x.outcome = outcome{err: err}
	x.phase = over
}

// drive takes what happens until the execution is over or, once answered, for
// grace.
func (x *execution) drive(grace time.Duration) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var patience <-chan time.Time
	var armed time.Time
	for x.phase != over && x.phase != acquiring {
		if x.phase == delivering {
			x.deliver()
			continue
		}
		if x.phase == responded && grace > 0 && patience == nil {
			patience = time.After(grace)
		}
		if x.limit != armed {
			timer.Reset(x.limit.Sub(x.s.now()))
			armed = x.limit
		}
		select {
		case ev, ok := <-x.env.process.Events():
			if !ok {
				ev = radiograph.EnvironmentEvent{Kind: radiograph.EnvironmentExited, At: x.s.now()}
			}
			x.step(ev)
		case <-timer.C:
			x.expire(x.limit)
		case <-patience:
			return
		case <-x.life.Done():
			x.abandon(x.s.now())
		}
	}
}

// deliver hands the event to the runtime.
func (x *execution) deliver() {
	x.tail.start(x.event.RequestID, x.fn.Version)
	x.delivered = x.s.now()
	if !x.inside {
		x.limit = x.delivered.Add(x.timeout())
	}
	x.event.Deadline = x.limit
	err := x.env.process.Deliver(&x.event, x.trace.stamp(x.invocation))
	switch {
	case err == nil:
		x.phase = running
		x.drawInitialization()
	case x.cold:
		// Its exit is on the way, or comes now.
		x.s.log.Debug("an event was not delivered", "function", x.fn.ARN(), "request_id", x.event.RequestID, "err", err)
		x.phase = running
		x.drawInitialization()
		x.env.process.Stop("it takes no events")
	default:
		// A warm environment ended in its sleep: nobody has seen this event, so
		// another environment takes it.
		x.s.pool.discard(x.env, "it takes no events", false)
		x.env, x.phase = nil, acquiring
		x.begin, x.delivered, x.limit = time.Time{}, time.Time{}, time.Time{}
		x.tail = tail{}
	}
}

// drawInitialization takes the environment's Initialization into this function
// segment if no earlier one has it: it is written once, with the first traced
// invocation, at the times it had.
func (x *execution) drawInitialization() {
	if x.trace.Recorded && !x.env.initReported {
		x.env.initReported = true
		x.initialization = x.env.initialization
	}
}

// step is the state machine's answer to one event.
func (x *execution) step(ev radiograph.EnvironmentEvent) {
	x.env.see(ev)
	x.maxMemoryMB = x.env.maxMemoryMB
	switch ev.Kind {
	case radiograph.ProcessStarted:
		x.env.initialization.start = ev.At
	case radiograph.LogLine:
		x.tail.line(ev.Payload)
	case radiograph.RuntimeAskedNext:
		x.askedNext(ev.At)
	case radiograph.RuntimeInitError:
		if x.phase == initializing {
			x.initFailed(ev.At)
			x.outcome = failure(ev.Payload, ev.ErrorType, ev.Cause)
			x.end()
		}
	case radiograph.RuntimeResponse:
		if x.answers(ev) {
			x.respond(ev.At)
			x.outcome = outcome{payload: ev.Payload}
			if ev.TooLarge {
				x.functionFailed("Function.ResponseSizeTooLarge", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxResponse))
			}
		}
	case radiograph.RuntimeError:
		if x.answers(ev) {
			x.respond(ev.At)
			x.outcome = failure(ev.Payload, ev.ErrorType, ev.Cause)
		}
	case radiograph.EnvironmentExited:
		x.exited(ev)
	}
}

// answers reports whether ev answers the event this execution delivered.
func (x *execution) answers(ev radiograph.EnvironmentEvent) bool {
	return x.phase == running && (ev.RequestID == "" || ev.RequestID == x.event.RequestID)
}

func (x *execution) respond(at time.Time) {
	x.answered = later(at, x.delivered)
	x.phase = responded
}

func (x *execution) askedNext(at time.Time) {
	switch x.phase {
	case initializing:
		x.env.initialization = span{start: x.initStart(), end: later(at, x.initStart())}
		x.phase = delivering
		if !x.inside {
			x.begin = later(x.s.now(), x.env.initialization.end)
			x.initDuration = x.env.initialization.end.Sub(x.env.initialization.start)
		}
	case running: // it has dropped our event
		x.answered = later(at, x.delivered)
		x.functionFailed("Runtime.ExitError", x.exitMessage(""))
		x.end()
	case responded:
		x.next = later(at, x.answered)
		x.phase, x.ended = over, x.s.now()
		// Sound: the next invocation may have it, once this one's datagrams are in.
		x.drain()
		x.s.pool.release(x.env)
	}
}

// exited ends the execution when its environment is gone.
func (x *execution) exited(ev radiograph.EnvironmentEvent) {
	message := x.exitMessage(ev.ExitReason)
	switch x.phase {
	case initializing:
		x.initFailed(ev.At)
		x.functionFailed("Runtime.ExitError", message)
	case running:
		x.answered = later(ev.At, x.delivered)
		x.functionFailed("Runtime.ExitError", message)
	case responded:
		x.next = later(ev.At, x.answered)
	}
	if x.phase != responded {
		x.tail.linef("%s", message)
		x.tail.line([]byte("Runtime.ExitError"))
	}
	x.end()
}

func (x *execution) exitMessage(reason string) string {
	if reason == "" {
		return "RequestId: " + x.event.RequestID + " Error: Runtime exited without providing a reason"
	}
	return "RequestId: " + x.event.RequestID + " Error: Runtime exited with error: " + reason
}

// expire is what the end of a phase's time does: Initialization is repeated
// inside the invocation, where the function's own timeout bounds it; that one
// ends the execution.
func (x *execution) expire(at time.Time) {
	switch x.phase {
	case initializing:
		if !x.inside {
			x.repeatInitialization()
			return
		}
		x.initFailed(at)
		x.timedOut(at)
	case running:
		x.answered = later(at, x.delivered)
		x.timedOut(at)
	case responded:
		x.next = later(at, x.answered)
	}
	x.end()
}

func (x *execution) timedOut(at time.Time) {
	text := fmt.Sprintf("Task timed out after %d.00 seconds", x.fn.Timeout)
	x.tail.linef("%s %s %s", at.UTC().Format("2006-01-02T15:04:05.000Z"), x.event.RequestID, text)
	x.functionFailed("Sandbox.Timedout", "RequestId: "+x.event.RequestID+" Error: "+text)
}

// abandon gives the execution up: the server ends.
func (x *execution) abandon(at time.Time) {
	switch x.phase {
	case responded:
		x.next = later(at, x.answered)
	case running:
		x.answered = later(at, x.delivered)
		x.outcome = outcome{err: shuttingDown()}
	default:
		x.begin = time.Time{}
		x.outcome = outcome{err: shuttingDown()}
	}
	x.end()
}

// end closes the execution together with its environment, which failed.
func (x *execution) end() {
	x.phase, x.ended = over, x.s.now()
	if x.env == nil {
		return
	}
	x.drain()
	x.s.pool.discard(x.env, "its invocation failed", true)
}

// drain waits for what the environment's daemon has received so far.
func (x *execution) drain() {
	ctx, cancel := context.WithTimeout(x.life, drainLimit)
	defer cancel()
	r := x.env.process.Drain(ctx)
	x.datagrams.Datagrams += r.Datagrams
	x.datagrams.Bytes += r.Bytes
	x.datagrams.Dropped = append(x.datagrams.Dropped, r.Dropped...)
}

// initStart is when Initialization began.
func (x *execution) initStart() time.Time {
	return later(x.env.initialization.start, x.env.startedAt)
}

func (x *execution) initFailed(at time.Time) {
	x.initError = true
	x.env.initialization = span{start: x.initStart(), end: later(at, x.initStart())}
	x.drawInitialization()
	if x.begin.IsZero() {
		x.begin = x.env.initialization.start
	}
	x.answered = x.env.initialization.end
}

// functionFailed makes the outcome an error of the platform's own words.
func (x *execution) functionFailed(errorType, message string) {
	payload, _ := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{errorType, message}) // two strings always marshal
	x.outcome = failure(payload, errorType, nil)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
