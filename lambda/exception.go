package lambda

import (
	"fmt"
	"strings"
	"time"

	"radiograph"
)

// Throttle is the cause inside an Error of KindThrottled: which limit was hit
// and when to try again.
type Throttle struct {
	Reason     string // TooManyRequestsException's Reason
	RetryAfter time.Duration
}

// Error names the limit.
func (t *Throttle) Error() string { return t.Reason }

func exception(kind radiograph.Kind, code, format string, args ...any) *radiograph.Error {
	err := radiograph.Errorf(kind, format, args...)
	err.Code = code
	return err
}

func invalidParameter(format string, args ...any) *radiograph.Error {
	return exception(radiograph.KindInvalid, "InvalidParameterValueException", format, args...)
}

func functionNotFound(arn string) *radiograph.Error {
	return exception(radiograph.KindNotFound, "ResourceNotFoundException", "Function not found: %s", arn)
}

func revisionMismatch() *radiograph.Error {
	return exception(radiograph.KindPrecondition, "PreconditionFailedException",
		"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
}

// shuttingDown is a 503, which clients try again.
func shuttingDown() *radiograph.Error {
	return exception(radiograph.KindUnavailable, "ServiceException", "The server is shutting down.")
}

// retryAfter is what a throttled caller is told to wait.
const retryAfter = time.Second

func throttled() *radiograph.Error {
	err := exception(radiograph.KindThrottled, "TooManyRequestsException", "Rate Exceeded.")
	err.Err = &Throttle{Reason: "ConcurrentInvocationLimitExceeded", RetryAfter: retryAfter}
	return err
}

// violations are broken constraints of the service model, told all at once as
// the service does.
type violations []string

func (v *violations) add(value any, member, constraint string, args ...any) {
	shown := "null"
	if value != nil {
		shown = fmt.Sprintf("'%v'", value)
	}
	*v = append(*v, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: %s", shown, member, fmt.Sprintf(constraint, args...)))
}

func (v violations) err() error {
	if len(v) == 0 {
		return nil
	}
	noun := "error"
	if len(v) > 1 {
		noun = "errors"
	}
	return exception(radiograph.KindInvalid, "ValidationException", "%d validation %s detected: %s", len(v), noun, strings.Join(v, "; "))
}
