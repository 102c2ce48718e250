package awsapi

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

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
