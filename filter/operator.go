package filter

import (
	"strings"

	"radiograph"
)

// Operator compares a property with a value.
type Operator uint8

// The operators. Exists wants the property to be there, whatever its value.
const (
	Exists Operator = iota
	Equal
	NotEqual
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
	Contains
	BeginsWith
	EndsWith
)

var operatorNames = [...]string{"", "=", "!=", "<", "<=", ">", ">=", "CONTAINS", "BEGINSWITH", "ENDSWITH"}

// String is the operator as expressions spell it.
func (o Operator) String() string { return operatorNames[o] }

// The operators of each type of value.
var (
	flagOperators   = []Operator{Equal, NotEqual}
	numberOperators = []Operator{Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual}
	textOperators   = []Operator{Equal, NotEqual, Contains, BeginsWith, EndsWith}
)

// operatorsOf are the operators of a type of value.
func operatorsOf(k radiograph.ValueKind) []Operator {
	switch k {
	case radiograph.BooleanValue:
		return flagOperators
	case radiograph.NumberValue:
		return numberOperators
	}
	return textOperators
}

// operator takes an operator if one is next; Exists means that none was.
func (p *parser) operator() (Operator, token) {
	at := p.tok
	if at.kind == wordToken || at.kind == symbolToken {
		for o := Equal; int(o) < len(operatorNames); o++ {
			if strings.EqualFold(at.text, operatorNames[o]) {
				p.advance()
				return o, at
			}
		}
	}
	return Exists, at
}

// Number reports whether a op b.
func (o Operator) Number(a, b float64) bool {
	switch o {
	case Exists:
		return true
	case Equal:
		return a == b
	case NotEqual:
		return a != b
	case Less:
		return a < b
	case LessOrEqual:
		return a <= b
	case Greater:
		return a > b
	}
	return a >= b
}

// text reports whether a op b. Letter case counts unless fold is set.
func (o Operator) text(a, b string, fold bool) bool {
	if fold {
		a, b = strings.ToLower(a), strings.ToLower(b)
	}
	switch o {
	case Exists:
		return true
	case Equal:
		return a == b
	case NotEqual:
		return a != b
	case Contains:
		return strings.Contains(a, b)
	case BeginsWith:
		return strings.HasPrefix(a, b)
	}
	return strings.HasSuffix(a, b)
}

// value reports whether a op b. Values of different types never compare.
func (o Operator) value(a, b radiograph.Value) bool {
	switch {
	case o == Exists:
		return true
	case a.Kind != b.Kind:
		return false
	case a.Kind == radiograph.NumberValue:
		return o.Number(a.Number, b.Number)
	case a.Kind == radiograph.StringValue:
		return o.text(a.String, b.String, false)
	}
	return (a.Bool == b.Bool) == (o == Equal)
}

// value takes a literal: a string, a number, TRUE, FALSE, or a word that stands
// for a string.
func (p *parser) value() (radiograph.Value, token, bool) {
	at := p.tok
	v := radiograph.Value{Kind: radiograph.StringValue, String: at.text}
	switch {
	case at.kind == stringToken:
	case at.kind == numberToken:
		v = radiograph.Value{Kind: radiograph.NumberValue, Number: at.number}
	case at.word("true"), at.word("false"):
		v = radiograph.Value{Kind: radiograph.BooleanValue, Bool: at.word("true")}
	case at.kind == wordToken && !isReserved(at.text):
	default:
		return v, at, false
	}
	p.advance()
	return v, at, true
}

// appendValue prints a literal.
func appendValue(b []byte, v radiograph.Value) []byte {
	switch {
	case v.Kind == radiograph.NumberValue:
		return appendNumber(b, v.Number)
	case v.Kind == radiograph.StringValue:
		return appendString(b, v.String)
	case v.Bool:
		return append(b, "true"...)
	}
	return append(b, "false"...)
}

// appendTest prints op value.
func appendTest(b []byte, o Operator, v radiograph.Value) []byte {
	if o == Exists {
		return b
	}
	b = append(b, ' ')
	b = append(b, o.String()...)
	return appendValue(append(b, ' '), v)
}
