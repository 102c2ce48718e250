package filter

import (
	"fmt"
	"unicode/utf8"

	"radiograph"
)

// InvalidError tells what is wrong with an expression, and where.
type InvalidError struct {
	Reason   string
	Position int // the character it is about, from 1; one past the last for a missing end

	offset int // in bytes, from 0
}

// Error is the message as the API answers it.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("Invalid filter expression: %s at position %d", e.Reason, e.Position)
}

// wrap makes the error that leaves the package.
func (e *InvalidError) wrap(text string) error {
	e.Position = utf8.RuneCountInString(text[:min(e.offset, len(text))]) + 1
	return &radiograph.Error{Kind: radiograph.KindInvalid, Message: e.Error(), Err: e}
}

func invalid(offset int, format string, args ...any) *InvalidError {
	return &InvalidError{Reason: fmt.Sprintf(format, args...), offset: offset}
}
