package filter

import "radiograph"

// term is one part of an expression.
type term interface {
	// print appends the term, in parentheses when it binds less than least.
	print(b []byte, least power) []byte
	judge(s *subject) radiograph.Verdict
	// lower is a condition that holds whenever the term's outcome is want.
	lower(want bool) Condition
}

// and holds when all do. It never holds another and.
type and []term

// or holds when one does. It never holds another or.
type or []term

// not holds when its term does not.
type not struct{ term term }

// both joins two terms by AND.
func both(a, b term) term {
	out := and{}
	for _, t := range [...]term{a, b} {
		if list, ok := t.(and); ok {
			out = append(out, list...)
		} else {
			out = append(out, t)
		}
	}
	return out
}

// either joins two terms by OR.
func either(a, b term) term {
	out := or{}
	for _, t := range [...]term{a, b} {
		if list, ok := t.(or); ok {
			out = append(out, list...)
		} else {
			out = append(out, t)
		}
	}
	return out
}

func (t and) print(b []byte, least power) []byte { return printList(b, t, " AND ", andPower, least) }
func (t or) print(b []byte, least power) []byte  { return printList(b, t, " OR ", orPower, least) }

func printList(b []byte, list []term, op string, own, least power) []byte {
	if own < least {
		b = append(b, '(')
	}
	for i, t := range list {
		if i > 0 {
			b = append(b, op...)
		}
		b = t.print(b, own+1)
	}
	if own < least {
		b = append(b, ')')
	}
	return b
}

func (t not) print(b []byte, _ power) []byte { return t.term.print(append(b, '!'), notPower) }

func (t and) judge(s *subject) radiograph.Verdict {
	v := radiograph.Yes
	for _, part := range t {
		if v = min(v, part.judge(s)); v == radiograph.No {
			return v
		}
	}
	return v
}

func (t or) judge(s *subject) radiograph.Verdict {
	v := radiograph.No
	for _, part := range t {
		if v = max(v, part.judge(s)); v == radiograph.Yes {
			return v
		}
	}
	return v
}

func (t not) judge(s *subject) radiograph.Verdict { return t.term.judge(s).Not() }

func (t and) lower(want bool) Condition {
	if want {
		return allOf(t, want)
	}
	return anyOf(t, want)
}

func (t or) lower(want bool) Condition {
	if want {
		return anyOf(t, want)
	}
	return allOf(t, want)
}

func (t not) lower(want bool) Condition { return t.term.lower(!want) }
