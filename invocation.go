package radiograph

import (
	"context"
	"time"
)

// InvocationType is how an Invoke is answered.
type InvocationType string

// The invocation types.
const (
	RequestResponse InvocationType = "RequestResponse"
	Event           InvocationType = "Event"
	DryRun          InvocationType = "DryRun"
)

// InvokeRequest asks for one invocation.
type InvokeRequest struct {
	Tenant        Tenant
	Function      string // the name
	Qualifier     string // version, alias or ""
	Type          InvocationType
	Payload       []byte
	TraceHeader   string // as it came, or ""
	ClientContext string // base64, as it came
	Tail          bool   // want the log's last 4 KB
	RequestID     string // becomes the function's request id
}

// InvokeResult is the answer.
type InvokeResult struct {
	Status          int // 200, 202, 204
	Payload         []byte
	FunctionError   string // "Unhandled", or ""
	ExecutedVersion string
	LogTail         []byte // at most 4 KB, when asked for
	TraceHeader     string // for the answer's X-Amzn-Trace-Id
	RequestID       string
}

// Invoker runs functions. Errors carry Lambda's own exception names.
type Invoker interface {
	Invoke(ctx context.Context, req *InvokeRequest) (*InvokeResult, error)
}

// Decision is what is remembered about one invocation, so that no missing trace
// is a mystery.
type Decision struct {
	Time          time.Time
	Tenant        Tenant
	Function      string
	Version       string
	RequestID     string
	Type          InvocationType
	Attempt       int    // from 1
	HeaderIn      string // the trace header as it came
	Mode          TracingMode
	Trace         TraceID
	Sampled       bool
	Reason        string   // why it was or was not sampled, a sentence
	Cold          bool     // the environment was started for it
	Status        int      // what the caller or the attempt got: 200, 202, 429, 5xx
	FunctionError string   // error type and message, on one line
	Datagrams     int      // documents the environment's daemon received
	DatagramBytes int      // their bytes
	Dropped       []string // why segments were not stored: missing rights, rejected documents
	Duration      time.Duration
	LogTail       string // the invocation's last 4 KB of log
}
