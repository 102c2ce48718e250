package filter

import (
	"slices"
	"strings"
	"unicode/utf8"

	"radiograph"
)

// Completion is what may stand at the end of an expression that is being typed.
type Completion struct {
	From       int // the byte at which the unfinished word begins; a candidate replaces it
	Candidates []Candidate
}

// Candidate is one way to go on.
type Candidate struct {
	Text string
	Doc  string
}

// forms are the tests that are no keywords. They stand outside of blocks only.
var forms = []Candidate{
	{"annotation.", "an indexed annotation; annotation[key] for keys with dots"},
	{"edge(", "a call from one service to another, with tests in {}"},
	{"group.arn", "the traces of a group"},
	{"group.name", "the traces of a group"},
	{"rootcause.error.entity", "an entity on the way to an error, with tests in {}"},
	{"rootcause.error.exception", "an exception on the way to an error, with tests in {}"},
	{"rootcause.error.json", "an error's root cause as JSON: = #[…]"},
	{"rootcause.error.service", "a service on the way to an error, with tests in {}"},
	{"rootcause.fault.entity", "an entity on the way to a fault, with tests in {}"},
	{"rootcause.fault.exception", "an exception on the way to a fault, with tests in {}"},
	{"rootcause.fault.json", "a fault's root cause as JSON: = #[…]"},
	{"rootcause.fault.service", "a service on the way to a fault, with tests in {}"},
	{"rootcause.json", "a root cause of any kind as JSON: = #[…]"},
	{"rootcause.responsetime.entity", "an entity that took a share of the time, with tests in {}"},
	{"rootcause.responsetime.json", "a response time's root cause as JSON: = #[…]"},
	{"rootcause.responsetime.service", "a service that took a share of the time, with tests in {}"},
	{"service(", "a service the trace passes, with tests in {}"},
}

// Stored names values that traces have of a keyword, such as "user"; of "name" and
// "type", those of services; of "annotation", the keys; of "annotation.KEY", the
// key's texts. It is called when they may stand where the expression ends. Nil
// knows none.
type Stored func(of string) []string

// Complete lists what may follow text: keywords of the place it ends in,
// operators of the keyword before, true and false, AND and OR, and stored values.
// It reads only words and signs, so it works on what does not parse yet.
func Complete(text string, stored Stored) Completion {
	if stored == nil {
		stored = func(string) []string { return nil }
	}
	c := completer{scopes: []scope{inTrace}, stored: stored}
	l := lexer{text: text[:min(len(text), maxLength)]}
	for {
		t, err := l.next()
		switch {
		case err != nil && t.kind == stringToken && strings.HasPrefix(l.text[l.at:], `"`): // within a string
			return Completion{From: l.at, Candidates: c.values(l.text[l.at+1:])}
		case err != nil: // behind what cannot be read
			return Completion{From: len(text)}
		case t.kind == endToken:
			return Completion{From: len(text), Candidates: c.candidates("")}
		case t.kind == wordToken && l.at == len(l.text): // it may go on
			return Completion{From: t.offset, Candidates: c.candidates(t.text)}
		}
		c.read(t)
	}
}

// completer follows where an expression stands.
type completer struct {
	scopes   []scope  // the blocks it is in
	opens    scope    // what a block would be that begins here; 0: none can
	parens   []string // for each open parenthesis, service, edge or id, or "" when it only groups
	last     token
	previous token
	compared radiograph.ValueKind // the type of the keyword before, when subject is set
	of       string               // the keyword before, as Stored names it
	subject  bool                 // a keyword or annotation was read: an operator may follow
	value    bool                 // an operator was read: a value must follow
	stored   Stored
}

func (c *completer) scope() scope { return c.scopes[len(c.scopes)-1] }

// read takes one token.
func (c *completer) read(t token) {
	c.previous, c.last = c.last, t
	wasValue, wasSubject := c.value, c.subject
	c.value, c.subject = false, false
	switch {
	case t.kind == symbolToken:
		c.sign(t.text, wasSubject)
	case t.kind != wordToken || wasValue:
	case t.word("contains"), t.word("beginswith"), t.word("endswith"):
		c.value = true
	default:
		c.word(strings.ToLower(t.text))
	}
}

func (c *completer) sign(s string, wasSubject bool) {
	switch s {
	case "(":
		of := ""
		if c.previous.word("service") || c.previous.word("edge") || c.previous.word("id") {
			of = strings.ToLower(c.previous.text)
		}
		c.parens = append(c.parens, of)
	case ")":
		c.parens = c.parens[:max(0, len(c.parens)-1)]
	case "{":
		c.scopes = append(c.scopes, c.opens)
		c.opens = 0
	case "}":
		c.scopes = c.scopes[:max(1, len(c.scopes)-1)]
	case "=", "!=", "<", "<=", ">", ">=":
		c.value = true
	case "]":
		c.subject, c.of = true, "annotation."+c.previous.text
	case "[":
		c.subject = wasSubject
	}
}

func (c *completer) word(name string) {
	head, _, _ := strings.Cut(name, ".")
	switch {
	case name == "service":
		c.opens = inService
	case name == "edge":
		c.opens = inEdge
	case head == "rootcause":
		c.opens = causeScope(name)
	case head == "annotation":
		key, _ := keyOf(c.last.text)
		c.subject, c.compared, c.of = true, radiograph.StringValue, "annotation."+key
	case head == "group":
		c.subject, c.compared, c.of = true, radiograph.StringValue, name
	case keywords[name] != nil:
		c.subject, c.compared, c.of = true, keywords[name].kind(), name
	}
}

// causeScope is the block of rootcause.kind.noun, or 0.
func causeScope(name string) scope {
	switch _, noun, _ := strings.Cut(strings.TrimPrefix(name, "rootcause."), "."); {
	case noun == "service":
		return inCauseService
	case noun == "exception":
		return inCauseException
	case noun == "entity" && strings.HasPrefix(name, "rootcause.responsetime."):
		return inSlowCauseEntity
	case noun == "entity":
		return inCauseEntity
	}
	return 0
}

// candidates are those that begin with prefix, by text.
func (c *completer) candidates(prefix string) []Candidate {
	var list []Candidate
	add := func(text, doc string) {
		if len(text) > len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
			list = append(list, Candidate{text, doc})
		}
	}
	switch {
	case c.within() != "":
		c.arguments(add)
		list = append(list, c.values(prefix)...)
	case c.value:
		if c.compared == radiograph.BooleanValue {
			add("true", "")
			add("false", "")
		} else {
			list = c.values(prefix)
		}
	default:
		if c.subject {
			for _, o := range operatorsOf(c.compared) {
				add(o.String(), "")
			}
		}
		if c.complete() {
			add("AND", "both hold")
			add("OR", "one holds")
		}
		if !c.subject || prefix != "" { // a keyword alone is a test, and another may follow it
			c.tests(add)
			list = append(list, c.annotations(prefix)...)
		}
	}
	slices.SortFunc(list, func(a, b Candidate) int { return strings.Compare(a.Text, b.Text) })
	return list
}

// within names the innermost parenthesis: service, edge, id, or "".
func (c *completer) within() string {
	if len(c.parens) == 0 {
		return ""
	}
	return c.parens[len(c.parens)-1]
}

// values are stored values that may stand here and begin with prefix, as strings.
func (c *completer) values(prefix string) []Candidate {
	of := ""
	switch {
	case c.within() == "id" && c.last.is(":"):
		of = strings.ToLower(c.previous.text)
	case (c.within() == "service" || c.within() == "edge") && (c.last.is("(") || c.last.is(",")):
		of = "name"
	case c.within() == "" && c.value && c.compared == radiograph.StringValue:
		of = c.of
	default:
		return nil
	}
	var list []Candidate
	for _, v := range c.stored(of) {
		if len(v) >= len(prefix) && strings.EqualFold(v[:len(prefix)], prefix) {
			list = append(list, Candidate{Text: string(appendString(nil, v))})
		}
	}
	slices.SortFunc(list, func(a, b Candidate) int { return strings.Compare(a.Text, b.Text) })
	return list
}

// annotations are tests of stored keys, once the word of the test is there.
func (c *completer) annotations(prefix string) []Candidate {
	const word = "annotation."
	if c.scope() != inTrace || len(prefix) < len(word) || !strings.EqualFold(prefix[:len(word)], word) {
		return nil
	}
	var list []Candidate
	for _, key := range c.stored("annotation") {
		switch begun := prefix[len(word):]; {
		case len(key) < len(begun) || !strings.EqualFold(key[:len(begun)], begun):
		case strings.IndexFunc(key, func(r rune) bool { return r >= utf8.RuneSelf || !isPlainKeyByte(byte(r)) }) < 0:
			list = append(list, Candidate{word + key, "an annotation of traces here"})
		default:
			list = append(list, Candidate{"annotation[" + key + "]", "an annotation of traces here"})
		}
	}
	return list
}

func (c *completer) arguments(add func(text, doc string)) {
	switch {
	case !c.last.is("(") && !c.last.is(","):
	case c.within() == "id":
		add("name:", "name of the service")
		add("type:", "type of the service, such as AWS::Lambda::Function")
		add("account.id:", "AWS account of the service")
	default:
		add("id(", "a node by name, type and account")
	}
}

// complete reports whether a test ends here, so that AND may follow.
func (c *completer) complete() bool {
	switch {
	case c.subject, c.last.kind == stringToken, c.last.kind == numberToken, c.last.is(")"), c.last.is("}"), c.last.is("]"):
		return true
	case c.last.kind != wordToken:
		return false
	}
	return !isReserved(c.last.text) || c.last.word("true") || c.last.word("false")
}

func (c *completer) tests(add func(text, doc string)) {
	for _, k := range sortedKeywords {
		if k.scopes&c.scope() != 0 {
			add(k.name, k.doc)
		}
	}
	if c.scope() == inTrace {
		for _, f := range forms {
			add(f.Text, f.Doc)
		}
	}
}
