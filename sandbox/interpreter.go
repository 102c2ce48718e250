package sandbox

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"
)

// probeTimeout is how long an interpreter may take to tell its version.
const probeTimeout = 10 * time.Second

// interpreters lists the programs of a name in the folders of path, in the usual
// ones, and in those below the home folder that match a pattern.
func interpreters(path string, name *regexp.Regexp, homePattern string) []string {
	dirs := append(filepath.SplitList(path), "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
	if home, err := os.UserHomeDir(); err == nil {
		more, _ := filepath.Glob(filepath.Join(home, homePattern)) // the pattern is good
		dirs = append(dirs, more...)
	}
	var list []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // PATH may name what is not there
		}
		for _, e := range entries {
			if file := filepath.Join(dir, e.Name()); name.MatchString(e.Name()) && !slices.Contains(list, file) {
				list = append(list, file)
			}
		}
	}
	return list
}

// distance orders versions by their nearness to the one wanted, the newer of two
// as near first.
func distance(have, want int) int {
	if have < want {
		return 2*(want-have) + 1
	}
	return 2 * (have - want)
}

// prober asks programs what they are, each once.
type prober[T any] struct {
	args  []string
	parse func(path, out string) *T // nil: of no use

	mu     sync.Mutex
	probed map[string]*T // by the path tried; nil: of no use
}

// probe tells what the program is; nil means that it is of no use. The error is
// that ctx ended.
func (p *prober[T]) probe(ctx context.Context, path string) (*T, error) {
	p.mu.Lock()
	x, ok := p.probed[path]
	p.mu.Unlock()
	if ok {
		return x, nil
	}
	limited, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	out, err := exec.CommandContext(limited, path, p.args...).Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err == nil {
		x = p.parse(path, string(out))
	}
	p.mu.Lock()
	p.probed[path] = x
	p.mu.Unlock()
	return x, nil
}
