// Package lambda owns functions and their versions, runs invocations in the
// sandbox's environments, keeps the asynchronous queue, and writes the two
// segments Lambda draws for each traced invocation.
//
// API calls enter through [Service]; segments leave through radiograph.Sink,
// processes are asked for from radiograph.Sandbox. It never reads a trace, never
// starts a process itself and knows no wire format.
package lambda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
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

// What Config leaves out.
const (
	defaultMaxEnvironments = 64
	defaultIdleTimeout     = 10 * time.Minute
	defaultDrainTimeout    = 5 * time.Second
)

// Service is Lambda. Its methods may be called from any goroutine.
type Service struct {
	cfg Config
	now radiograph.Clock
	log *slog.Logger

	registry registry
	changes  sync.Mutex // held by who changes a function, to the end of its sync
	pool     *pool
	queue    *queue
	journal  *journal

	gate       *gate           // counts invocations
	closing    context.Context // ends when Close begins
	shut       context.CancelFunc
	life       context.Context // ends when what still runs must be given up
	abandon    context.CancelFunc
	running    atomic.Bool    // Run is at work
	background sync.WaitGroup // watchers, reapers, settlers
}

var _ radiograph.Invoker = (*Service)(nil)

// New loads the functions from cfg.State. Accepted events wait for Run.
func New(cfg Config) (*Service, error) {
	if cfg.State == nil || cfg.Code == nil || cfg.Sink == nil || cfg.Roles == nil || cfg.Sandbox == nil || cfg.Sampler == nil {
		return nil, errors.New("lambda: Config needs State, Code, Sink, Roles, Sandbox and Sampler")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if len(cfg.AsyncBackoff) == 0 {
		cfg.AsyncBackoff = defaultBackoff
	}
	cfg.MaxEnvironments = cmp.Or(cfg.MaxEnvironments, defaultMaxEnvironments)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, defaultIdleTimeout)
	cfg.DrainTimeout = cmp.Or(cfg.DrainTimeout, defaultDrainTimeout)
	log := cfg.Log.With("component", "lambda")
	s := &Service{cfg: cfg, now: cfg.Clock, log: log, gate: newGate()}
	s.registry.functions = map[functionKey]*entry{}
	s.pool = newPool(cfg.MaxEnvironments, cfg.IdleTimeout, s.now, &s.background)
	s.queue = newQueue(cfg.State, log, s.now)
	s.journal = newJournal(cfg.State, log)
	s.closing, s.shut = context.WithCancel(context.Background())
	s.life, s.abandon = context.WithCancel(context.Background())
	if err := s.registry.load(s.life, cfg.State, s.pool.fleet); err != nil {
		return nil, err
	}
	return s, nil
}

// Close takes no more invocations, lets those at work end for DrainTimeout,
// gives up the rest, and ends all environments. Events that have not run are
// run after the next start.
func (s *Service) Close() error {
	s.shut()
	empty := s.gate.close()
	late := time.AfterFunc(s.cfg.DrainTimeout, s.abandon)
	<-empty
	late.Stop()
	s.abandon()
	s.pool.close()
	s.background.Wait()
	s.journal.close()
	return nil
}

// later does what is left of an invocation whose caller has its answer.
func (s *Service) later(work func()) {
	s.gate.stay()
	s.background.Go(func() {
		defer s.gate.leave()
		work()
	})
}

// offer sends Lambda's segments of one invocation, if its role may send any; what
// does not arrive is told in the decision.
func (s *Service) offer(fn *radiograph.Function, d *radiograph.Decision, docs [][]byte) {
	if len(docs) == 0 {
		return
	}
	ctx := radiograph.WithRequestID(context.Background(), d.RequestID)
	drop := func(format string, args ...any) {
		d.Dropped = append(d.Dropped, oneLine(fmt.Sprintf(format, args...)))
	}
	allowed, err := s.cfg.Roles.Allowed(ctx, fn.Role, putTraceSegments, "*")
	if err != nil {
		drop("The role %s could not be checked, so Lambda's segments were not sent: %v", fn.Role, err)
		return
	}
	if !allowed {
		drop("The role %s does not allow %s, so Lambda's segments were not sent.", fn.Role, putTraceSegments)
		return
	}
	batch := make([]radiograph.Document, len(docs))
	for i, doc := range docs {
		batch[i].Body = doc
	}
	rejections, err := s.cfg.Sink.Offer(ctx, fn.Tenant, radiograph.DoorLambda, batch)
	if err != nil {
		s.log.Warn("segments were not stored", "function", fn.ARN(), "request_id", d.RequestID, "err", err)
		drop("Lambda's segments were not stored: %v", err)
		return
	}
	for _, r := range rejections {
		drop("Lambda's segment %s was rejected: %s %s", r.ID, r.Code, r.Message)
	}
}
