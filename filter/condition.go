package filter

import (
	"slices"
	"strings"

	"radiograph"
)

// Condition is what a store may look for instead of an expression: it holds for
// each trace that the expression wants, and for others. The zero Condition holds
// for every trace.
type Condition struct {
	Join Join
	Of   []Condition // with All and AnyOf

	Field    Field // what is compared; 0 with All, AnyOf, and for every trace
	Key      string
	Operator Operator
	Value    radiograph.Value
	Node     radiograph.ServiceID // with Service; an empty Name or Type is not asked, Account never is
}

// Join says how the parts of a condition are joined.
type Join uint8

// The joins.
const (
	Single Join = iota // no parts
	All
	AnyOf
)

// Field is a member of a summary.
type Field uint8

// The fields that conditions compare. Flags compare with Equal alone; a text
// field of several values does when one of them does.
const (
	_ Field = iota
	HasError
	HasFault
	HasThrottle
	IsPartial
	ResponseTime // seconds
	Duration     // seconds
	HTTPStatus
	HTTPURL
	HTTPMethod
	HTTPUserAgent
	HTTPClientIP
	User
	AvailabilityZone
	InstanceID
	ResourceARN
	Annotation // of Key
	Service    // one of the trace's services is Node
)

// fieldKeywords are the keywords that say what a field is.
var fieldKeywords = func() map[Field]*keyword {
	m := make(map[Field]*keyword)
	for _, k := range keywords {
		if k.field != 0 {
			m[k.field] = k
		}
	}
	return m
}()

// Holds decides a condition by a summary, for stores that have nothing quicker.
func (c Condition) Holds(sum *radiograph.Summary) bool {
	s := subject{scope: inTrace, view: &radiograph.FilterView{Summary: sum}}
	return c.holds(&s)
}

func (c Condition) holds(s *subject) bool {
	part := func(c Condition) bool { return c.holds(s) }
	switch {
	case c.Join == All:
		return !slices.ContainsFunc(c.Of, func(c Condition) bool { return !part(c) })
	case c.Join == AnyOf:
		return slices.ContainsFunc(c.Of, part)
	case c.Field == 0:
		return true
	case c.Field == Service:
		return slices.ContainsFunc(s.view.Summary.ServiceIDs, func(id radiograph.ServiceID) bool {
			return (c.Node.Name == "" || c.Node.Name == id.Name) && (c.Node.Type == "" || strings.EqualFold(c.Node.Type, id.Type))
		})
	case c.Field == Annotation:
		return annotationTest{c.Key, c.Operator, c.Value}.judge(s) == radiograph.Yes
	}
	switch k := fieldKeywords[c.Field]; k.kind() {
	case radiograph.BooleanValue:
		return (k.flag(s) == radiograph.Yes) == c.Value.Bool
	case radiograph.NumberValue:
		return numberTest{k, c.Operator, c.Value.Number}.judge(s) == radiograph.Yes
	default:
		return textTest{k, c.Operator, c.Value.String}.judge(s) == radiograph.Yes
	}
}

func allOf(list []term, want bool) Condition { return join(All, lowerAll(list, want)) }
func anyOf(list []term, want bool) Condition { return join(AnyOf, lowerAll(list, want)) }

func lowerAll(list []term, want bool) []Condition {
	out := make([]Condition, len(list))
	for i, t := range list {
		out[i] = t.lower(want)
	}
	return out
}

// join drops what says nothing: a part of All that holds for every trace, and an
// AnyOf with such a part.
func join(how Join, parts []Condition) Condition {
	everything := func(c Condition) bool { return c.Join == Single && c.Field == 0 }
	if how == AnyOf && slices.ContainsFunc(parts, everything) {
		return Condition{}
	}
	parts = slices.DeleteFunc(parts, everything)
	switch len(parts) {
	case 0:
		return Condition{}
	case 1:
		return parts[0]
	}
	return Condition{Join: how, Of: parts}
}
