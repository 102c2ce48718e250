package filter

import (
	"slices"

	"radiograph"
)

// flagTest wants a property to be true; its negation is a not.
type flagTest struct{ keyword *keyword }

// numberTest compares a number.
type numberTest struct {
	keyword  *keyword
	operator Operator
	value    float64
}

// textTest compares text: it holds when one of the values does.
type textTest struct {
	keyword  *keyword
	operator Operator
	value    string
}

// comparison reads what follows a keyword.
func (p *parser) comparison(k *keyword) (term, *InvalidError) {
	op, at := p.operator()
	kind := k.kind()
	switch {
	case op == Exists && kind == radiograph.BooleanValue:
		return flagTest{k}, nil
	case op == Exists && kind == radiograph.NumberValue:
		return numberTest{keyword: k}, nil
	case op == Exists:
		return textTest{keyword: k}, nil
	}
	v, err := p.operandOf(k.name, op, at, kind)
	if err != nil {
		return nil, err
	}
	switch kind {
	case radiograph.NumberValue:
		return numberTest{k, op, v.Number}, nil
	case radiograph.StringValue:
		return textTest{k, op, v.String}, nil
	}
	if v.Bool == (op == Equal) {
		return flagTest{k}, nil
	}
	return not{flagTest{k}}, nil
}

// kind is the type of a keyword's values.
func (k *keyword) kind() radiograph.ValueKind {
	switch {
	case k.flag != nil:
		return radiograph.BooleanValue
	case k.number != nil:
		return radiograph.NumberValue
	}
	return radiograph.StringValue
}

var kindNames = [...]string{
	radiograph.StringValue: "a string", radiograph.NumberValue: "a number", radiograph.BooleanValue: "true or false",
}

// operandOf reads the literal behind an operator and holds both against the
// type of what is compared.
func (p *parser) operandOf(name string, op Operator, at token, kind radiograph.ValueKind) (radiograph.Value, *InvalidError) {
	if !slices.Contains(operatorsOf(kind), op) {
		return radiograph.Value{}, invalid(at.offset, "%s is %s, which takes no %s", clip(name), kindNames[kind], op)
	}
	if p.failed != nil {
		return radiograph.Value{}, p.failed
	}
	v, at, ok := p.value()
	if !ok || v.Kind != kind {
		return v, invalid(at.offset, "%s wants %s, not %s", clip(name), kindNames[kind], at)
	}
	return v, nil
}

func (t flagTest) print(b []byte, _ power) []byte { return append(b, t.keyword.name...) }

func (t numberTest) print(b []byte, _ power) []byte {
	return appendTest(append(b, t.keyword.name...), t.operator, radiograph.Value{Kind: radiograph.NumberValue, Number: t.value})
}

func (t textTest) print(b []byte, _ power) []byte {
	return appendTest(append(b, t.keyword.name...), t.operator, radiograph.Value{String: t.value})
}

func (t flagTest) judge(s *subject) radiograph.Verdict { return t.keyword.flag(s) }

func (t numberTest) judge(s *subject) radiograph.Verdict {
	v, ok := t.keyword.number(s)
	return radiograph.VerdictOf(ok && t.operator.Number(v, t.value))
}

func (t textTest) judge(s *subject) radiograph.Verdict {
	return radiograph.VerdictOf(t.keyword.text(s, func(v string) bool { return t.operator.text(v, t.value, t.keyword.fold) }))
}

func (t flagTest) lower(want bool) Condition {
	if t.keyword.name == "ok" { // an answer without any of the three
		if !want {
			return Condition{}
		}
		return Condition{Join: All, Of: []Condition{
			{Field: HasError, Operator: Equal, Value: flagValue(false)}, {Field: HasFault, Operator: Equal, Value: flagValue(false)}, {Field: ResponseTime},
		}}
	}
	if t.keyword.field == 0 {
		return Condition{}
	}
	return Condition{Field: t.keyword.field, Operator: Equal, Value: flagValue(want)}
}

func (t numberTest) lower(want bool) Condition {
	if !want || t.keyword.field == 0 {
		return Condition{}
	}
	return Condition{Field: t.keyword.field, Operator: t.operator, Value: radiograph.Value{Kind: radiograph.NumberValue, Number: t.value}}
}

func (t textTest) lower(want bool) Condition {
	if !want || t.keyword.field == 0 {
		return Condition{}
	}
	return Condition{Field: t.keyword.field, Operator: t.operator, Value: radiograph.Value{String: t.value}}
}

func flagValue(v bool) radiograph.Value {
	return radiograph.Value{Kind: radiograph.BooleanValue, Bool: v}
}
