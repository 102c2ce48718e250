package storetest

import (
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"radiograph"
)

// State is a radiograph.State in memory, for tests of what is kept there.
type State struct {
	mu     sync.Mutex
	values map[string][]byte
}

// NewState makes an empty state.
func NewState() *State { return &State{values: make(map[string][]byte)} }

// Get implements radiograph.State.
func (s *State) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.values[key]
	if !ok {
		return nil, radiograph.Errorf(radiograph.KindNotFound, "%s is not there", key)
	}
	return slices.Clone(v), nil
}

// Scan implements radiograph.State.
func (s *State) Scan(_ context.Context, prefix string) iter.Seq2[radiograph.Pair, error] {
	s.mu.Lock()
	var pairs []radiograph.Pair
	for k, v := range s.values {
		if strings.HasPrefix(k, prefix) {
			pairs = append(pairs, radiograph.Pair{Key: k, Value: slices.Clone(v)})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(pairs, func(a, b radiograph.Pair) int { return strings.Compare(a.Key, b.Key) })
	return func(yield func(radiograph.Pair, error) bool) {
		for _, p := range pairs {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Apply implements radiograph.State.
func (s *State) Apply(_ context.Context, changes ...radiograph.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		if c.Value == nil {
			delete(s.values, c.Key)
		} else {
			s.values[c.Key] = slices.Clone(c.Value)
		}
	}
	return nil
}
