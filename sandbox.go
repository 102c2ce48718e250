package radiograph

import (
	"context"
	"net/netip"
	"time"
)

// Credentials are a role session's keys.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// EnvironmentSpec says which environment to start.
type EnvironmentSpec struct {
	ID          string // for logs and the log stream's name
	Function    *Function
	Credentials Credentials
	CodePath    string // the zip file
	LogStream   string
}

// Sandbox starts environments. Implemented by package sandbox.
type Sandbox interface {
	// Start makes an environment and begins its Initialization. It returns an
	// error only when no process could be started; everything later is an event.
	// An Error whose Code begins with "Runtime." (Runtime.InvalidEntrypoint) is
	// the function's own fault, one of KindUnsupported says which runtime cannot
	// be had here and what it lacks. ctx bounds the start, not the environment's
	// life.
	Start(ctx context.Context, spec *EnvironmentSpec) (Environment, error)
}

// Environment is one function process with what belongs to it. It runs one
// invocation at a time. Its methods may be called from any goroutine.
type Environment interface {
	// Events yields what happens, in order. It is closed after EnvironmentExited,
	// when nothing of the environment is left.
	Events() <-chan EnvironmentEvent
	// Deliver hands one event to the runtime, which must have asked for it
	// (RuntimeAskedNext). From now on datagrams carry the stamp.
	Deliver(ev *RuntimeEvent, stamp Stamp) error
	// Drain returns when every datagram sent before the call has entered the
	// Sink or has been dropped, and what has come since the last Drain. After
	// EnvironmentExited it reports what came last.
	Drain(ctx context.Context) DatagramReport
	// Stop ends every process of the environment. It does not wait; Events
	// closes when all is gone.
	Stop(reason string)
}

// RuntimeEvent is one invocation as a runtime gets it.
type RuntimeEvent struct {
	RequestID     string
	Payload       []byte
	TraceHeader   string // Lambda-Runtime-Trace-Id
	Deadline      time.Time
	FunctionARN   string // as invoked, with its qualifier
	ClientContext string // JSON text, or ""
}

// EnvironmentEventKind is a typed happening in an environment.
type EnvironmentEventKind uint8

// The happenings. The order in an environment's life is: ProcessStarted; then
// RuntimeAskedNext or RuntimeInitError; after each Deliver RuntimeResponse or
// RuntimeError, then RuntimeAskedNext; at any moment LogLine and
// EnvironmentExited. A line that was written before the runtime called comes
// before what the call tells.
const (
	ProcessStarted    EnvironmentEventKind = iota
	RuntimeAskedNext                       // initialization or the last invocation is over
	RuntimeInitError                       // Payload is the body, Cause the X-Ray cause
	RuntimeResponse                        // Payload
	RuntimeError                           // Payload, ErrorType, Cause
	LogLine                                // Payload is one line without its newline
	EnvironmentExited                      // ExitReason, OutOfMemory
)

// EnvironmentEvent is one happening. At carries a monotonic reading.
type EnvironmentEvent struct {
	Kind        EnvironmentEventKind
	At          time.Time
	RequestID   string
	Payload     []byte
	TooLarge    bool   // RuntimeResponse: over the size limit; Payload is empty
	ErrorType   string // Lambda-Runtime-Function-Error-Type
	Cause       []byte // Lambda-Runtime-Function-XRay-Error-Cause, checked JSON, or nil
	ExitReason  string // "exit status 1", "signal: killed"; "" for status 0
	OutOfMemory bool
	MaxMemoryMB int // most memory used so far; 0 when not known
}

// DatagramReport is what an environment's daemon did since the last report.
type DatagramReport struct {
	Datagrams, Bytes int
	Dropped          []string // reasons: rights, rejected documents, memory
}

// DaemonSpec says for whom an environment's daemon works.
type DaemonSpec struct {
	Tenant     Tenant
	RoleARN    string
	Session    Credentials
	MemorySize int // the function's memory, MB
	Listen     netip.Addr
}

// EnvironmentDaemon is the X-Ray daemon of one environment.
type EnvironmentDaemon interface {
	Addr() netip.AddrPort // UDP and TCP, the same port
	Stamp(Stamp)
	Drain(ctx context.Context) DatagramReport
	Close() error // flushes what it holds
}

// DaemonStarter starts an environment's daemon. Implemented by package daemon,
// handed to sandbox by the program.
type DaemonStarter interface {
	StartDaemon(ctx context.Context, spec DaemonSpec) (EnvironmentDaemon, error)
}
