package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"radiograph"
)

// The policy that Save adds to a function's role when it may not send traces
// yet, as the Lambda console does.
const (
	tracerPolicy   = "AWSLambdaTracerAccessExecutionRole"
	tracerDocument = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["xray:PutTraceSegments","xray:PutTelemetryRecords"],"Resource":["*"]}]}`
)

var tracerActions = []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

// maxForm bounds the body of a form: an event may be 6 MB (Lambda's limit of a
// synchronous payload), three times that in the form's encoding.
const maxForm = 20 << 20

// tracingView is the switch.
type tracingView struct {
	Action   string
	Active   bool
	Revision string
	Frozen   string // why it cannot be changed; "" when it can
	Role     string
	Policy   string
}

func tracingOf(f *radiograph.Function, path string) tracingView {
	v := tracingView{Action: path + "/tracing", Active: f.Tracing == radiograph.TracingActive, Revision: f.RevisionID, Role: roleName(f.Role), Policy: tracerPolicy}
	if f.Version != radiograph.LatestVersion {
		v.Frozen = "Version " + f.Version + " is published: its tracing mode is frozen with the rest of its configuration. Change $LATEST and publish a new version."
	}
	return v
}

// roleName is the last part of a role's ARN.
func roleName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// saveTracing sets the mode, and first gives the role the right to send traces
// when it lacks it.
func (s *console) saveTracing(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return radiograph.Errorf(radiograph.KindInvalid, "the form cannot be read: %v", err)
	}
	name := r.PathValue("name")
	mode := radiograph.TracingPassThrough
	if r.PostForm.Get("active") != "" {
		mode = radiograph.TracingActive
	}
	added, err := s.setTracing(r.Context(), name, mode, r.PostForm.Get("revision"))
	if err != nil {
		v, gone := s.describeFunction(r, name, "")
		if gone != nil {
			return gone
		}
		code, f := s.explain(r, err)
		v.Notice = &notice{Head: "Not saved: " + strings.ToLower(f.Head[:1]) + f.Head[1:], Message: f.Message}
		return s.show(w, r, code, "function", "functions", name, v)
	}
	saved := strings.ToLower(string(mode))
	if added {
		saved += "-policy"
	}
	http.Redirect(w, r, address(functionPath(name), url.Values{"saved": {saved}})+"#tracing", http.StatusSeeOther)
	return nil
}

// setTracing reports whether it added the policy to the role.
func (s *console) setTracing(ctx context.Context, name string, mode radiograph.TracingMode, revision string) (added bool, err error) {
	f, err := s.Functions.Function(ctx, s.Tenant, name, "")
	if err != nil {
		return false, err
	}
	if revision != "" && revision != f.RevisionID { // before the role is touched
		return false, radiograph.Errorf(radiograph.KindPrecondition, "the function was changed since this page was loaded; load it again")
	}
	if mode == radiograph.TracingActive {
		for _, action := range tracerActions {
			ok, err := s.Roles.Allowed(ctx, f.Role, action, "*")
			if err != nil {
				return false, err
			}
			added = added || !ok
		}
	}
	if added {
		err := s.Roles.PutInlinePolicy(ctx, s.Tenant.Account, roleName(f.Role), tracerPolicy, tracerDocument)
		var e *radiograph.Error
		if errors.As(err, &e) && e.Kind == radiograph.KindNotFound {
			return false, radiograph.Errorf(radiograph.KindInvalid, "the function's role %s does not exist, so the permission to send traces cannot be added to it", f.Role)
		}
		if err != nil {
			return false, err
		}
	}
	_, err = s.Functions.UpdateConfiguration(ctx, s.Tenant, name, func(f *radiograph.Function) error {
		f.Tracing = mode
		return nil
	}, revision)
	return added, err
}

// savedNotice tells what the last Save did. The address holds only which of
// these it was, so a made-up address cannot put words on the page.
func (s *console) savedNotice(r *http.Request) *notice {
	const role = "The policy " + tracerPolicy + " with xray:PutTraceSegments and xray:PutTelemetryRecords was added to the function's role."
	switch r.URL.Query().Get("saved") {
	case "active":
		return &notice{Good: true, Head: "Active tracing is on.", Message: "The function's role already had the permission to send traces."}
	case "active-policy":
		return &notice{Good: true, Head: "Active tracing is on.", Message: role}
	case "passthrough":
		return &notice{Good: true, Head: "Active tracing is off.", Message: "The function still records when a traced caller says so (PassThrough). Its role keeps its permissions."}
	}
	return nil
}
