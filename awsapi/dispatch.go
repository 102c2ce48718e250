package awsapi

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"radiograph"
)

// maxPeek bounds the body that is read to find an Action in an unsigned form.
const maxPeek = 1 << 20

// target is what a request was found to be about.
type target struct {
	form     failureForm
	service  *Service   // nil: none that is served
	op       *Operation // nil: not served, err says why
	labels   map[string]string
	values   url.Values // Query: the form
	fallback bool       // the request belongs elsewhere
	other    bool       // it is no AWS request at all
	err      error
}

// dispatch finds out what a request is about: by the credential scope, else by
// target header, else by the form's Action, else by path.
func (s *Server) dispatch(r *http.Request, scope Scope, signed bool, query url.Values, id string) target {
	if signed {
		if svc := s.services[scope.Service]; svc != nil {
			return s.within(r, svc, query, id)
		}
		return s.unservedService(r, scope.Service, query, id)
	}
	if t := r.Header.Get("X-Amz-Target"); t != "" {
		prefix, _, _ := strings.Cut(t, ".")
		return s.unservedService(r, strings.ToLower(prefix), query, id)
	}
	if svc, values := s.byAction(r, query); svc != nil {
		return s.action(svc, values, id)
	}
	if t, ok := s.byPath(r, query, id); ok {
		return t
	}
	return target{form: formFor(r, "", query, id), other: true, err: unknownOperation(r)}
}

// within finds the operation of a service that is known.
func (s *Server) within(r *http.Request, svc *Service, query url.Values, id string) target {
	form := failureForm{service: svc, requestID: id}
	if svc.Protocol == Query {
		form.rendering = renderQuery
		values, err := readForm(r, query)
		if err != nil {
			return target{form: form, service: svc, err: err}
		}
		return s.action(svc, values, id)
	}
	rt, labels, ok := s.routers[svc.Name].find(r, query)
	if !ok {
		return target{form: form, service: svc, err: unknownOperation(r)}
	}
	return routed(rt, labels, form)
}

func routed(rt route, labels map[string]string, form failureForm) target {
	form.service = rt.service
	if rt.op == nil {
		return target{form: form, service: rt.service, err: notServed(rt.service, rt.unserved.Name)}
	}
	return target{form: form, service: rt.service, op: rt.op, labels: labels}
}

// byPath tries the routes of all rest-json services: an unsigned request.
func (s *Server) byPath(r *http.Request, query url.Values, id string) (target, bool) {
	rt, labels, ok := s.paths.find(r, query)
	if !ok {
		return target{}, false
	}
	return routed(rt, labels, failureForm{requestID: id}), true
}

// action finds a query operation by its name.
func (s *Server) action(svc *Service, values url.Values, id string) target {
	t := target{form: failureForm{service: svc, rendering: renderQuery, requestID: id}, service: svc, values: values}
	name := values.Get("Action")
	if name == "" {
		t.err = &radiograph.Error{Kind: radiograph.KindInvalid, Code: "MissingAction", Message: "The request is missing an action or a required parameter."}
		return t
	}
	a, ok := s.actions[svc.Name][name]
	switch {
	case !ok:
		t.err = &radiograph.Error{Kind: radiograph.KindInvalid, Code: "InvalidAction", Message: fmt.Sprintf("Could not find operation %s for version %s", shorten(name), shorten(values.Get("Version")))}
	case a.op == nil:
		t.err = notServed(svc, name)
	default:
		t.op = a.op
	}
	return t
}

// byAction looks for an unsigned query request: a form posted to "/", or
// parameters of a GET. Its body, if it is for someone else, can be read again.
func (s *Server) byAction(r *http.Request, query url.Values) (*Service, url.Values) {
	if r.URL.Path != "/" {
		return nil, nil
	}
	values := query
	if r.Method == http.MethodPost && isForm(r.Header) {
		head, err := io.ReadAll(io.LimitReader(r.Body, maxPeek))
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
		if err != nil || r.Header.Get("Content-Encoding") != "" {
			return nil, nil
		}
		form, err := url.ParseQuery(string(head))
		if err != nil {
			return nil, nil
		}
		values = form
	}
	name := values.Get("Action")
	if name == "" {
		return nil, nil
	}
	for i := range s.config.Services {
		svc := &s.config.Services[i]
		if _, ok := s.actions[svc.Name][name]; ok && svc.Version == values.Get("Version") {
			return svc, values
		}
	}
	return nil, nil
}

func isForm(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// readForm reads a query request: parameters and form together. Some clients
// name no content type, so it is not looked at.
func readForm(r *http.Request, query url.Values) (url.Values, error) {
	body, err := readBody(r, new(bytes.Buffer), DefaultMaxBody, "requested")
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &radiograph.Error{Kind: radiograph.KindInvalid, Code: "MalformedQueryString", Message: "The query string contains a syntax error.", Err: err}
	}
	for k, v := range query {
		values[k] = append(v, values[k]...) // the body's value counts: it is last
	}
	return values, nil
}

// unservedService is the honest answer for everything else that AWS clients can
// ask for.
func (s *Server) unservedService(r *http.Request, name string, query url.Values, id string) target {
	if r.Header.Get(forwardedMark) != "" {
		return target{
			form: formFor(r, name, query, id),
			err:  radiograph.Errorf(radiograph.KindUnsupported, "radiograph does not serve %s, and its fallback endpoint leads back to radiograph", shorten(name)),
		}
	}
	return target{
		form: formFor(r, name, query, id), fallback: true,
		err: radiograph.Errorf(radiograph.KindUnsupported,
			"radiograph does not serve %s; start it with --fallback-endpoint URL to send these requests to another local endpoint", shorten(name)),
	}
}

// formFor is the form of errors about a service that is not served here.
func formFor(r *http.Request, service string, query url.Values, id string) failureForm {
	f := failureForm{requestID: id, rendering: renderingOf(r, service, query)}
	if kind := r.Header.Get("Content-Type"); f.rendering == renderJSON && strings.HasPrefix(kind, "application/x-amz-json-") {
		f.jsonType = kind
	}
	return f
}

// queryServices speak the query protocol, by signing name.
var queryServices = map[string]bool{
	"autoscaling": true, "cloudformation": true, "cloudsearch": true, "docdb": true, "elasticache": true, "elasticbeanstalk": true,
	"elasticloadbalancing": true, "iam": true, "monitoring": true, "neptune": true, "rds": true, "redshift": true, "ses": true, "sns": true, "sts": true,
}

// renderingOf guesses which errors the client can read.
func renderingOf(r *http.Request, service string, query url.Values) rendering {
	switch {
	case strings.EqualFold(r.Header.Get("Smithy-Protocol"), "rpc-v2-cbor"):
		return renderCBOR
	case r.Header.Get("X-Amz-Target") != "":
		return renderJSON
	case service == "ec2":
		return renderEC2
	case service == "s3", service == "s3express", service == "route53", service == "cloudfront":
		return renderS3
	case queryServices[service], isForm(r.Header), query.Has("Action"):
		return renderQuery
	}
	return renderJSON
}

func unknownOperation(r *http.Request) error {
	return &radiograph.Error{
		Kind: radiograph.KindNotFound, Code: "UnknownOperationException",
		Message: fmt.Sprintf("No operation at %s %s", shorten(r.Method), shorten(r.URL.Path)),
	}
}

func notServed(svc *Service, operation string) error {
	return radiograph.Errorf(radiograph.KindUnsupported, "radiograph does not serve %s of %s yet", operation, svc.Title)
}
