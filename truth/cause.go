package truth

import "slices"

// step is one entity on the path of a root cause.
type step struct {
	*Entity
	coverage float64
}

// cause is a path from the root to a culprit, folded into services.
type cause struct {
	impacting bool
	services  []causeService
}

type causeService struct {
	Service
	inferred bool
	steps    []step
}

func fold(path []step) []causeService {
	var out []causeService
	for _, p := range path {
		if !p.Sub && (len(out) == 0 || out[len(out)-1].Service != p.service) {
			out = append(out, causeService{Service: p.service, inferred: p.Inferred})
		}
		last := &out[len(out)-1]
		last.steps = append(last.steps, p)
	}
	return out
}

// maxCauses is how many causes of a kind are told.
const maxCauses = 10

// flagged finds each deepest entity that has the flag, along flagged ones.
func (t *Trace) flagged(has func(*Entity) bool) []cause {
	var out []cause
	var walk func(path []step)
	walk = func(path []step) {
		at := path[len(path)-1]
		leaf := true
		for _, next := range slices.Concat(at.Subsegments, at.callees) {
			if has(next) {
				leaf = false
				walk(append(slices.Clone(path), step{Entity: next}))
			}
		}
		if leaf && has(at.Entity) && len(out) < maxCauses {
			out = append(out, cause{has(t.Root), fold(path)})
		}
	}
	if t.Root != nil {
		walk([]step{{Entity: t.Root}})
	}
	return out
}

func isFault(e *Entity) bool { return e.Fault }
func isError(e *Entity) bool { return e.Error }

// slow follows the longest child while it has three tenths of the root's time.
func (t *Trace) slow() []cause {
	if t.Root == nil || t.Root.Open || t.Root.length() == 0 {
		return nil
	}
	share := func(e *Entity) float64 {
		if e.Open {
			return 0
		}
		return float64(e.length()) / float64(t.Root.length())
	}
	path := []step{{t.Root, 1}}
	for {
		var next *Entity
		at := path[len(path)-1]
		for _, c := range slices.Concat(at.Subsegments, at.callees) {
			if next == nil || share(c) > share(next) {
				next = c
			}
		}
		if next == nil || share(next) < 0.3 {
			break
		}
		path = append(path, step{next, min(1, share(next))})
	}
	return []cause{{t.Root.Error || t.Root.Fault || t.Root.Throttle, fold(path)}}
}

// exceptions are an entity's exceptions, each with a name.
func (e *Entity) exceptions() []Exception {
	out := slices.Clone(e.Exceptions)
	for i := range out {
		if out[i].Type == "" {
			out[i].Type = "unknown"
		}
	}
	return out
}
