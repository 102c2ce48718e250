package trace

import (
	"bytes"
	"cmp"
	"slices"

	"radiograph"
)

const (
	// maxTrace is the documents' size a trace may reach; later ones are left out
	// and LimitExceeded is set (X-Ray service quotas: 500 KB).
	maxTrace = 500 << 10
	// maxFold is how deep subsegments are folded into one document; what lies
	// deeper becomes a document of its own, so that JSON readers can follow.
	maxFold = 100
)

// Merge is the trace that a set of records tells; their order never matters.
//
// The key of an entity is its id. What DoorLambda wrote is never replaced by
// another door; else a complete version beats one in progress, and of two that
// differ the one of the higher Sequence wins, identical bytes counting from
// their first. Nesting beats a stated parent_id, and an entity hangs where its
// parent is, whenever that came. Merge returns nil for no records.
func Merge(id radiograph.TraceID, recs []*radiograph.Record) *radiograph.Trace {
	if len(recs) == 0 {
		return nil
	}
	m := merger{
		documents: make(map[documentKey]struct{}, len(recs)),
		slots:     make(map[radiograph.SegmentID]*slot, 2*len(recs)),
	}
	t := &radiograph.Trace{ID: id}
	size := 0
	for _, r := range inOrder(recs) {
		if m.seen(r) {
			continue
		}
		t.Revision++
		t.Received = max(t.Received, r.Received)
		size += len(r.Root.Body)
		if size > maxTrace && r.Door != radiograph.DoorLambda {
			t.LimitExceeded = true
			continue
		}
		m.add(r, r.Root)
	}
	nodes := m.place()
	cutCycles(nodes)
	hang(nodes)
	t.Segments = documents(nodes)
	inferred := infer(id, nodes, m.slots)
	t.Nodes = make(map[radiograph.SegmentID]*radiograph.Node, len(nodes)+len(inferred))
	for _, n := range nodes {
		t.Nodes[n.ID] = n
	}
	for _, n := range inferred {
		t.Nodes[n.ID] = n
	}
	t.Segments = append(t.Segments, inferred...)
	slices.SortFunc(t.Segments, func(a, b *radiograph.Node) int {
		return cmp.Or(cmp.Compare(documentGroup(a), documentGroup(b)), byStart(a, b))
	})
	t.Root = root(t.Segments)
	return t
}

// inOrder sorts records by sequence. Records without one (a test's, or those of
// a store's open batch) are told apart by door and bytes, so that their order
// does not matter either.
func inOrder(recs []*radiograph.Record) []*radiograph.Record {
	order := func(a, b *radiograph.Record) int {
		if c := cmp.Compare(a.Sequence, b.Sequence); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.Door, b.Door), bytes.Compare(a.Root.Body, b.Root.Body),
			bytes.Compare(a.Stamp.Invocation[:], b.Stamp.Invocation[:]))
	}
	if slices.IsSortedFunc(recs, order) {
		return recs
	}
	sorted := slices.Clone(recs)
	slices.SortFunc(sorted, order)
	return sorted
}

// place makes the nodes and gives each its parent. The nodes come in
// the order of siblings.
func (m *merger) place() []*radiograph.Node {
	nodes := make([]*radiograph.Node, len(m.all))
	for i, s := range m.all {
		win, _ := s.best(false)
		e := win.Entity
		if nest, ok := s.best(true); ok && (!e.Nested || e.Parent != nest.Parent) {
			c := *e
			c.Parent, c.Nested, c.Subsegment = nest.Parent, true, true
			e = &c
		}
		s.node = radiograph.Node{Entity: e, Door: win.rec.Door}
		nodes[i] = &s.node
	}
	slices.SortFunc(nodes, byStart)
	var lambda []*radiograph.Node // found when first needed
	for _, s := range m.all {
		n := &s.node
		if p := m.slots[n.Entity.Parent]; p != nil {
			n.Parent = &p.node
		}
		if !mayBeStale(n) {
			continue
		}
		if lambda == nil {
			lambda = lambdaPhases(nodes)
		}
		win, _ := s.best(false)
		if p := m.current(n, win.rec, lambda); p != nil && p != n.Parent {
			n.Parent, n.Replaced = p, true
		}
	}
	return nodes
}

// byStart is the order of siblings: by start, then end, so that what is over at
// an instant stands before what begins there, then id.
func byStart(a, b *radiograph.Node) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), bytes.Compare(a.ID[:], b.ID[:]))
}

// cutCycles detaches the first node of each circle of parents.
func cutCycles(nodes []*radiograph.Node) {
	if shallow(nodes) {
		return
	}
	walk := make(map[*radiograph.Node]int, len(nodes)) // the walk that came by first, from 1
	for i, n := range nodes {
		at := n
		for ; at != nil && walk[at] == 0; at = at.Parent {
			walk[at] = i + 1
		}
		if at == nil || walk[at] != i+1 {
			continue
		}
		first := at
		for c := at.Parent; c != at; c = c.Parent {
			if byStart(c, first) < 0 {
				first = c
			}
		}
		first.Parent = nil
	}
}

// shallow reports whether each node has few enough parents above it to see, at
// once, that there is no circle. Nearly all traces are.
func shallow(nodes []*radiograph.Node) bool {
	const few = 16
	for _, n := range nodes {
		at := n
		for range few {
			if at = at.Parent; at == nil {
				break
			}
		}
		if at != nil {
			return false
		}
	}
	return true
}

// hang fills Children and Callee. The nodes come in order, so the lists do.
func hang(nodes []*radiograph.Node) {
	for _, n := range nodes {
		switch p := n.Parent; {
		case p == nil:
		case n.Subsegment:
			p.Children = append(p.Children, n)
		default:
			p.Callee = append(p.Callee, n)
		}
	}
}

// documents finds the outermost nodes and tells every node which one it is in.
func documents(nodes []*radiograph.Node) []*radiograph.Node {
	var out []*radiograph.Node
	var fold func(n, in *radiograph.Node, depth int)
	fold = func(n, in *radiograph.Node, depth int) {
		n.Segment = in
		if depth < maxFold {
			for _, c := range n.Children {
				fold(c, in, depth+1)
			}
			return
		}
		for _, c := range n.Children {
			c.Parent = nil
			out = append(out, c)
			fold(c, c, 0)
		}
		n.Children = nil
	}
	for _, n := range nodes {
		if !n.Subsegment || n.Parent == nil {
			out = append(out, n)
			fold(n, n, 0)
		}
	}
	return out
}

// documentGroup puts segments before orphans before inferred segments.
func documentGroup(n *radiograph.Node) int {
	switch {
	case n.Inferred:
		return 2
	case n.Subsegment:
		return 1
	}
	return 0
}

// root is the first of the sorted segments that no segment of the trace called.
func root(segments []*radiograph.Node) *radiograph.Node {
	for _, n := range segments {
		if documentGroup(n) == 0 && caller(n) == nil {
			return n
		}
	}
	return nil
}

// caller is the segment that called segment n, or nil.
func caller(n *radiograph.Node) *radiograph.Node {
	if n.Parent == nil || n.Parent.Segment.Subsegment {
		return nil
	}
	return n.Parent.Segment
}
