package iam

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"radiograph"
)

// memoryState is a radiograph.State for tests.
type memoryState struct {
	mu   sync.Mutex
	held map[string][]byte
}

func newState() *memoryState { return &memoryState{held: make(map[string][]byte)} }

func (s *memoryState) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.held[key]; ok {
		return v, nil
	}
	return nil, radiograph.Errorf(radiograph.KindNotFound, "no %s", key)
}

func (s *memoryState) Scan(_ context.Context, prefix string) iter.Seq2[radiograph.Pair, error] {
	s.mu.Lock()
	held := maps.Clone(s.held)
	s.mu.Unlock()
	return func(yield func(radiograph.Pair, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(held)) {
			if strings.HasPrefix(key, prefix) && !yield(radiograph.Pair{Key: key, Value: held[key]}, nil) {
				return
			}
		}
	}
}

func (s *memoryState) Apply(_ context.Context, changes ...radiograph.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		if c.Value == nil {
			delete(s.held, c.Key)
		} else {
			s.held[c.Key] = c.Value
		}
	}
	return nil
}
