package radiograph

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an [Error] is. Each API maps a kind to its own
// service's exception name and status.
type Kind uint8

// The kinds. KindInternal is also what a foreign error counts as.
const (
	KindInternal     Kind = iota // our fault; the text is logged, never shown
	KindInvalid                  // the request is wrong
	KindNotFound                 // the subject does not exist
	KindConflict                 // the subject exists already or is being changed
	KindPrecondition             // a revision id does not match
	KindDenied                   // the caller may not
	KindThrottled                // too many requests
	KindTooLarge                 // over a size limit
	KindUnavailable              // try again later
	KindUnsupported              // known, not served
)

var kindNames = [...]string{"internal", "invalid", "not found", "conflict", "precondition failed", "denied", "throttled", "too large", "unavailable", "unsupported"}

// String names the kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", k)
}

// Error is the one error type that crosses rooms.
type Error struct {
	Kind    Kind
	Code    string // the AWS exception name when the kind alone does not say it; else empty
	Message string // what and where, for the caller
	Err     error  // the cause, for errors.Is and errors.As; its text is not added to Message
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a kind. A %w operand becomes part of the message and
// of the chain.
func Errorf(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Err: errors.Unwrap(err)}
}

// ErrorKind is the kind of the first Error in err's chain; anything else is
// internal.
func ErrorKind(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}
