// Package settings keeps what an account has set for X-Ray in a region besides
// rules and groups: encryption, resource policies, indexing, and where segments
// go.
//
// Settings enter and leave as they were given. None of them changes what
// radiograph does with traces: it encrypts nothing, grants by them nothing,
// indexes every trace and keeps every one itself.
package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"radiograph"
)

// settling is how long a change is shown as being made: clients wait for its end.
const settling = time.Second

// Service keeps the settings of all tenants in a radiograph.State, of which it
// must be the only writer of keys under "setting/". Its methods may be called
// from any goroutine.
type Service struct {
	state  radiograph.State
	clock  radiograph.Clock
	limits radiograph.Limits

	changing sync.Mutex // held over every change: read, check, apply
}

// New makes a service over state.
func New(state radiograph.State, clock radiograph.Clock, limits radiograph.Limits) *Service {
	return &Service{state: state, clock: clock, limits: limits}
}

func (s *Service) now() radiograph.Timestamp { return radiograph.TimestampOf(s.clock()) }

// settled reports whether a change of a time is over.
func (s *Service) settled(changed radiograph.Timestamp) bool {
	return s.now().Sub(changed) >= settling
}

// key is where a setting of a tenant is kept.
func key(t radiograph.Tenant, noun string) string { return "setting/" + t.String() + "/" + noun }

// load reads a setting into v, which stays as it is where none was made.
func (s *Service) load(ctx context.Context, t radiograph.Tenant, noun string, v any) error {
	b, err := s.state.Get(ctx, key(t, noun))
	if err != nil {
		if radiograph.ErrorKind(err) == radiograph.KindNotFound {
			return nil
		}
		return fmt.Errorf("read %s: %w", noun, err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("read %s: %w", noun, err)
	}
	return nil
}

func (s *Service) save(ctx context.Context, t radiograph.Tenant, noun string, v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		err = s.state.Apply(ctx, radiograph.Change{Key: key(t, noun), Value: b})
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", noun, err)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return radiograph.Errorf(radiograph.KindInvalid, format, args...)
}

// refusal is an error with X-Ray's own name.
func refusal(code, format string, args ...any) error {
	e := radiograph.Errorf(radiograph.KindInvalid, format, args...)
	e.Code = code
	return e
}
