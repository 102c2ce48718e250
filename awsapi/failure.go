package awsapi

import "net/http"

// Failure is an error that travels with more than its name and text: a Reason
// member, a Retry-After header.
type Failure struct {
	Err     error             // a radiograph.Error
	Members map[string]string // further members of the error body
	Header  http.Header       // further headers
}

// Error is the text of Err.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap gives Err.
func (f *Failure) Unwrap() error { return f.Err }
