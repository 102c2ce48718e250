package trace

import (
	"crypto/sha256"
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"radiograph"
)

// The limits of strings, in characters (segment document schema).
const (
	maxName          = 200
	maxText          = 250 // user, and the four strings of http.request
	maxAnnotation    = 1000
	maxAnnotationKey = 500
)

// InvalidError tells why a document is refused, in the words of
// UnprocessedTraceSegments.
type InvalidError struct {
	ID      string // the document's id as it spells it; "" when it has none
	Code    string
	Message string
}

// Error is the message.
func (e *InvalidError) Error() string { return e.Message }

// The codes. InvalidTraceId, MissingId, InvalidName and MissingEndTime were seen
// on the real service; the others follow their pattern.
const (
	codeParse            = "ParseError"
	codeTooLarge         = "SegmentTooLarge"
	codeMissingID        = "MissingId"
	codeInvalidID        = "InvalidId"
	codeMissingTraceID   = "MissingTraceId"
	codeInvalidTraceID   = "InvalidTraceId"
	codeMissingName      = "MissingName"
	codeInvalidName      = "InvalidName"
	codeMissingParentID  = "MissingParentId"
	codeInvalidParentID  = "InvalidParentId"
	codeMissingStartTime = "MissingStartTime"
	codeInvalidStartTime = "InvalidStartTime"
	codeMissingEndTime   = "MissingEndTime"
	codeInvalidEndTime   = "InvalidEndTime"
)

// role is what an entity is checked as.
type role uint8

const (
	segmentRole role = iota
	independentRole
	nestedRole
)

// invalid makes the error as the service words it.
func invalid(id string, as role, code string) *InvalidError {
	message := "Invalid segment. ErrorCode: " + code
	if as != segmentRole {
		message = "Invalid subsegment. ErrorCode: " + code + ", Cause: null"
	}
	return &InvalidError{ID: id, Code: code, Message: message}
}

// check holds an entity against the rules; the document's first broken one is
// kept.
func (d *decoder) check(e *radiograph.Entity, f *fields, as role) {
	if d.invalid != nil {
		return
	}
	broken := func(code string) { d.invalid = invalid(f.idText, as, code) }
	switch {
	case f.hasID == absent:
		broken(codeMissingID)
	case f.hasID == bad:
		broken(codeInvalidID)
	case as != nestedRole && f.hasTrace == absent:
		broken(codeMissingTraceID)
	case as != nestedRole && f.hasTrace == bad:
		broken(codeInvalidTraceID)
	case f.hasName == absent:
		broken(codeMissingName)
	case f.hasName == bad || !validName(e.Name):
		broken(codeInvalidName)
	case as != nestedRole && f.hasParent == bad:
		broken(codeInvalidParentID)
	case as == independentRole && f.hasParent == absent:
		broken(codeMissingParentID)
	case f.hasStart == absent:
		broken(codeMissingStartTime)
	case f.hasStart == bad:
		broken(codeInvalidStartTime)
	case f.hasEnd == bad:
		broken(codeInvalidEndTime)
	case f.hasEnd == absent && !f.inProgress:
		broken(codeMissingEndTime)
	}
	e.InProgress = f.hasEnd == absent
}

// validName reports whether a name has 1 to 200 characters, all of them Unicode
// letters, digits, blanks or one of _ . : / % & # = + \ - @
func validName(s string) bool {
	n := 0
	for _, c := range s {
		if n++; n > maxName {
			return false
		}
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '-' <= c && c <= ':': // - . / 0-9 :
		case c == ' ', c == '_', c == '%', c == '&', c == '#', c == '=', c == '+', c == '\\', c == '@':
		case c < utf8.RuneSelf && !unicode.IsSpace(c):
			return false
		case !unicode.IsLetter(c) && !unicode.IsNumber(c) && !unicode.IsSpace(c) && !unicode.Is(unicode.Z, c):
			return false
		}
	}
	return n > 0
}

// annotationKey reports whether a key is indexed: the schema's letters, digits
// and underscores, and the dots and colons that AWS's own keys have.
func annotationKey(k string) bool {
	for i := range len(k) {
		switch c := k[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == ':':
		default:
			return false
		}
	}
	return k != "" && len(k) <= maxAnnotationKey
}

// nameExceptions gives exceptions without an id one that stays the same however
// often the document is read.
func nameExceptions(e *radiograph.Entity) {
	for i := range e.Exceptions {
		if x := &e.Exceptions[i]; x.ID.IsZero() {
			x.ID = exceptionID(e.ID, i)
		}
	}
}

func exceptionID(e radiograph.SegmentID, index int) radiograph.SegmentID {
	b := append([]byte("exception"), e[:]...)
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(b, uint32(index)))
	return radiograph.SegmentID(sum[:8])
}
