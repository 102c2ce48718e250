package filter

import "radiograph"

// Selector is an EntitySelectorExpression: it chooses nodes and edges of the
// service graph. It is immutable.
type Selector struct{ term term }

// ParseSelector reads an entity selector: id(), service() and edge() without
// blocks, joined by AND, OR and NOT. An empty one is wrong.
func ParseSelector(text string) (*Selector, error) {
	p := newParser(text, nil)
	p.subset = true
	t, err := p.whole()
	if err != nil {
		return nil, err.wrap(text)
	}
	return &Selector{t}, nil
}

// String is the selector in its canonical spelling.
func (s *Selector) String() string { return string(s.term.print(nil, orPower)) }

// Node reports whether the selector chooses a node. account is the tenant's.
func (s *Selector) Node(id radiograph.ServiceID, account radiograph.AccountID) bool {
	return selects(s.term, func(t term) bool {
		service, ok := t.(serviceTest)
		return ok && service.id.is(accountOnly(account), id)
	})
}

// Edge reports whether the selector chooses an edge.
func (s *Selector) Edge(from, to radiograph.ServiceID, account radiograph.AccountID) bool {
	return selects(s.term, func(t term) bool {
		edge, ok := t.(edgeTest)
		return ok && edge.from.is(accountOnly(account), from) && edge.to.is(accountOnly(account), to)
	})
}

// Nodes reports whether the selector speaks of nodes.
func (s *Selector) Nodes() bool { return mentions[serviceTest](s.term) }

// Edges reports whether the selector speaks of edges.
func (s *Selector) Edges() bool { return mentions[edgeTest](s.term) }

func accountOnly(a radiograph.AccountID) *subject {
	return &subject{view: &radiograph.FilterView{Account: a}}
}

// selects decides a boolean structure by its tests.
func selects(t term, test func(term) bool) bool {
	switch t := t.(type) {
	case and:
		for _, part := range t {
			if !selects(part, test) {
				return false
			}
		}
		return true
	case or:
		for _, part := range t {
			if selects(part, test) {
				return true
			}
		}
		return false
	case not:
		return !selects(t.term, test)
	}
	return test(t)
}

func mentions[T term](t term) bool {
	return anyTerm(t, func(t term) bool { _, ok := t.(T); return ok })
}

// anyTerm reports whether is does for one of the tests of t.
func anyTerm(t term, is func(term) bool) bool {
	switch t := t.(type) {
	case and:
		return anyPart(t, is)
	case or:
		return anyPart(t, is)
	case not:
		return anyTerm(t.term, is)
	}
	return is(t)
}

func anyPart(list []term, is func(term) bool) bool {
	for _, t := range list {
		if anyTerm(t, is) {
			return true
		}
	}
	return false
}
