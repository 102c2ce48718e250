// Package filter is X-Ray's filter-expression language: the text that
// GetTraceSummaries, groups and the console select traces with.
//
// Text enters, an [Expression] leaves: parsed, held against the rules of which
// test may stand where, with groups resolved. It prints itself in one canonical
// spelling that parses to the same expression, decides about a trace by its
// summary where that is enough and by the merged trace otherwise, and names the
// conditions that every wanted trace fulfils, for stores. The package reads no
// store and no clock, and never asks what a trace costs to fetch.
package filter

import (
	"strings"

	"radiograph"
)

// Expression is a parsed filter expression. It is immutable.
type Expression struct {
	term term // nil: every trace
}

var _ radiograph.Filter = (*Expression)(nil)

// Parse reads an expression; an empty one wants every trace. groups finds the
// groups that it names; nil knows none. A wrong expression is a radiograph.Error
// of KindInvalid that wraps an *InvalidError.
func Parse(text string, groups Groups) (*Expression, error) {
	if strings.TrimSpace(text) == "" {
		return &Expression{}, nil
	}
	p := newParser(text, groups)
	t, err := p.whole()
	if err != nil {
		return nil, err.wrap(text)
	}
	return &Expression{t}, nil
}

// String is the expression in its canonical spelling: keywords in lower case,
// operators in upper case, AND written out, strings quoted. Group names stay
// names.
func (e *Expression) String() string {
	if e.term == nil {
		return ""
	}
	return string(e.term.print(nil, orPower))
}

// Judge implements radiograph.Filter.
func (e *Expression) Judge(v *radiograph.FilterView) radiograph.Verdict {
	if e.term == nil {
		return radiograph.Yes
	}
	s := subject{scope: inTrace, view: v}
	return e.term.judge(&s)
}

// Condition is what each trace that the expression wants fulfils, as far as a
// summary's members can say it.
func (e *Expression) Condition() Condition {
	if e.term == nil {
		return Condition{}
	}
	return e.term.lower(true)
}
