package trace

import (
	"radiograph"
)

const (
	// minCoverage is the share of the root's response time below which a child
	// explains nothing.
	minCoverage = 0.3
	// maxCauses bounds the causes of one kind in a summary.
	maxCauses = 10
	// maxPath bounds the entities on one path.
	maxPath = 200
)

// rootCauses finds why the root failed and what it waited for.
func rootCauses(t *radiograph.Trace) (faults, errs, slow []radiograph.RootCause) {
	if t.Root == nil {
		return nil, nil, nil
	}
	faults = flagged(t.Root, func(n *radiograph.Node) bool { return n.Fault })
	errs = flagged(t.Root, func(n *radiograph.Node) bool { return n.Error })
	if c, ok := slowest(t.Root); ok {
		slow = []radiograph.RootCause{c}
	}
	return faults, errs, slow
}

// flagged walks from the root along entities with the flag; each deepest one is
// a culprit.
func flagged(root *radiograph.Node, has func(*radiograph.Node) bool) []radiograph.RootCause {
	var out []radiograph.RootCause
	var path []*radiograph.Node
	var walk func(n *radiograph.Node)
	walk = func(n *radiograph.Node) {
		path = append(path, n)
		deeper := false
		for c := range reached(n) {
			if has(c) && len(path) < maxPath {
				deeper = true
				walk(c)
			}
		}
		if !deeper && len(out) < maxCauses && has(n) {
			out = append(out, radiograph.RootCause{
				ClientImpacting: has(root),
				Services:        servicesOf(path, func(e *radiograph.RootCauseEntity, n *radiograph.Node) { e.Exceptions = exceptionsOf(n) }),
			})
		}
		path = path[:len(path)-1]
	}
	walk(root)
	return out
}

// slowest follows the child with the largest share of the root's response time.
func slowest(root *radiograph.Node) (radiograph.RootCause, bool) {
	whole := root.End - root.Start
	if root.InProgress || whole <= 0 {
		return radiograph.RootCause{}, false
	}
	share := func(n *radiograph.Node) float64 {
		if n.InProgress {
			return 0
		}
		return float64(max(0, n.End-n.Start)) / float64(whole)
	}
	path := []*radiograph.Node{root}
	for len(path) < maxPath {
		var next *radiograph.Node
		for c := range reached(path[len(path)-1]) {
			if next == nil || share(c) > share(next) {
				next = c
			}
		}
		if next == nil || share(next) < minCoverage {
			break
		}
		path = append(path, next)
	}
	return radiograph.RootCause{
		ClientImpacting: root.Fault || root.Error || root.Throttle,
		Services: servicesOf(path, func(e *radiograph.RootCauseEntity, n *radiograph.Node) {
			e.Coverage = min(1, share(n))
		}),
	}, true
}

// reached yields an entity's subsegments and the segments it called.
func reached(n *radiograph.Node) func(yield func(*radiograph.Node) bool) {
	return func(yield func(*radiograph.Node) bool) {
		for _, list := range [2][]*radiograph.Node{n.Children, n.Callee} {
			for _, c := range list {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// servicesOf folds a path into services; consecutive segments of one service
// become one.
func servicesOf(path []*radiograph.Node, fill func(*radiograph.RootCauseEntity, *radiograph.Node)) []radiograph.RootCauseService {
	var out []radiograph.RootCauseService
	for _, n := range path {
		if !n.Subsegment {
			if id := service(n); len(out) == 0 || out[len(out)-1].ServiceID != id {
				out = append(out, radiograph.RootCauseService{ServiceID: id, Inferred: n.Inferred})
			}
		}
		e := radiograph.RootCauseEntity{Name: n.Name, Remote: isRemote(n)}
		fill(&e, n)
		last := &out[len(out)-1]
		last.Entities = append(last.Entities, e)
	}
	return out
}

// isRemote reports whether an entity is a call to, or an exception from, outside.
func isRemote(n *radiograph.Node) bool {
	if n.Subsegment && (n.Namespace == "aws" || n.Namespace == "remote") {
		return true
	}
	for _, x := range n.Exceptions {
		if x.Remote {
			return true
		}
	}
	return false
}

// exceptionsOf are a culprit's exceptions, each with a name, which clients read
// without asking.
func exceptionsOf(n *radiograph.Node) []radiograph.Exception {
	out := make([]radiograph.Exception, len(n.Exceptions))
	for i, x := range n.Exceptions {
		if x.Type == "" {
			x.Type = "unknown"
		}
		out[i] = x
	}
	return out
}
