package lambda

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"radiograph"
)

const (
	// initLimit is how long the Initialization phase may take before it is given
	// up and repeated inside the invocation (Lambda developer guide).
	initLimit = 10 * time.Second
	// startLimit bounds the start of a process, which may have to fetch a runtime
	// first.
	startLimit = 10 * time.Minute
	// sessionLife is how long an environment's keys hold; environmentLife ends the
	// environment well before.
	sessionLife     = 12 * time.Hour
	environmentLife = 11 * time.Hour
)

// environment is one started process of a fleet. It belongs to one holder at a
// time: the execution it works for or, while idle, its watcher. Only the holder
// reads its events and touches the fields below fleet.
type environment struct {
	fleet     *fleet
	process   radiograph.Environment
	startedAt time.Time // when its start began

	initialization span // zero end: not over
	initReported   bool // the Initialization subsegment has been written
	maxMemoryMB    int
	dead           bool // it has exited

	// The idle period.
	claimed chan struct{} // closed by who takes the environment from its watcher
	watched chan struct{} // closed when the watcher has let go
	lru     *list.Element // its place among the idle; guarded by pool.mu
}

// span is a stretch of time; a zero end means that it is not over.
type span struct {
	start, end time.Time
}

func (sp span) over() bool { return !sp.end.IsZero() }

// start starts an environment in a slot the caller holds. It returns an error
// when there is no process; the slot is the caller's still.
func (s *Service) start(ctx context.Context, f *fleet) (*environment, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	fn := f.fn
	startedAt := s.now()
	keys, err := s.cfg.Roles.Issue(ctx, fn.Tenant.Account, fn.Role, fn.Name, sessionLife)
	if kind := radiograph.ErrorKind(err); err != nil && (kind == radiograph.KindDenied || kind == radiograph.KindNotFound) {
		refusal := exception(radiograph.KindDenied, "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.")
		refusal.Err = err
		return nil, refusal
	}
	if err != nil {
		return nil, fmt.Errorf("issue keys of %s: %w", fn.Role, err)
	}
	path, err := s.cfg.Code.CodePath(ctx, fn.CodeSHA256)
	if err != nil {
		// Nothing the caller can mend: the store has lost what it acknowledged.
		return nil, fmt.Errorf("find the code of %s: %s", fn.ARN(), err)
	}
	id := environmentID()
	process, err := s.cfg.Sandbox.Start(ctx, &radiograph.EnvironmentSpec{
		ID:          id,
		Function:    fn,
		Credentials: keys,
		CodePath:    path,
		LogStream:   startedAt.UTC().Format("2006/01/02") + "/[" + fn.Version + "]" + id,
	})
	if err != nil {
		return nil, err
	}
	return &environment{fleet: f, process: process, startedAt: startedAt}, nil
}

// environmentID is 32 hex digits, as log streams carry them.
func environmentID() string {
	return radiograph.NewSegmentID().String() + radiograph.NewSegmentID().String()
}

// see notes what any holder must know of an event.
func (e *environment) see(ev radiograph.EnvironmentEvent) {
	e.maxMemoryMB = max(e.maxMemoryMB, ev.MaxMemoryMB)
	if ev.Kind == radiograph.EnvironmentExited {
		e.dead = true
		if ev.OutOfMemory {
			e.maxMemoryMB = e.fleet.fn.MemorySize
		}
	}
}

// acquire gets an environment, warm or starting.
func (x *execution) acquire() {
	env, reset, err := x.s.pool.acquire(x.life, x.fleet)
	switch {
	case err != nil:
		x.fail(err)
	case env != nil:
		x.env, x.phase, x.cold, x.inside = env, delivering, false, false
		x.begin = x.s.now()
	default:
		x.inside = x.inside || reset
		x.start()
	}
}

// start starts an environment in the slot at hand.
func (x *execution) start() {
	x.cold = true
	began := x.s.now()
	env, err := x.s.start(x.life, x.fleet)
	if err != nil {
		x.s.pool.freeSlot()
		x.failStart(began, err)
		return
	}
	x.env, x.phase = env, initializing
	x.tail.initStart(x.fn)
	if x.inside {
		x.begin = began
		x.limit = began.Add(x.timeout())
		return
	}
	x.limit = x.s.now().Add(initLimit)
}

// failStart ends an execution that has no process. A function that names no
// entry point fails by itself; for the rest the caller gets the service's own
// exceptions.
func (x *execution) failStart(began time.Time, err error) {
	var known *radiograph.Error
	if !errors.As(err, &known) {
		known = &radiograph.Error{Kind: radiograph.KindInternal}
	}
	var refusal *radiograph.Error
	switch {
	case x.life.Err() != nil:
		refusal = shuttingDown()
	case strings.HasPrefix(known.Code, "Runtime."):
		x.begin, x.answered = began, x.s.now()
		x.functionFailed(known.Code, "RequestId: "+x.event.RequestID+" Error: "+known.Message)
		x.end()
		return
	case known.Code == "AccessDeniedException":
		refusal = known
	case known.Kind == radiograph.KindUnsupported:
		refusal = exception(radiograph.KindUnavailable, "InvalidRuntimeException", "%s", known.Message)
	case known.Kind == radiograph.KindInvalid:
		refusal = exception(radiograph.KindUnavailable, "InvalidZipFileException", "%s", known.Message)
	case known.Kind == radiograph.KindUnavailable:
		refusal = exception(radiograph.KindUnavailable, "ServiceException", "%s", known.Message)
	default:
		refusal = exception(radiograph.KindInternal, "ServiceException", "The environment could not be started.")
		x.s.log.Error("an environment cannot be started", "function", x.fn.ARN(), "request_id", x.event.RequestID, "err", err)
	}
	if refusal != known {
		refusal.Err = err
	}
	x.fail(refusal)
}

// repeatInitialization gives up a first Initialization and starts another
// environment, in a slot of its own.
func (x *execution) repeatInitialization() {
	x.tail.linef("INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: timeout", milliseconds(initLimit))
	x.s.pool.discard(x.env, "its initialization took too long", false)
	x.env, x.phase, x.inside, x.limit = nil, acquiring, true, time.Time{}
}
