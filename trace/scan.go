package trace

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep JSON values may nest. SDKs stay below 20; the bound
// keeps a hostile document from growing the stack, and what is accepted within
// reach of clients' JSON readers.
const maxDepth = 256

// scanner reads one JSON text (RFC 8259, strictly) front to back without
// building a tree: what the decoder does not ask for is checked and skipped, and
// positions are at hand, so each entity knows its own bytes. A scanner that has
// failed answers every call with nothing; look at failed once, at the end.
type scanner struct {
	s      string
	i      int
	depth  int
	failed bool
}

// peek skips blanks and is the next byte, or 0 at the end or after a failure.
func (r *scanner) peek() byte {
	if r.failed {
		return 0
	}
	for r.i < len(r.s) {
		switch c := r.s[r.i]; c {
		case ' ', '\n', '\r', '\t':
			r.i++
		default:
			return c
		}
	}
	return 0
}

func (r *scanner) fail() { r.failed = true }

// end checks that nothing but blanks is left.
func (r *scanner) end() {
	if r.peek() != 0 || r.i < len(r.s) {
		r.fail()
	}
}

// open enters an object or array and reports whether it has a first element.
func (r *scanner) open(bracket byte) bool {
	if r.peek() != bracket {
		r.fail()
		return false
	}
	if r.depth++; r.depth > maxDepth {
		r.fail()
		return false
	}
	r.i++
	return r.closed(bracket)
}

// more goes past a comma to the next element, or leaves the object or array.
func (r *scanner) more(bracket byte) bool {
	switch r.peek() {
	case ',':
		r.i++
		return true
	case bracket + 2: // '{' and '}', '[' and ']' lie two apart
		return r.closed(bracket)
	}
	r.fail()
	return false
}

// closed leaves the object or array when it ends here, and is true otherwise.
func (r *scanner) closed(bracket byte) bool {
	if r.peek() == bracket+2 {
		r.i++
		r.depth--
		return false
	}
	return !r.failed
}

// key reads a member's name and the colon after it.
func (r *scanner) key() string {
	k := r.text()
	if r.peek() != ':' {
		r.fail()
		return ""
	}
	r.i++
	return k
}

// text reads a string and gives it unescaped. Without escapes it shares the
// document's memory.
func (r *scanner) text() string {
	if r.peek() != '"' {
		r.fail()
		return ""
	}
	start := r.i + 1
	escaped := r.skipText()
	if r.failed {
		return ""
	}
	raw := r.s[start : r.i-1]
	if !escaped {
		return raw
	}
	return unescape(raw)
}

// skipText goes past a string that starts here and tells whether it has escapes.
func (r *scanner) skipText() (escaped bool) {
	s := r.s
	for i := r.i + 1; i < len(s); i++ {
		c := s[i]
		if c > '\\' || c != '"' && c != '\\' && c >= ' ' {
			continue
		}
		switch c {
		case '"':
			r.i = i + 1
			return escaped
		case '\\':
			escaped = true
			n := escapeLen(s[i:])
			if n == 0 {
				r.fail()
				return escaped
			}
			i += n - 1
		default: // a control character
			r.fail()
			return escaped
		}
	}
	r.fail()
	return escaped
}

// escapeLen is the length of the escape that s begins with, 0 for a bad one.
func escapeLen(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(s) < 6 {
			return 0
		}
		for _, c := range []byte(s[2:6]) {
			if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// unescape resolves the escapes of a checked string; half a surrogate pair
// becomes U+FFFD, as in encoding/json.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			u := codeUnit(s[i+1:])
			i += 4
			if utf16.IsSurrogate(u) {
				second := rune(-1)
				if i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					second = codeUnit(s[i+3:])
				}
				if u = utf16.DecodeRune(u, second); u != utf8.RuneError {
					i += 6
				}
			}
			b = utf8.AppendRune(b, u)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func codeUnit(s string) rune {
	u, _ := strconv.ParseUint(s[:4], 16, 16) // escapeLen has checked the digits
	return rune(u)
}

// number reads a number and gives its text.
func (r *scanner) number() string {
	r.peek()
	start, s, i := r.i, r.s, r.i
	digits := func() bool {
		from := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	ok := false
	if i < len(s) && s[i] == '0' {
		i++
		ok = true
	} else {
		ok = digits()
	}
	if ok && i < len(s) && s[i] == '.' {
		i++
		ok = digits()
	}
	if ok && i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		ok = digits()
	}
	if !ok || r.failed {
		r.fail()
		return ""
	}
	r.i = i
	return s[start:i]
}

// literal goes past true, false or null.
func (r *scanner) literal(word string) {
	if r.peek(); r.failed || len(r.s)-r.i < len(word) || r.s[r.i:r.i+len(word)] != word {
		r.fail()
		return
	}
	r.i += len(word)
}

// skip goes past a value of any kind and gives its text.
func (r *scanner) skip() string {
	c := r.peek()
	start := r.i
	switch c {
	case '"':
		r.skipText()
	case '{':
		for ok := r.open('{'); ok; ok = r.more('{') {
			if r.peek() != '"' {
				r.fail()
				return ""
			}
			r.skipText()
			if r.peek() != ':' {
				r.fail()
				return ""
			}
			r.i++
			r.skip()
		}
	case '[':
		for ok := r.open('['); ok; ok = r.more('[') {
			r.skip()
		}
	case 't':
		r.literal("true")
	case 'f':
		r.literal("false")
	case 'n':
		r.literal("null")
	default:
		r.number()
	}
	if r.failed {
		return ""
	}
	return r.s[start:r.i]
}

// The optional readers take a value of the wanted kind; another kind is skipped
// as if it were absent, since real clients send nulls and odd types.

func (r *scanner) optText(into *string) bool {
	if r.peek() != '"' {
		r.skip()
		return false
	}
	*into = r.text()
	return true
}

func (r *scanner) optBool(into *bool) bool {
	switch r.peek() {
	case 't':
		r.literal("true")
		*into = true
		return true
	case 'f':
		r.literal("false")
		*into = false
		return true
	}
	r.skip()
	return false
}

// optNumber gives the text of a number, or "".
func (r *scanner) optNumber() string {
	if c := r.peek(); c == '-' || '0' <= c && c <= '9' {
		return r.number()
	}
	r.skip()
	return ""
}

// optInt reads a whole number, also when it is spelled 200.0 or as a string.
func (r *scanner) optInt() int64 {
	text := ""
	if r.peek() == '"' {
		text = r.text()
	} else {
		text = r.optNumber()
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f == float64(int64(f)) && f > -1<<53 && f < 1<<53 {
		return int64(f)
	}
	return 0
}

// optOpen enters an object or array, or skips another kind of value.
func (r *scanner) optOpen(bracket byte) bool {
	if r.peek() != bracket {
		r.skip()
		return false
	}
	return r.open(bracket)
}
