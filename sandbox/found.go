package sandbox

import (
	"cmp"
	"context"
	"os"
	"slices"
)

// Interpreter is a program of this machine that runs functions.
type Interpreter struct {
	Runtimes string `json:"runtimes"` // those it serves, as in runtimes
	Version  string `json:"version"`
	Path     string `json:"path"`
	Lacks    string `json:"lacks,omitempty"` // what a function's first start would miss
}

// Interpreters lists what runtimes can be started with here, newest first, one of
// each version. It asks each program once, and so may take seconds the first time.
func (s *Sandbox) Interpreters(ctx context.Context) ([]Interpreter, error) {
	if !s.enter() {
		return nil, errClosed()
	}
	defer s.done.Done()
	type ranked struct {
		Interpreter
		version int
	}
	var list []ranked
	add := func(i Interpreter, version int) {
		same := func(o ranked) bool { // by another name, or as good
			return o.Runtimes == i.Runtimes && o.Version == i.Version && o.Lacks == i.Lacks
		}
		if !slices.ContainsFunc(list, same) {
			list = append(list, ranked{i, version})
		}
	}
	for _, c := range pythonCandidates(os.Getenv("PATH")) {
		x, err := s.pythons.probe(ctx, c)
		if err != nil {
			return nil, err
		}
		if x == nil {
			continue
		}
		i := Interpreter{Runtimes: "python3.x", Version: x.version, Path: x.path}
		if !x.pip && !s.pythons.installed(x) {
			i.Lacks = "pip"
		}
		add(i, x.minor)
	}
	for _, c := range nodeCandidates(os.Getenv("PATH")) {
		x, err := s.nodes.probe(ctx, c)
		if err != nil {
			return nil, err
		}
		if x != nil {
			add(Interpreter{Runtimes: "nodejs*.x", Version: x.version, Path: x.path}, x.major)
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.Runtimes, a.Runtimes), cmp.Compare(b.version, a.version))
	})
	out := []Interpreter{{Runtimes: "provided.al2023, provided.al2"}}
	for _, r := range list {
		out = append(out, r.Interpreter)
	}
	return out, nil
}
