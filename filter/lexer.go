package filter

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what sort of word of the language a token is.
type tokenKind uint8

const (
	endToken    tokenKind = iota
	wordToken             // keyword, operator in letters, or a value without quotes
	numberToken           // value is number
	stringToken           // value is text, unquoted
	symbolToken           // punctuation and operators in signs; value is text
)

// token is one word of an expression.
type token struct {
	kind   tokenKind
	offset int // of its first byte
	text   string
	number float64
}

// is reports whether t is the given punctuation or operator sign.
func (t token) is(symbol string) bool { return t.kind == symbolToken && t.text == symbol }

// word reports whether t is the given word of the language, in any letter case.
func (t token) word(w string) bool { return t.kind == wordToken && strings.EqualFold(t.text, w) }

// String names the token for a message.
func (t token) String() string {
	switch t.kind {
	case endToken:
		return "the end"
	case stringToken:
		return "a string"
	}
	return strconv.Quote(clip(t.text))
}

// maxQuoted bounds how much of an expression a message repeats.
const maxQuoted = 40

func clip(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}

// lexer cuts an expression into tokens. It stands at at.
type lexer struct {
	text string
	at   int
}

// symbols are the signs of the language, longer ones first.
var symbols = [...]string{"!=", "<=", ">=", "=", "<", ">", "!", "(", ")", "{", "}", "[", "]", ",", ":", "#"}

// next reads one token.
func (l *lexer) next() (token, *InvalidError) {
	l.skipBlanks()
	t := token{kind: endToken, offset: l.at}
	if l.at == len(l.text) {
		return t, nil
	}
	c := l.text[l.at]
	switch {
	case c == '"':
		return l.quoted()
	case isDigit(c), c == '-', c == '.':
		return l.numeral()
	}
	if n := l.wordLength(); n > 0 {
		t.kind, t.text = wordToken, l.text[l.at:l.at+n]
		l.at += n
		return t, nil
	}
	for _, s := range symbols {
		if strings.HasPrefix(l.text[l.at:], s) {
			t.kind, t.text = symbolToken, s
			l.at += len(s)
			return t, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(l.text[l.at:])
	return t, invalid(l.at, "unexpected character %q", r)
}

func (l *lexer) skipBlanks() {
	for l.at < len(l.text) {
		r, n := utf8.DecodeRuneInString(l.text[l.at:])
		if !unicode.IsSpace(r) {
			return
		}
		l.at += n
	}
}

// wordLength is how many bytes of a word stand here: a letter or underscore,
// then letters, digits, underscores, dots and dashes.
func (l *lexer) wordLength() int {
	for i, r := range l.text[l.at:] {
		switch {
		case r == '_', r != utf8.RuneError && unicode.IsLetter(r):
		case i > 0 && (r == '.' || r == '-' || unicode.IsDigit(r)):
		default:
			return i
		}
	}
	return len(l.text) - l.at
}

// quoted reads a string. Its escapes are \" and \\.
func (l *lexer) quoted() (token, *InvalidError) {
	t := token{kind: stringToken, offset: l.at}
	var b strings.Builder
	for i := l.at + 1; i < len(l.text); i++ {
		switch c := l.text[i]; c {
		case '"':
			l.at = i + 1
			t.text = b.String()
			return t, nil
		case '\\':
			if i++; i == len(l.text) || l.text[i] != '"' && l.text[i] != '\\' {
				return t, invalid(i-1, `a backslash stands only before " and \`)
			}
			b.WriteByte(l.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return t, invalid(l.at, "unclosed string")
}

// numeral reads a decimal number, perhaps with a sign, a fraction and an exponent.
func (l *lexer) numeral() (token, *InvalidError) {
	t := token{kind: numberToken, offset: l.at}
	i := l.at
	if l.text[i] == '-' {
		i++
	}
	i = l.digits(i)
	if i < len(l.text) && l.text[i] == '.' {
		i = l.digits(i + 1)
	}
	if i < len(l.text) && (l.text[i] == 'e' || l.text[i] == 'E') {
		i++
		if i < len(l.text) && (l.text[i] == '+' || l.text[i] == '-') {
			i++
		}
		i = l.digits(i)
	}
	t.text = l.text[l.at:i]
	start := l.at
	l.at = i
	v, err := strconv.ParseFloat(t.text, 64)
	if err != nil || l.wordLength() > 0 || i < len(l.text) && l.text[i] == '.' {
		return t, invalid(start, "malformed number")
	}
	t.number = v + 0 // minus zero is zero
	return t, nil
}

func (l *lexer) digits(i int) int {
	for i < len(l.text) && isDigit(l.text[i]) {
		i++
	}
	return i
}

// key reads what stands in annotation[…]: a quoted string, or letters, digits
// and the signs that indexed keys have.
func (l *lexer) key() (token, *InvalidError) {
	l.skipBlanks()
	if l.at < len(l.text) && l.text[l.at] == '"' {
		return l.quoted()
	}
	i := l.at
	for i < len(l.text) && isKeyByte(l.text[i]) {
		i++
	}
	t := token{kind: stringToken, offset: l.at, text: l.text[l.at:i]}
	if t.text == "" {
		return t, invalid(l.at, "expected an annotation key")
	}
	l.at = i
	return t, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isPlainKeyByte reports whether c may stand in the key of annotation.key.
func isPlainKeyByte(c byte) bool {
	return isDigit(c) || c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// isKeyByte reports whether c may stand in annotation[key] without quotes.
func isKeyByte(c byte) bool { return isPlainKeyByte(c) || c == '.' || c == ':' || c == '-' }

// keyOf cuts what stands behind the first dot of a word.
func keyOf(word string) (string, bool) {
	_, key, ok := strings.Cut(word, ".")
	return key, ok
}

// appendString prints a string as quoted reads it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// appendNumber prints a number as numeral reads it, in the fewest digits.
func appendNumber(b []byte, v float64) []byte { return strconv.AppendFloat(b, v, 'g', -1, 64) }
