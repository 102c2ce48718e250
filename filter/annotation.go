package filter

import (
	"slices"
	"strings"

	"radiograph"
)

// annotationTest compares the indexed values of one key: it holds when one of
// them does. A value of another type than the literal's never does.
type annotationTest struct {
	key      string
	operator Operator
	value    radiograph.Value
}

// maxKey bounds a key (segment document schema).
const maxKey = 500

// annotation reads annotation.key or annotation[key] and what follows.
func (p *parser) annotation() (term, *InvalidError) {
	if err := p.top(); err != nil {
		return nil, err
	}
	t, err := p.annotationKey()
	if err != nil {
		return nil, err
	}
	op, at := p.operator()
	if op == Exists {
		return t, nil
	}
	if p.failed != nil {
		return nil, p.failed
	}
	t.operator = op
	literal := p.tok
	v, _, ok := p.value()
	switch {
	case !ok:
		return nil, invalid(literal.offset, "annotation wants a string, a number, true or false, not %s", literal)
	case !slices.Contains(operatorsOf(v.Kind), op):
		return nil, invalid(at.offset, "%s does not compare with %s", op, kindNames[v.Kind])
	}
	t.value = v
	return t, nil
}

// annotationKey reads up to the key's end.
func (p *parser) annotationKey() (annotationTest, *InvalidError) {
	at := p.tok
	if key, dotted := keyOf(at.text); dotted {
		offset := at.offset + len(at.text) - len(key)
		for i := range len(key) {
			if !isPlainKeyByte(key[i]) {
				return annotationTest{}, invalid(offset+i, "a key with other signs than letters, digits and _ is written annotation[%s]", clip(key))
			}
		}
		if key == "" || len(key) > maxKey {
			return annotationTest{}, invalid(offset, "an annotation key has 1 to %d letters", maxKey)
		}
		p.advance()
		return annotationTest{key: key}, nil
	}
	p.advance()
	if !p.tok.is("[") {
		return annotationTest{}, p.unexpected("a key as in annotation.key or annotation[key]")
	}
	key, err := p.key() // the lexer stands behind the bracket
	switch {
	case err != nil:
		return annotationTest{}, err
	case key.text == "" || len(key.text) > maxKey:
		return annotationTest{}, invalid(key.offset, "an annotation key has 1 to %d letters", maxKey)
	}
	p.advance()
	return annotationTest{key: key.text}, p.expect("]")
}

func (t annotationTest) print(b []byte, _ power) []byte {
	switch signs := func(in func(byte) bool) bool {
		return !strings.ContainsFunc(t.key, func(r rune) bool { return r >= 0x80 || !in(byte(r)) })
	}; {
	case signs(isPlainKeyByte):
		b = append(append(b, "annotation."...), t.key...)
	case signs(isKeyByte):
		b = append(append(append(b, "annotation["...), t.key...), ']')
	default:
		b = append(appendString(append(b, "annotation["...), t.key), ']')
	}
	return appendTest(b, t.operator, t.value)
}

func (t annotationTest) judge(s *subject) radiograph.Verdict {
	for i := range s.view.Summary.Annotations {
		if a := &s.view.Summary.Annotations[i]; a.Key == t.key && t.operator.value(a.Value, t.value) {
			return radiograph.Yes
		}
	}
	return radiograph.No
}

func (t annotationTest) lower(want bool) Condition {
	if !want {
		return Condition{}
	}
	return Condition{Field: Annotation, Key: t.key, Operator: t.operator, Value: t.value}
}
