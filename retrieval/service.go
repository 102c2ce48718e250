// Package retrieval keeps what was asked for by StartTraceRetrieval.
//
// Trace ids and a time range enter and get a token; they leave for it again, with
// the state of the retrieval. The package reads no traces: since radiograph has
// them all at hand, a retrieval is complete as it starts, and who answers it
// reads them then.
package retrieval

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"radiograph"
)

const (
	// life is how long a retrieval can be read; after it, X-Ray says TIMEOUT.
	life = time.Hour
	// keptFor is how long that is remembered.
	keptFor = 24 * time.Hour
	// maxKept bounds the retrievals of a tenant.
	maxKept = 1000
)

// Retrieval is one request for traces.
type Retrieval struct {
	Token     string
	Traces    []radiograph.TraceID
	From, To  radiograph.Timestamp // half-open
	Started   radiograph.Timestamp
	Cancelled bool
	TimedOut  bool `json:"-"`
}

// Complete reports whether the traces can be read.
func (r *Retrieval) Complete() bool { return !r.Cancelled && !r.TimedOut }

// Service keeps the retrievals of all tenants in a radiograph.State, of which it
// must be the only writer of keys under "retrieval/". Its methods may be called
// from any goroutine.
type Service struct {
	state radiograph.State
	clock radiograph.Clock

	changing sync.Mutex // held over every change: read, check, apply
}

// New makes a service over state.
func New(state radiograph.State, clock radiograph.Clock) *Service {
	return &Service{state: state, clock: clock}
}

func keyPrefix(t radiograph.Tenant) string { return "retrieval/" + t.String() + "/" }

// Start keeps a request and gives it a token. Those that ended long ago are
// forgotten.
func (s *Service) Start(ctx context.Context, t radiograph.Tenant, ids []radiograph.TraceID, from, to radiograph.Timestamp) (*Retrieval, error) {
	if from > to {
		return nil, radiograph.Errorf(radiograph.KindInvalid, "StartTime must not be after EndTime")
	}
	r := &Retrieval{Traces: ids, From: from, To: to, Started: radiograph.TimestampOf(s.clock())}
	// The same request of the same moment is the same retrieval.
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write retrieval: %w", err)
	}
	sum := sha256.Sum256(b)
	r.Token = base64.RawURLEncoding.EncodeToString(sum[:])
	if b, err = json.Marshal(r); err != nil {
		return nil, fmt.Errorf("write retrieval: %w", err)
	}
	changes := []radiograph.Change{{Key: keyPrefix(t) + r.Token, Value: b}}
	kept := 0
	s.changing.Lock()
	defer s.changing.Unlock()
	for pair, err := range s.state.Scan(ctx, keyPrefix(t)) {
		if err != nil {
			return nil, fmt.Errorf("read retrievals: %w", err)
		}
		var old Retrieval
		if err := json.Unmarshal(pair.Value, &old); err != nil {
			return nil, fmt.Errorf("read retrieval %s: %w", pair.Key, err)
		}
		if r.Started.Sub(old.Started) > keptFor {
			changes = append(changes, radiograph.Change{Key: pair.Key})
		} else {
			kept++
		}
	}
	if kept >= maxKept {
		return nil, radiograph.Errorf(radiograph.KindThrottled, "More than %d retrievals in %d hours", maxKept, int(keptFor/time.Hour))
	}
	if err := s.state.Apply(ctx, changes...); err != nil {
		return nil, fmt.Errorf("write retrieval: %w", err)
	}
	return r, nil
}

// Retrieval finds a retrieval by its token. An unknown one is an Error of
// KindNotFound.
func (s *Service) Retrieval(ctx context.Context, t radiograph.Tenant, token string) (*Retrieval, error) {
	b, err := s.state.Get(ctx, keyPrefix(t)+token)
	if err != nil {
		if radiograph.ErrorKind(err) == radiograph.KindNotFound {
			return nil, radiograph.Errorf(radiograph.KindNotFound, "There is no retrieval %.100q", token)
		}
		return nil, fmt.Errorf("read retrieval: %w", err)
	}
	r := new(Retrieval)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("read retrieval: %w", err)
	}
	r.TimedOut = radiograph.TimestampOf(s.clock()).Sub(r.Started) > life
	return r, nil
}

// Cancel ends a retrieval: its traces can no longer be read. To cancel it twice
// changes nothing.
func (s *Service) Cancel(ctx context.Context, t radiograph.Tenant, token string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	r, err := s.Retrieval(ctx, t, token)
	if err != nil {
		return err
	}
	r.Cancelled = true
	b, err := json.Marshal(r)
	if err == nil {
		err = s.state.Apply(ctx, radiograph.Change{Key: keyPrefix(t) + token, Value: b})
	}
	if err != nil {
		return fmt.Errorf("write retrieval: %w", err)
	}
	return nil
}
