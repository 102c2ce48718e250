package awsapi

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// DefaultMaxBody bounds a request body when the operation does not say
// otherwise: a daemon's batch is at most 50 escaped documents of 64 KB.
const DefaultMaxBody = 8 << 20

// Operation is one row of a service's table. Make it with [Op].
type Operation struct {
	Name   string // as the public model spells it
	Method string
	Path   string // with {labels}; "/" for Query
	Status int    // of a success
	Action string // IAM action; "" means the service's name and the operation's
	Input  *Shape
	Output *Shape // nil when the operation has no output members

	maxBody    int64
	permission bool // ask the authorizer
	resource   func(*Request, any) string
	newInput   func() any
	call       func(context.Context, *Request, any) (any, error)
}

// Option changes an operation from the default.
type Option func(*Operation)

// Op makes an operation. route is "METHOD /path/{Label}" for RestJSON and empty
// for Query. In and Out are structures whose tags say where each member travels
// (see [ShapeOf]); Out may be struct{} for an operation without output. One whose
// output has no members, but is there in the model, has a named structure: a query
// answers it with an empty result.
// A mistake in route or tags panics, since the table is written by hand and
// built at start.
//
// The handler gets an input within its bounds, from a caller that has been
// allowed. It may keep In. A nil Out with a nil error is an empty Out.
func Op[In, Out any](name, route string, h func(context.Context, *Request, *In) (*Out, error), opts ...Option) Operation {
	op := Operation{
		Name: name, Method: http.MethodPost, Path: "/", Status: http.StatusOK,
		Input: ShapeOf(reflect.TypeFor[In]()), maxBody: DefaultMaxBody, permission: true,
		newInput: func() any { return new(In) },
		call: func(ctx context.Context, r *Request, in any) (any, error) {
			out, err := h(ctx, r, in.(*In))
			if err != nil {
				return nil, err
			}
			if out == nil {
				out = new(Out)
			}
			return out, nil
		},
	}
	if t := reflect.TypeFor[Out](); t != reflect.TypeFor[struct{}]() {
		op.Output = ShapeOf(t)
	}
	if route != "" {
		var ok bool
		if op.Method, op.Path, ok = strings.Cut(route, " "); !ok || !strings.HasPrefix(op.Path, "/") {
			panic(fmt.Sprintf("awsapi: %s: route %q is not METHOD /path", name, route))
		}
	}
	for _, opt := range opts {
		opt(&op)
	}
	return op
}

// Status sets the HTTP status of a success. With 204 the answer has no body. A
// member with the tag `status` overrides it.
func Status(code int) Option { return func(op *Operation) { op.Status = code } }

// Action sets the IAM action, with its prefix, where it is not the operation's
// name: Invoke needs lambda:InvokeFunction.
func Action(name string) Option { return func(op *Operation) { op.Action = name } }

// MaxBody bounds the request body, after decompression.
func MaxBody(bytes int64) Option { return func(op *Operation) { op.maxBody = bytes } }

// WithoutPermission lets every caller call it: GetCallerIdentity.
func WithoutPermission() Option { return func(op *Operation) { op.permission = false } }

// Resource says which resource ARN the caller must be allowed to act on; without
// it the resource is "*".
func Resource[In any](f func(*Request, *In) string) Option {
	return func(op *Operation) {
		op.resource = func(r *Request, in any) string { return f(r, in.(*In)) }
	}
}

// action is the IAM action the caller of an operation needs.
func (op *Operation) action(s *Service) string {
	if op.Action != "" {
		return op.Action
	}
	return s.Name + ":" + op.Name
}
