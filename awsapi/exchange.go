package awsapi

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"runtime/debug"
	"slices"
	"time"

	"radiograph"
)

// exchange is one request on its way to an answer.
type exchange struct {
	server *Server
	w      http.ResponseWriter
	r      *http.Request
	id     string
	began  time.Time
	caller Caller
}

func (s *Server) exchange(w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{server: s, w: w, r: r, id: radiograph.NewUUID(), began: time.Now()}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := s.exchange(w, r)
	query := r.URL.Query()
	scope, signed, err := ParseScope(r.Header, query)
	if err != nil {
		x.finish(target{form: formFor(r, "", query, x.id), err: err})
		return
	}
	t := s.dispatch(r, scope, signed, query, x.id)
	if t.other && s.config.Other != nil {
		s.config.Other.ServeHTTP(w, r)
		return
	}
	if why := s.guard.refuse(r, signed && !scope.Presigned); why != "" {
		t.err = radiograph.Errorf(radiograph.KindDenied, "radiograph refuses this request: %s", why)
		t.fallback = false
	}
	if t.fallback && s.proxy != nil {
		s.config.Log.Debug("forward", "request_id", x.id, "service", scope.Service, "method", r.Method)
		s.proxy.ServeHTTP(w, r)
		return
	}
	if t.err == nil {
		x.caller, t.err = s.caller(r.Context(), scope)
	}
	x.finish(t)
}

// As is the unsigned door: every request comes from c, whatever it is signed
// with. Operations are found by path. services names whose operations are open,
// by signing name; none given means all. A daemon's TCP port is As(caller, "xray").
func (s *Server) As(c Caller, services ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := s.exchange(w, r)
		x.caller = c
		query := r.URL.Query()
		t, ok := s.byPath(r, query, x.id)
		if !ok || len(services) > 0 && !slices.Contains(services, t.service.Name) {
			t = target{form: formFor(r, "", query, x.id), err: unknownOperation(r)}
		}
		if why := s.guard.refuse(r, false); why != "" {
			t.err = radiograph.Errorf(radiograph.KindDenied, "radiograph refuses this request: %s", why)
		}
		x.finish(t)
	})
}

// caller maps an access key to its account and role.
func (s *Server) caller(ctx context.Context, scope Scope) (Caller, error) {
	c := Caller{
		Tenant:      radiograph.Tenant{Account: s.config.Account, Region: s.config.Region},
		AccessKeyID: scope.AccessKeyID,
	}
	if scope.Region != "" {
		c.Tenant.Region = scope.Region
	}
	if isAccount(scope.AccessKeyID) {
		c.Tenant.Account = radiograph.AccountID(scope.AccessKeyID)
		return c, nil
	}
	if s.config.Authorizer == nil || scope.AccessKeyID == "" {
		return c, nil
	}
	session, ok := s.config.Authorizer.Session(ctx, scope.AccessKeyID)
	if !ok {
		return c, nil
	}
	if !session.Expires.IsZero() && !s.config.Clock().Before(session.Expires) {
		return c, &radiograph.Error{Kind: radiograph.KindDenied, Code: "ExpiredTokenException", Message: "The security token included in the request is expired"}
	}
	c.Tenant.Account, c.Session = session.Account, &session
	return c, nil
}

// finish runs the operation, if one was found, and writes the answer.
func (x *exchange) finish(t target) {
	a, err := x.run(t)
	if err != nil {
		var internal bool
		if a, internal = t.form.answer(err); internal {
			x.server.config.Log.Error("operation failed", x.fields(t, a.status, err)...)
		}
	}
	a.header.Set("X-Amzn-Requestid", x.id)
	if t.form.rendering == renderS3 {
		a.header.Set("X-Amz-Request-Id", x.id)
	}
	if x.server.config.Log.Enabled(x.r.Context(), slog.LevelDebug) {
		x.server.config.Log.Debug("request", x.fields(t, a.status, err)...)
	}
	if x.server.config.Observe != nil {
		x.server.config.Observe(x.outcome(t, err))
	}
	a.write(x.w, x.r)
}

func (x *exchange) outcome(t target, err error) Outcome {
	o := Outcome{Took: time.Since(x.began)}
	if t.service != nil {
		o.Service = t.service.Name
	}
	if t.op != nil {
		o.Operation = t.op.Name
	}
	if err != nil {
		o.Exception = t.form.exception(err).Name
	}
	return o
}

func (x *exchange) fields(t target, status int, err error) []any {
	op := "none"
	if t.op != nil {
		op = t.service.Name + "." + t.op.Name
	}
	fields := []any{"op", op, "request_id", x.id, "status", status, "dur", time.Since(x.began)}
	if err != nil {
		fields = append(fields, "err", err)
	}
	return fields
}

// run decodes, checks, authorizes and calls. A panic of a handler becomes an
// internal error.
func (x *exchange) run(t target) (a answer, err error) {
	if t.err != nil {
		return answer{}, t.err
	}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			x.server.config.Log.Error("handler panicked", "op", t.op.Name, "request_id", x.id, "panic", p, "stack", string(debug.Stack()))
			a, err = answer{}, fmt.Errorf("panic: %v", p)
		}
	}()
	in, err := x.input(t)
	if err != nil {
		return answer{}, err
	}
	ctx := radiograph.WithRequestID(x.r.Context(), x.id)
	req := &Request{Caller: x.caller, ID: x.id, Service: t.service.Name, Operation: t.op.Name, Header: x.r.Header, Host: x.r.Host}
	if err := x.server.authorize(ctx, t, req, in); err != nil {
		return answer{}, err
	}
	out, err := t.op.call(ctx, req, in)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", t.op.Name, err)
	}
	if t.service.Protocol == Query {
		return answer{
			status: t.op.Status, header: http.Header{"Content-Type": {"text/xml"}},
			body: envelopeXML(t.service.Namespace, t.op.Name, x.id, t.op.Output, reflect.ValueOf(out).Elem()),
		}, nil
	}
	return restAnswer(t.op, out), nil
}

// input reads and checks the operation's input.
func (x *exchange) input(t target) (any, error) {
	in := t.op.newInput()
	v := reflect.ValueOf(in).Elem()
	var err error
	if t.service.Protocol == Query {
		err = decodeForm(t.values, t.op.Input, v)
	} else {
		buf := new(bytes.Buffer)
		if t.op.Input.payload == nil { // all other members are copies
			buf = bodies.Get().(*bytes.Buffer)
			defer releaseBody(buf)
		}
		body, rerr := readBody(x.r, buf, t.op.maxBody, t.op.Name)
		if rerr != nil {
			return nil, rerr
		}
		var query url.Values
		if x.r.URL.RawQuery != "" {
			query = x.r.URL.Query()
		}
		err = bindRest(t.op.Input, v, t.labels, query, x.r.Header, body)
	}
	if err != nil {
		return nil, t.service.malformed(err)
	}
	if text := checkBounds(t.op.Input, v); text != "" {
		return nil, &radiograph.Error{Kind: radiograph.KindInvalid, Code: t.service.validation().Name, Message: text}
	}
	return in, nil
}

// authorize asks whether the role behind an issued key may do this. All other
// keys may do everything.
func (s *Server) authorize(ctx context.Context, t target, r *Request, in any) error {
	if r.Session == nil || !t.op.permission || s.config.Authorizer == nil {
		return nil
	}
	action := t.op.action(t.service)
	resource := "*"
	if t.op.resource != nil {
		resource = t.op.resource(r, in)
	}
	allowed, err := s.config.Authorizer.Allowed(ctx, r.Session.RoleARN, action, resource)
	if err != nil {
		return fmt.Errorf("authorize %s: %w", action, err)
	}
	if allowed {
		return nil
	}
	on := ""
	if resource != "*" {
		on = " on resource: " + resource
	}
	return radiograph.Errorf(radiograph.KindDenied, "User: %s is not authorized to perform: %s%s because no identity-based policy allows the %s action", r.Session.ARN(), action, on, action)
}
