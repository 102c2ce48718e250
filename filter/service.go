package filter

import (
	"slices"

	"radiograph"
)

// serviceTest wants a trace that passes a node, and with a block, a segment of
// that node for which the block holds.
type serviceTest struct {
	id    entityID
	block term // nil: none
	bare  bool // id() by itself, in a selector
}

// service reads service(…) and its block.
func (p *parser) service() (term, *InvalidError) {
	if err := p.top(); err != nil {
		return nil, err
	}
	p.advance()
	if err := p.expect("("); err != nil {
		return nil, err
	}
	id, err := p.argument()
	if err != nil {
		return nil, err
	}
	if !p.tok.is(")") {
		return nil, p.unexpected(`a name, id() or ")"`)
	}
	p.advance()
	block, err := p.block(inService)
	if err != nil {
		return nil, err
	}
	return serviceTest{id: id, block: block}, nil
}

func (t serviceTest) print(b []byte, _ power) []byte {
	if t.bare {
		return t.id.printLong(b)
	}
	b = append(t.id.print(append(b, "service("...)), ')')
	return printBlock(b, t.block)
}

// printBlock appends a block if there is one.
func printBlock(b []byte, block term) []byte {
	if block == nil {
		return b
	}
	return append(block.print(append(b, " { "...), orPower), " }"...)
}

func (t serviceTest) judge(s *subject) radiograph.Verdict {
	if !s.passes(t.id) {
		return radiograph.No
	}
	switch {
	case t.block == nil:
		return radiograph.Yes
	case !s.view.Whole:
		return radiograph.Undecided
	}
	in := subject{scope: inService, view: s.view}
	for i := range s.view.Segments {
		in.segment = &s.view.Segments[i]
		if t.id.is(s, in.segment.Service) && t.block.judge(&in) == radiograph.Yes {
			return radiograph.Yes
		}
	}
	return radiograph.No
}

// passes reports whether the trace has a segment of a node.
func (s *subject) passes(id entityID) bool {
	return slices.ContainsFunc(s.view.Summary.ServiceIDs, func(node radiograph.ServiceID) bool { return id.is(s, node) })
}

func (t serviceTest) lower(want bool) Condition {
	if !want {
		return Condition{}
	}
	return t.id.lower()
}
