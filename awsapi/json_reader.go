package awsapi

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
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

// str reads a string. Bytes that are not UTF-8 become U+FFFD.
func (r *jsonReader) str() (string, error) {
	b, err := r.key()
	if err != nil {
		return "", err
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), nil
}

// key reads a string as bytes that are good until the next call.
func (r *jsonReader) key() ([]byte, error) {
	if r.peek() != '"' {
		return nil, r.fail("%s where a string is wanted", r.kind())
	}
	plain := r.i + 1
	end := plain + run(r.b[plain:])
	if end < len(r.b) && r.b[end] == '"' {
		r.i = end + 1
		return r.b[plain:end], nil
	}
	return r.unquote(nil)
}

func (r *jsonReader) skipString() error {
	r.i++
	for {
		r.i += run(r.b[r.i:])
		switch {
		case r.i >= len(r.b):
			return r.fail("a string without an end")
		case r.b[r.i] == '"':
			r.i++
			return nil
		case r.b[r.i] != '\\':
			return r.fail("the control character %q in a string", r.b[r.i])
		default:
			if _, _, err := r.escape(); err != nil {
				return err
			}
		}
	}
}

// text reads a string as bytes of its own. Bytes that are not UTF-8 stay as they
// are.
func (r *jsonReader) text() (Text, error) {
	if r.peek() != '"' {
		return nil, r.fail("%s where a string is wanted", r.kind())
	}
	if r.texts == nil {
		// No string is longer than its JSON form, nor are all of them together.
		r.texts = make([]byte, 0, len(r.b)-r.i)
	}
	from := len(r.texts)
	out, err := r.unquote(r.texts)
	if err != nil {
		return nil, err
	}
	r.texts = out
	return out[from:len(out):len(out)], nil
}

// unquote appends the string that begins at the reader's quote to dst.
func (r *jsonReader) unquote(dst []byte) ([]byte, error) {
	r.i++
	for {
		n, read := copyPlain(dst[len(dst):cap(dst)], r.b[r.i:])
		dst = dst[:len(dst)+n]
		r.i += read
		n = run(r.b[r.i:])
		dst = append(dst, r.b[r.i:r.i+n]...)
		r.i += n
		if r.i >= len(r.b) {
			return nil, r.fail("a string without an end")
		}
		switch r.b[r.i] {
		case '"':
			r.i++
			return dst, nil
		case '\\':
			c, wide, err := r.escape()
			if err != nil {
				return nil, err
			}
			if wide {
				dst = utf8.AppendRune(dst, c)
			} else {
				dst = append(dst, byte(c))
			}
		default:
			return nil, r.fail("the control character %q in a string", r.b[r.i])
		}
	}
}

// copyPlain copies src to dst, word by word, with \" made a quote, up to
// anything else that is special or to the last bytes. This loop is the hot path
// of PutTraceSegments: its documents have a \" every few bytes.
func copyPlain(dst, src []byte) (written, read int) {
	d, s := 0, 0
	for len(src)-s >= 8 && len(dst)-d >= 8 {
		word := binary.LittleEndian.Uint64(src[s:])
		binary.LittleEndian.PutUint64(dst[d:], word)
		m := special(word)
		if m == 0 {
			d += 8
			s += 8
			continue
		}
		k := bits.TrailingZeros64(m) >> 3
		d += k
		s += k
		if src[s] != '\\' || len(src)-s < 2 || src[s+1] != '"' {
			break
		}
		dst[d] = '"'
		d++
		s += 2
		// Between two names or values there is often one byte: a colon or comma.
		if len(src)-s >= 3 && (src[s] == ':' || src[s] == ',') && src[s+1] == '\\' && src[s+2] == '"' && len(dst)-d >= 2 {
			dst[d], dst[d+1] = src[s], '"'
			d += 2
			s += 3
		}
	}
	return d, s
}

// escape reads one escape sequence, or a surrogate pair of two. wide tells a
// \u escape from a single character.
func (r *jsonReader) escape() (c rune, wide bool, err error) {
	if r.i+1 >= len(r.b) {
		r.i = len(r.b)
		return 0, false, r.fail("a string without an end")
	}
	switch e := r.b[r.i+1]; e {
	case '"', '\\', '/':
		c = rune(e)
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		c, ok := r.hex4(r.i + 2)
		if !ok {
			return 0, false, r.fail(`\u without four hex digits in a string`)
		}
		r.i += 6
		if !utf16.IsSurrogate(c) {
			return c, true, nil
		}
		if r.i+1 < len(r.b) && r.b[r.i] == '\\' && r.b[r.i+1] == 'u' {
			if low, ok := r.hex4(r.i + 2); ok {
				if full := utf16.DecodeRune(c, low); full != utf8.RuneError {
					r.i += 6
					return full, true, nil
				}
			}
		}
		return utf8.RuneError, true, nil
	default:
		return 0, false, r.fail("an unknown escape in a string")
	}
	r.i += 2
	return c, false, nil
}

func (r *jsonReader) hex4(at int) (rune, bool) {
	if at+4 > len(r.b) {
		return 0, false
	}
	var c rune
	for _, d := range r.b[at : at+4] {
		switch {
		case '0' <= d && d <= '9':
			d -= '0'
		case 'a' <= d && d <= 'f':
			d -= 'a' - 10
		case 'A' <= d && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		c = c<<4 | rune(d)
	}
	return c, true
}

// run is the number of bytes before the first quote, backslash or control
// character.
func run(b []byte) int {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		if m := special(binary.LittleEndian.Uint64(b[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for i < len(b) && b[i] >= ' ' && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// special marks the high bit of each byte that is a quote, a backslash or a
// control character. Bits above the lowest mark may be wrong.
func special(word uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote := word ^ ones*'"'
	slash := word ^ ones*'\\'
	return ((quote-ones)&^quote | (slash-ones)&^slash | (word-ones*' ')&^word) & highs
}
