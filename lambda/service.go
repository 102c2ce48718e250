// Package lambda owns functions and their versions, runs invocations in the
// sandbox's environments, keeps the asynchronous queue, and writes the two
// segments Lambda draws for each traced invocation.
//
// API calls enter through [Service]; segments leave through radiograph.Sink,
// processes are asked for from radiograph.Sandbox. It never reads a trace, never
// starts a process itself and knows no wire format.
package lambda

import (
	"context"
	"log/slog"
	"time"

	"radiograph"
)

// Config is what a [Service] works with. State, Code, Sink, Roles, Sandbox and
// Sampler are required.
type Config struct {
	State   radiograph.State
	Code    radiograph.CodeStore
	Sink    radiograph.Sink
	Roles   radiograph.Authorizer
	Sandbox radiograph.Sandbox
	Sampler radiograph.FunctionSampler
	Clock   radiograph.Clock // nil: time.Now
	Log     *slog.Logger     // nil: nothing is logged

	// AsyncBackoff are the waits before the second and third attempt of a failed
	// event; empty: one minute, two minutes.
	AsyncBackoff []time.Duration
	// MaxEnvironments bounds the processes of all functions together; 0: 64.
	MaxEnvironments int
	// IdleTimeout ends an environment that ran nothing for so long; 0: ten
	// minutes.
	IdleTimeout time.Duration
	// DrainTimeout is how long Close and Run let invocations come to their end
	// before they end the environments; 0: five seconds.
	DrainTimeout time.Duration
	// PassThroughNew takes the newer meaning of the PassThrough mode: no segments
	// at all, the context is only passed on.
	PassThroughNew bool
	// ErrorsAsFault marks function errors as fault instead of error.
	ErrorsAsFault bool
}

// Service is Lambda. Its methods may be called from any goroutine.
type Service struct {
	cfg Config
}

var _ radiograph.Invoker = (*Service)(nil)

// New loads the functions from cfg.State.
func New(cfg Config) (*Service, error) { return &Service{cfg: cfg}, nil }

// Run works through the asynchronous queue, at first what an earlier process
// accepted and did not finish. It returns when ctx has ended and its attempts
// are over.
func (s *Service) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Close lets running invocations end, then ends all environments.
func (s *Service) Close() error { return nil }

func unwritten() error {
	return radiograph.Errorf(radiograph.KindUnsupported, "being written")
}

// CreateFunction creates a function from its settings and the bytes of a zip
// file; with publish it also publishes version 1 and returns that.
func (s *Service) CreateFunction(ctx context.Context, f *radiograph.Function, zip []byte, publish bool) (*radiograph.Function, error) {
	return nil, unwritten()
}

// Function is the configuration of a version; qualifier "" means $LATEST.
func (s *Service) Function(ctx context.Context, t radiograph.Tenant, name, qualifier string) (*radiograph.Function, error) {
	return nil, unwritten()
}

// Functions lists $LATEST of each function of a tenant, by name.
func (s *Service) Functions(ctx context.Context, t radiograph.Tenant) ([]*radiograph.Function, error) {
	return nil, unwritten()
}

// UpdateConfiguration changes $LATEST. change gets a copy it may alter; what it
// leaves is validated. A non-empty revisionID must be the current one.
func (s *Service) UpdateConfiguration(ctx context.Context, t radiograph.Tenant, name string, change func(*radiograph.Function) error, revisionID string) (*radiograph.Function, error) {
	return nil, unwritten()
}

// UpdateCode replaces the code of $LATEST; with publish it also publishes a
// version and returns that.
func (s *Service) UpdateCode(ctx context.Context, t radiograph.Tenant, name string, zip []byte, publish bool, revisionID string) (*radiograph.Function, error) {
	return nil, unwritten()
}

// PublishVersion freezes $LATEST as the next version. When nothing changed since
// the last published version, it returns that one.
func (s *Service) PublishVersion(ctx context.Context, t radiograph.Tenant, name, description, codeSHA256, revisionID string) (*radiograph.Function, error) {
	return nil, unwritten()
}

// Versions lists $LATEST and then the published versions, oldest first.
func (s *Service) Versions(ctx context.Context, t radiograph.Tenant, name string) ([]*radiograph.Function, error) {
	return nil, unwritten()
}

// DeleteFunction deletes a function with all its versions or, with a qualifier,
// one published version.
func (s *Service) DeleteFunction(ctx context.Context, t radiograph.Tenant, name, qualifier string) error {
	return unwritten()
}

// Invoke runs a function once, or accepts an event to be run later. A cancelled
// ctx does not stop a function that has begun.
func (s *Service) Invoke(ctx context.Context, req *radiograph.InvokeRequest) (*radiograph.InvokeResult, error) {
	return nil, unwritten()
}

// Decisions tells why the last invocations of a function were or were not
// traced, newest first.
func (s *Service) Decisions(ctx context.Context, t radiograph.Tenant, function string, limit int) ([]*radiograph.Decision, error) {
	return nil, unwritten()
}
