package awsapi

import (
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of a JSON body. The deepest shape of the served
// services nests six levels.
const maxDepth = 64

// jsonReader walks over a JSON text. It is strict about syntax, and remembers
// where it is for the error.
type jsonReader struct {
	b     []byte
	i     int
	depth int
	path  []step
	texts []byte // what Texts point into
}

// step is one member name or list index on the way to a value.
type step struct {
	name  string
	index int // when name is empty
}

// malformedError tells what is wrong in a body, and where.
type malformedError struct {
	Path   string // "TraceIds[2]"; "" at the top
	Offset int    // -1: not known
	What   string
}

func (e *malformedError) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.What)
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " (at byte %d)", e.Offset)
	}
	return b.String()
}

func (r *jsonReader) fail(format string, args ...any) error {
	return &malformedError{Path: pathString(r.path), Offset: r.i, What: fmt.Sprintf(format, args...)}
}

func pathString(path []step) string {
	var b strings.Builder
	for _, s := range path {
		switch {
		case s.name == "":
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}

func (r *jsonReader) push(s step) { r.path = append(r.path, s) }
func (r *jsonReader) pop()        { r.path = r.path[:len(r.path)-1] }

// peek skips blanks and returns the next byte, or 0 at the end.
func (r *jsonReader) peek() byte {
	for r.i < len(r.b) {
		switch c := r.b[r.i]; c {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return c
		}
	}
	return 0
}

// kind names the next value, for errors.
func (r *jsonReader) kind() string {
	switch c := r.peek(); {
	case c == 0 && r.i >= len(r.b):
		return "the end of the body"
	case c == '"':
		return "a string"
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == 't' || c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	case c == '-' || '0' <= c && c <= '9':
		return "a number"
	default:
		return fmt.Sprintf("the character %q", c)
	}
}

// null reads a null if one is next.
func (r *jsonReader) null() (bool, error) {
	if r.peek() != 'n' {
		return false, nil
	}
	return true, r.literal("null")
}

func (r *jsonReader) literal(word string) error {
	if len(r.b)-r.i < len(word) || string(r.b[r.i:r.i+len(word)]) != word {
		return r.fail("%s where a value is wanted", r.kind())
	}
	r.i += len(word)
	return nil
}

func (r *jsonReader) boolean() (bool, error) {
	switch r.peek() {
	case 't':
		return true, r.literal("true")
	case 'f':
		return false, r.literal("false")
	}
	return false, r.fail("%s where a boolean is wanted", r.kind())
}

// number reads a number and returns its text.
func (r *jsonReader) number() ([]byte, error) {
	c := r.peek()
	if c != '-' && (c < '0' || c > '9') {
		return nil, r.fail("%s where a number is wanted", r.kind())
	}
	start := r.i
	digits := func() bool {
		from := r.i
		for r.i < len(r.b) && '0' <= r.b[r.i] && r.b[r.i] <= '9' {
			r.i++
		}
		return r.i > from
	}
	if c == '-' {
		r.i++
	}
	ok := r.i < len(r.b)
	if ok && r.b[r.i] == '0' {
		r.i++
	} else {
		ok = digits()
	}
	if ok && r.i < len(r.b) && r.b[r.i] == '.' {
		r.i++
		ok = digits()
	}
	if ok && r.i < len(r.b) && (r.b[r.i] == 'e' || r.b[r.i] == 'E') {
		r.i++
		if r.i < len(r.b) && (r.b[r.i] == '+' || r.b[r.i] == '-') {
			r.i++
		}
		ok = digits()
	}
	if !ok {
		return nil, r.fail("a number that is not one")
	}
	return r.b[start:r.i], nil
}

// object calls member for each member, which must read the value.
func (r *jsonReader) object(member func(name []byte) error) error {
	if r.peek() != '{' {
		return r.fail("%s where an object is wanted", r.kind())
	}
	return r.each('}', func(int) error {
		if r.peek() != '"' {
			return r.fail("%s where a member name is wanted", r.kind())
		}
		name, err := r.key()
		if err != nil {
			return err
		}
		if r.peek() != ':' {
			return r.fail("%s where a colon is wanted", r.kind())
		}
		r.i++
		return member(name)
	})
}

// list calls element for each element, which must read it.
func (r *jsonReader) list(element func(i int) error) error {
	if r.peek() != '[' {
		return r.fail("%s where a list is wanted", r.kind())
	}
	return r.each(']', element)
}

// each reads an opening bracket, items between commas, and the closing bracket.
func (r *jsonReader) each(end byte, item func(i int) error) error {
	if r.depth++; r.depth > maxDepth {
		return r.fail("nested more than %d levels deep", maxDepth)
	}
	defer func() { r.depth-- }()
	r.i++
	if r.peek() == end {
		r.i++
		return nil
	}
	for n := 0; ; n++ {
		if err := item(n); err != nil {
			return err
		}
		switch r.peek() {
		case ',':
			r.i++
		case end:
			r.i++
			return nil
		default:
			return r.fail("%s where a comma or %q is wanted", r.kind(), end)
		}
	}
}

// skip reads any value and forgets it.
func (r *jsonReader) skip() error {
	switch c := r.peek(); c {
	case '{':
		return r.object(func([]byte) error { return r.skip() })
	case '[':
		return r.list(func(int) error { return r.skip() })
	case '"':
		return r.skipString()
	case 't', 'f':
		_, err := r.boolean()
		return err
	case 'n':
		return r.literal("null")
	default:
		if c != '-' && (c < '0' || c > '9') {
			return r.fail("%s where a value is wanted", r.kind())
		}
		_, err := r.number()
		return err
	}
}

// end fails unless only blanks are left.
func (r *jsonReader) end() error {
	if r.peek() != 0 || r.i < len(r.b) {
		return r.fail("%s after the end of the value", r.kind())
	}
	return nil
}
