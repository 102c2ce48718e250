package iam

import (
	"slices"
	"strings"

	"radiograph"
)

// decide is IAM's rule: a Deny that applies wins, else an Allow that applies,
// else no.
func decide(policies []*policy, applies func(*statement) bool) bool {
	allowed := false
	for _, p := range policies {
		for _, st := range p.Statement {
			if !applies(st) {
				continue
			}
			if st.Effect == "Deny" {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

func (st *statement) coversAction(action string) bool {
	action = strings.ToLower(action)
	matches := func(pattern string) bool { return radiograph.Wildcard(strings.ToLower(pattern), action) }
	if len(st.NotAction) > 0 {
		return !slices.ContainsFunc(st.NotAction, matches)
	}
	return slices.ContainsFunc(st.Action, matches)
}

func (st *statement) coversResource(resource string) bool {
	matches := func(pattern string) bool { return radiograph.Wildcard(pattern, resource) }
	if len(st.NotResource) > 0 {
		return !slices.ContainsFunc(st.NotResource, matches)
	}
	return slices.ContainsFunc(st.Resource, matches)
}

func (st *statement) coversService(service string) bool {
	names := func(p *principal) bool {
		return p.everyone || slices.Contains(p.names["Service"], service) || slices.Contains(p.names["Service"], "*")
	}
	if st.NotPrincipal != nil {
		return !names(st.NotPrincipal)
	}
	return st.Principal != nil && names(st.Principal)
}

// facts are the condition keys known of a request, in lower case.
type facts map[string]string

// holds evaluates the Condition block. Keys that are not known count as absent;
// an operator that is not known here never lets an Allow apply and always lets a
// Deny apply.
func (st *statement) holds(f facts) bool {
	for operator, keys := range st.Condition {
		for key, values := range keys {
			ok, known := compare(operator, f, key, values)
			if !known {
				ok = st.Effect == "Deny"
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

// compare evaluates one key of a condition.
func compare(operator string, f facts, key string, values []conditionValue) (ok, known bool) {
	op := strings.ToLower(operator)
	got, present := f[strings.ToLower(key)]
	if op == "null" {
		return slices.ContainsFunc(values, func(v conditionValue) bool { return strings.EqualFold(string(v), "true") == !present }), true
	}
	base, ifExists := strings.CutSuffix(op, "ifexists")
	test, negated := tests[base], false
	if test == nil {
		switch base { // the negated forms
		case "stringnotequals":
			test, negated = tests["stringequals"], true
		case "stringnotequalsignorecase":
			test, negated = tests["stringequalsignorecase"], true
		case "stringnotlike":
			test, negated = tests["stringlike"], true
		case "arnnotequals", "arnnotlike":
			test, negated = tests["arnlike"], true
		default:
			return false, false
		}
	}
	if !present {
		return ifExists || negated, true
	}
	return slices.ContainsFunc(values, func(v conditionValue) bool { return test(string(v), got) }) != negated, true
}

var tests = map[string]func(want, got string) bool{
	"stringequals":           func(want, got string) bool { return want == got },
	"stringequalsignorecase": strings.EqualFold,
	"stringlike":             radiograph.Wildcard,
	"arnequals":              radiograph.Wildcard,
	"arnlike":                radiograph.Wildcard,
	"bool":                   strings.EqualFold,
}
