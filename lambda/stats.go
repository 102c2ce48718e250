package lambda

import (
	"maps"
	"net/http"
	"time"

	"radiograph"
)

// Stats is what the service is doing and has done since it began.
type Stats struct {
	Environments int // that run or are being started or ended
	Idle         int // of them, those that wait for an invocation
	Waiting      int // invocations that wait for an environment

	Events       int           // accepted and not over, waiting or running
	EventsDue    int           // waiting, and due
	OldestWaited time.Duration // how long the event that was due first has waited; 0: none is due

	// Invocations counts what callers and attempts got.
	Invocations map[InvocationOutcome]int64
}

// InvocationOutcome is what Stats counts apart.
type InvocationOutcome struct {
	Type    radiograph.InvocationType
	Outcome string // "ok", "error" (of the function), "throttled", "failed", "accepted" (an event)
}

// Stats may be asked for at any time.
func (s *Service) Stats() Stats {
	var st Stats
	s.pool.mu.Lock()
	st.Environments, st.Idle, st.Waiting = s.pool.slots, s.pool.idle.Len(), s.pool.waiters.Len()
	s.pool.mu.Unlock()
	now := s.now()
	s.queue.mu.Lock()
	st.Events = len(s.queue.known)
	for _, t := range s.queue.waiting {
		if wait := now.Sub(t.due); wait >= 0 {
			st.EventsDue++
			st.OldestWaited = max(st.OldestWaited, wait)
		}
	}
	s.queue.mu.Unlock()
	s.journal.mu.Lock()
	st.Invocations = maps.Clone(s.journal.outcomes)
	s.journal.mu.Unlock()
	return st
}

// outcomeOf names what came of an invocation.
func outcomeOf(d *radiograph.Decision) InvocationOutcome {
	o := InvocationOutcome{Type: d.Type, Outcome: "ok"}
	switch {
	case d.Status == http.StatusAccepted:
		o.Outcome = "accepted"
	case d.Status == http.StatusTooManyRequests:
		o.Outcome = "throttled"
	case d.Status >= http.StatusBadRequest:
		o.Outcome = "failed"
	case d.FunctionError != "":
		o.Outcome = "error"
	}
	return o
}
