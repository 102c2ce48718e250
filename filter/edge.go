package filter

import (
	"strings"

	"radiograph"
)

// edgeTest wants a direct call from one node to another, and with a block, one
// for which the block holds.
type edgeTest struct {
	from, to entityID
	block    term // nil: none
}

// edge reads edge(…, …) and its block. edge() is every call.
func (p *parser) edge() (term, *InvalidError) {
	if err := p.top(); err != nil {
		return nil, err
	}
	p.advance()
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var t edgeTest
	if !p.accept(")") {
		var err *InvalidError
		if t.from, err = p.argument(); err != nil {
			return nil, err
		}
		if !p.tok.is(",") {
			return nil, p.unexpected(`"," and the node that is called`)
		}
		p.advance()
		if t.to, err = p.argument(); err != nil {
			return nil, err
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
	}
	var err *InvalidError
	if t.block, err = p.block(inEdge); err != nil {
		return nil, err
	}
	return t, nil
}

func (t edgeTest) print(b []byte, _ power) []byte {
	b = append(b, "edge("...)
	if t.from != (entityID{}) || t.to != (entityID{}) {
		b = append(t.from.print(b), ", "...)
		b = t.to.print(b)
	}
	return printBlock(append(b, ')'), t.block)
}

func (t edgeTest) judge(s *subject) radiograph.Verdict {
	switch {
	case !s.passes(t.to), !s.passes(t.caller()):
		return radiograph.No
	case !s.view.Whole:
		return radiograph.Undecided
	}
	in := subject{scope: inEdge, view: s.view}
	for i := range s.view.Calls {
		in.call = &s.view.Calls[i]
		if t.from.is(s, in.call.From) && t.to.is(s, in.call.To) &&
			(t.block == nil || t.block.judge(&in) == radiograph.Yes) {
			return radiograph.Yes
		}
	}
	return radiograph.No
}

// caller is what a segment of the trace must be for such a call: the client has
// none, but the name of the root's service.
func (t edgeTest) caller() entityID {
	id := t.from
	if strings.EqualFold(id.kind, "client") {
		id.kind = ""
	}
	return id
}

func (t edgeTest) lower(want bool) Condition {
	if !want {
		return Condition{}
	}
	return join(All, []Condition{t.caller().lower(), t.to.lower()})
}
