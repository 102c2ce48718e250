// Package awsapi speaks the wire protocols of AWS services.
//
// An HTTP request enters; it is told apart by its credential scope, target,
// action or path, decoded into a hand-written input structure, checked against
// the bounds in the structure's tags, and given to the handler of one
// [Operation]. The handler's output structure, or its error, leaves in the form
// that the service's own clients expect.
//
// Each service is one table of operations. Router, IAM action, log name, the
// list of what is missing and the compatibility page all read that table;
// nothing lists operations a second time.
//
// The package knows no service by name, keeps no state, and never verifies
// signatures: it reads from them whose data a request is about.
package awsapi

import (
	"radiograph"
)

// Protocol is how a service puts its structures on the wire.
type Protocol uint8

// The protocols.
const (
	RestJSON Protocol = iota // members in path, query, headers and a JSON body
	Query                    // a form in, XML out
)

// String is the name the public service models use.
func (p Protocol) String() string {
	if p == Query {
		return "query"
	}
	return "rest-json"
}

// Service is one AWS service: its name on the wire and its table of operations.
type Service struct {
	Name       string // signing name, and prefix of its IAM actions: "xray"
	Title      string // "AWS X-Ray"
	Version    string // API version: "2016-04-12"
	Protocol   Protocol
	Namespace  string // Query: the XML namespace of answers
	Operations []Operation
	Modelled   []Unserved // known operations that are not served

	// Exceptions says what a radiograph.Error is called here: by its kind when
	// its Code is empty. Kinds that are absent get a common AWS name.
	Exceptions map[radiograph.Kind]Exception
	// Statuses gives the HTTP status of exceptions that an Error names in its
	// Code. A code that is absent gets the status of the error's kind.
	Statuses map[string]int
	// Validation is the exception for members out of bounds; the zero value
	// means ValidationException, 400.
	Validation Exception
	// Malformed turns a body that cannot be read into the service's own
	// exception; nil means SerializationException, 400. detail says what is wrong
	// and where.
	Malformed func(detail string) error
	// TypedErrors adds Lambda's "Type": "User" or "Server" to error bodies, but
	// for those of Validation.
	TypedErrors bool
}

// Unserved is an operation of the public model that radiograph answers with an
// honest error.
type Unserved struct {
	Name  string
	Route string // "POST /CreateGroup"; "" for Query
}

// Exception is the name of an AWS error shape and its HTTP status.
type Exception struct {
	Name   string
	Status int
}
