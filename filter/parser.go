package filter

import "strings"

// The bounds of an expression. An older API reference bounded it at 2000
// characters, the newest does not; root causes as JSON are longer.
const (
	maxLength = 20_000 // bytes
	maxDepth  = 64     // parentheses, blocks and negations within each other
	maxTerms  = 500    // tests
)

// power is how strongly an operator binds.
type power uint8

const (
	orPower power = iota + 1
	andPower
	notPower
)

// parser reads one expression by operator precedence: a prefix or a test begins
// an operand, and infix operators take what they bind more strongly.
type parser struct {
	lexer
	tok     token         // the next one
	failed  *InvalidError // of reading tok
	scope   scope         // where tests stand
	groups  Groups
	within  []Group // the groups whose expressions are being read
	subset  bool    // an entity selector
	depth   int
	testing int // tests so far
}

func newParser(text string, groups Groups) *parser {
	return &parser{lexer: lexer{text: text}, scope: inTrace, groups: groups}
}

// whole reads the text to its end.
func (p *parser) whole() (term, *InvalidError) {
	if len(p.text) > maxLength {
		return nil, invalid(maxLength, "more than %d bytes", maxLength)
	}
	p.advance()
	t, err := p.expression(orPower)
	switch {
	case err != nil:
		return nil, err
	case p.failed != nil:
		return nil, p.failed
	case p.tok.kind != endToken:
		return nil, p.unexpected("AND, OR or the end")
	}
	return t, nil
}

// advance reads the next token. A token that cannot be read is an end that
// nothing accepts.
func (p *parser) advance() {
	if p.tok, p.failed = p.next(); p.failed != nil {
		p.tok = token{kind: endToken, offset: p.failed.offset}
	}
}

// unexpected says what was wanted in place of the next token.
func (p *parser) unexpected(wanted string) *InvalidError {
	if p.failed != nil {
		return p.failed
	}
	return invalid(p.tok.offset, "expected %s, not %s", wanted, p.tok)
}

// expect takes a sign.
func (p *parser) expect(symbol string) *InvalidError {
	if !p.tok.is(symbol) {
		return p.unexpected(`"` + symbol + `"`)
	}
	p.advance()
	return nil
}

// accept takes a sign if it is next.
func (p *parser) accept(symbol string) bool {
	if !p.tok.is(symbol) {
		return false
	}
	p.advance()
	return true
}

// enter bounds the recursion; the caller leaves by lowering depth.
func (p *parser) enter() *InvalidError {
	if p.depth++; p.depth > maxDepth {
		return invalid(p.tok.offset, "nested more than %d deep", maxDepth)
	}
	return nil
}

// expression reads operands joined by operators that bind at least as strongly
// as least. Tests that follow each other without an operator are joined by AND.
func (p *parser) expression(least power) (term, *InvalidError) {
	left, err := p.operand()
	for err == nil {
		op := p.infix()
		if op == 0 || op < least {
			return left, nil
		}
		if p.tok.word("and") || p.tok.word("or") {
			p.advance()
		}
		var right term
		if right, err = p.expression(op + 1); err != nil {
			break
		}
		if op == andPower {
			left = both(left, right)
		} else {
			left = either(left, right)
		}
	}
	return nil, err
}

// infix is the power of the operator that stands next, or 0.
func (p *parser) infix() power {
	switch {
	case p.tok.word("or"):
		return orPower
	case p.tok.kind == wordToken, p.tok.is("!"), p.tok.is("("):
		return andPower
	}
	return 0
}

// operand reads a negation, a parenthesis or a test.
func (p *parser) operand() (term, *InvalidError) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	switch {
	case p.tok.is("!"), p.tok.word("not"):
		p.advance()
		t, err := p.operand()
		if err != nil {
			return nil, err
		}
		return not{t}, nil
	case p.accept("("):
		t, err := p.expression(orPower)
		if err != nil {
			return nil, err
		}
		return t, p.expect(")")
	case p.tok.kind != wordToken || isReserved(p.tok.text):
		return nil, p.unexpected("a keyword")
	}
	if p.testing++; p.testing > maxTerms {
		return nil, invalid(p.tok.offset, "more than %d tests", maxTerms)
	}
	return p.test()
}

// test reads what begins with a word.
func (p *parser) test() (term, *InvalidError) {
	at := p.tok
	name := strings.ToLower(at.text)
	head, _, _ := strings.Cut(name, ".")
	if p.subset && name != "service" && name != "edge" && name != "id" {
		return nil, invalid(at.offset, "an entity selector takes only id(), service() and edge(), not %s", at)
	}
	switch {
	case name == "service":
		return p.service()
	case name == "edge":
		return p.edge()
	case name == "id":
		return p.entity()
	case head == "annotation":
		return p.annotation()
	case head == "group":
		return p.group()
	case name == "json", head == "rootcause":
		return p.rootCause()
	}
	k := keywords[name]
	if k == nil {
		return nil, invalid(at.offset, "unknown keyword %s", at)
	}
	if k.scopes&p.scope == 0 {
		return nil, invalid(at.offset, "%s cannot stand %s", name, p.scope.where())
	}
	p.advance()
	return p.comparison(k)
}

// block reads { expr } in a scope of its own, if one is there.
func (p *parser) block(s scope) (term, *InvalidError) {
	if !p.tok.is("{") || p.subset {
		return nil, nil
	}
	outer := p.scope
	p.scope = s
	defer func() { p.scope = outer }()
	p.advance()
	t, err := p.expression(orPower)
	if err != nil {
		return nil, err
	}
	return t, p.expect("}")
}

// top refuses a test that cannot stand in a block.
func (p *parser) top() *InvalidError {
	if p.scope == inTrace {
		return nil
	}
	return invalid(p.tok.offset, "%s cannot stand %s", strings.ToLower(clip(p.tok.text)), p.scope.where())
}

// isReserved reports whether a word belongs to the language wherever it stands.
func isReserved(word string) bool {
	switch strings.ToLower(word) {
	case "and", "or", "not", "true", "false", "contains", "beginswith", "endswith":
		return true
	}
	return false
}
