package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// Headers and trailers of what a runtime posts.
const (
	headerErrorType  = "Lambda-Runtime-Function-Error-Type"
	headerCause      = "Lambda-Runtime-Function-Xray-Error-Cause" // the canonical spelling: any letter case is read
	headerMode       = "Lambda-Runtime-Function-Response-Mode"
	trailerErrorType = headerErrorType
	trailerErrorBody = "Lambda-Runtime-Function-Error-Body"
	// causeMediaType marks an error body that holds the cause too.
	causeMediaType = "application/vnd.aws.lambda.error.cause+json"
)

// maxDiscard is how much of a too large body is read and thrown away, so that
// its sender sees the answer rather than a broken connection.
const maxDiscard = 64 << 20

var errTooLarge = errors.New("the body is too large")

// readBody reads a whole body: errTooLarge past the limit, with the rest read
// and dropped, or another error when it was cut off.
func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > maxResponse {
		return nil, tooLargeBody(r.Body, r.ContentLength)
	}
	var body []byte
	var err error
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		var b bytes.Buffer
		_, err = b.ReadFrom(io.LimitReader(r.Body, maxResponse+1))
		body = b.Bytes()
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("read body: %w", err)
	case len(body) > maxResponse:
		return nil, tooLargeBody(r.Body, -1)
	}
	return body, nil
}

func tooLargeBody(rest io.Reader, size int64) error {
	if size <= maxDiscard {
		// What comes of it does not matter: the connection is looked at afterwards.
		_, _ = io.CopyN(io.Discard, rest, maxDiscard)
	}
	return errTooLarge
}

// knownMode reports whether the response mode is one of the two: streaming, or
// buffered, which is said by saying nothing.
func knownMode(h http.Header) bool {
	mode := h.Get(headerMode)
	return mode == "" || strings.EqualFold(mode, "streaming")
}

// trailerError is the body of an error that ended a stream midway.
func trailerError(trailer http.Header, errorType string) []byte {
	body, err := base64.StdEncoding.DecodeString(trailer.Get(trailerErrorBody))
	if err != nil || !json.Valid(body) {
		return []byte(errorBody(errorType, "The response stream ended with an error"))
	}
	return body
}

var knownErrorType = regexp.MustCompile(`^(Runtime|Function)\.[A-Z][a-zA-Z]+$`)

// errorType is what the error type header counts as.
func errorType(header string) string {
	switch {
	case knownErrorType.MatchString(header):
		return header
	case strings.HasPrefix(header, "Runtime."):
		return "Runtime.Unknown"
	}
	return "Function.Unknown"
}

// errorBody is an error as the Runtime API and Lambda write it.
func errorBody(errorType, message string) string {
	b, err := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, errorType})
	if err != nil {
		panic(err) // two strings always marshal
	}
	return string(b)
}

// bodyAndCause splits what was posted into the error for the caller and the
// cause for the trace.
func bodyAndCause(h http.Header, body []byte) (payload, cause []byte) {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(media), causeMediaType) {
		return body, parseCause([]byte(h.Get(headerCause)))
	}
	var both struct {
		Message    json.RawMessage `json:"errorMessage,omitempty"`
		Type       json.RawMessage `json:"errorType,omitempty"`
		StackTrace json.RawMessage `json:"stackTrace,omitempty"`
		Cause      json.RawMessage `json:"errorCause,omitempty"`
	}
	if json.Unmarshal(body, &both) != nil {
		return body, nil // not what the media type says: the caller gets it as it is
	}
	cause = parseCause(both.Cause)
	both.Cause = nil
	payload, err := json.Marshal(both)
	if err != nil {
		return body, cause
	}
	return payload, cause
}
