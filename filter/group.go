package filter

import (
	"slices"
	"strings"

	"radiograph"
)

// Group names a group by one of its members.
type Group struct{ Name, ARN string }

// Groups finds the expression of a group by its name or its ARN. It reports
// false for a group that does not exist.
type Groups func(Group) (expression string, ok bool)

// DefaultGroup is the name of the group that every trace is in.
const DefaultGroup = "Default"

// maxGroups bounds how many groups lead from one to the next.
const maxGroups = 8

// groupTest wants the traces of a group: those of its expression.
type groupTest struct {
	group  Group
	negate bool
	term   term // the group's; nil: every trace
}

// group reads group.name or group.arn and resolves it.
func (p *parser) group() (term, *InvalidError) {
	if err := p.top(); err != nil {
		return nil, err
	}
	at := p.tok
	key, _ := keyOf(at.text)
	key = strings.ToLower(key)
	if key != "name" && key != "arn" {
		return nil, invalid(at.offset, "unknown keyword %s; a group is named by group.name or group.arn", at)
	}
	p.advance()
	op, sign := p.operator()
	if op != Equal && op != NotEqual {
		return nil, invalid(sign.offset, "group.%s takes only = and !=", key)
	}
	literal := p.tok
	v, err := p.operandOf("group."+key, op, sign, radiograph.StringValue)
	if err != nil {
		return nil, err
	}
	t := groupTest{group: Group{Name: v.String}, negate: op == NotEqual}
	if key == "arn" {
		t.group = Group{ARN: v.String}
	}
	t.term, err = p.resolve(t.group, literal)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// resolve reads the expression of a group. What is wrong in it is told at the
// place that names the group.
func (p *parser) resolve(g Group, at token) (term, *InvalidError) {
	var text string
	ok := false
	if p.groups != nil {
		text, ok = p.groups(g)
	}
	switch {
	case !ok:
		return nil, invalid(at.offset, "unknown group %s", at.quote())
	case slices.Contains(p.within, g), len(p.within) == maxGroups:
		return nil, invalid(at.offset, "group %s is part of itself", at.quote())
	case strings.TrimSpace(text) == "":
		return nil, nil
	}
	inner := newParser(text, p.groups)
	inner.within = append(slices.Clone(p.within), g)
	inner.depth, inner.testing = p.depth, p.testing
	t, err := inner.whole()
	p.testing = inner.testing
	if err != nil {
		return nil, invalid(at.offset, "group %s: %s", at.quote(), err.Reason)
	}
	return t, nil
}

// quote is the token's text, in quotes, shortened.
func (t token) quote() string { return `"` + clip(t.text) + `"` }

func (t groupTest) print(b []byte, _ power) []byte {
	key, value := "name", t.group.Name
	if t.group.ARN != "" {
		key, value = "arn", t.group.ARN
	}
	op := Equal
	if t.negate {
		op = NotEqual
	}
	return appendTest(append(append(b, "group."...), key...), op, radiograph.Value{String: value})
}

func (t groupTest) judge(s *subject) radiograph.Verdict {
	v := radiograph.Yes
	if t.term != nil {
		v = t.term.judge(s)
	}
	if t.negate {
		return v.Not()
	}
	return v
}

func (t groupTest) lower(want bool) Condition {
	if t.term == nil {
		return Condition{}
	}
	return t.term.lower(want != t.negate)
}
