package lambda

import (
	"context"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"radiograph"
)

// memoryState is a State that knows what a crash would lose.
type memoryState struct {
	mu      sync.Mutex
	visible map[string][]byte
	durable map[string][]byte
	applied int // durable writes
	fail    error
	code    folderCode // kept with it
}

func newMemoryState(code folderCode) *memoryState {
	return &memoryState{code: code, visible: map[string][]byte{}, durable: map[string][]byte{}}
}

// crashed is the state as the next process finds it: lazy changes are lost.
func (s *memoryState) crashed() *memoryState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &memoryState{code: s.code, visible: maps.Clone(s.durable), durable: maps.Clone(s.durable)}
}

func (s *memoryState) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.visible[key]; ok {
		return v, nil
	}
	return nil, radiograph.Errorf(radiograph.KindNotFound, "no %s", key)
}

func (s *memoryState) Scan(_ context.Context, prefix string) iter.Seq2[radiograph.Pair, error] {
	s.mu.Lock()
	snapshot := maps.Clone(s.visible)
	s.mu.Unlock()
	return func(yield func(radiograph.Pair, error) bool) {
		for _, key := range slices.Sorted(maps.Keys(snapshot)) {
			if strings.HasPrefix(key, prefix) && !yield(radiograph.Pair{Key: key, Value: snapshot[key]}, nil) {
				return
			}
		}
	}
}

func (s *memoryState) Apply(_ context.Context, changes ...radiograph.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	lazy := !slices.ContainsFunc(changes, func(c radiograph.Change) bool { return !c.Lazy })
	for _, c := range changes {
		if c.Value == nil {
			delete(s.visible, c.Key)
		} else {
			s.visible[c.Key] = slices.Clone(c.Value)
		}
	}
	if !lazy { // a sync takes along what was written before it
		s.durable = maps.Clone(s.visible)
		s.applied++
	}
	return nil
}

func (s *memoryState) keys(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for key := range s.visible {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// folderCode is a CodeStore in a folder.
type folderCode string

func (dir folderCode) PutCode(_ context.Context, sum string, zip []byte) error {
	return os.WriteFile(filepath.Join(string(dir), sum), zip, 0o600)
}

func (dir folderCode) CodePath(_ context.Context, sum string) (string, error) {
	path := filepath.Join(string(dir), sum)
	_, err := os.Stat(path)
	return path, err
}
