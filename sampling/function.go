package sampling

import (
	"math/rand/v2"
	"sync"
	"time"

	"radiograph"
)

// functionRate is the share of requests that Lambda records after the first one
// of a second. It is not configurable in AWS, and so not here.
const functionRate = 0.05

// maxFunctions is how many functions are told apart before those that had no
// request in the current second are forgotten, which changes no decision.
const maxFunctions = 4096

// FunctionSampler implements radiograph.FunctionSampler. Its method may be called
// from any goroutine.
type FunctionSampler struct {
	mu     sync.Mutex
	taken  map[functionKey]int64 // the last second whose first request was seen
	chance func() float64
}

type functionKey struct {
	tenant   radiograph.Tenant
	function string
}

var _ radiograph.FunctionSampler = (*FunctionSampler)(nil)

// NewFunctionSampler makes a sampler whose seconds are those of the times it is
// given.
func NewFunctionSampler() *FunctionSampler {
	return &FunctionSampler{taken: make(map[functionKey]int64), chance: rand.Float64}
}

// Sample takes the first request of each wall-clock second and 5 % of the rest.
func (s *FunctionSampler) Sample(t radiograph.Tenant, function string, now time.Time) (sampled, reservoir bool) {
	key, second := functionKey{t, function}, now.Unix()
	s.mu.Lock()
	defer s.mu.Unlock()
	// Requests may come a little out of order; a clock that was set back by more
	// than that begins anew.
	last, seen := s.taken[key]
	if !seen || second > last || second < last-60 {
		s.forget(second)
		s.taken[key] = second
		return true, true
	}
	return s.chance() < functionRate, false
}

func (s *FunctionSampler) forget(second int64) {
	if len(s.taken) < maxFunctions {
		return
	}
	for key, last := range s.taken {
		if last < second {
			delete(s.taken, key)
		}
	}
}
