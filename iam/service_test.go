package iam

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"radiograph"
	"radiograph/storetest"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
)

const (
	account     = radiograph.AccountID("111122223333")
	lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

func newService() *Service { return New(storetest.NewState(), func() time.Time { return start }) }

// newRole makes a role whose inline policies are the statements given.
func newRole(t testing.TB, s *Service, name string, statements ...string) *radiograph.Role {
	t.Helper()
	r, err := s.CreateRole(ctx, &radiograph.Role{Account: account, Name: name, TrustPolicy: lambdaTrust})
	if err != nil {
		t.Fatal(err)
	}
	if len(statements) > 0 {
		if err := s.PutInlinePolicy(ctx, account, name, "inline", `{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func codeOf(err error) string {
	var e *radiograph.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestRole(t *testing.T) {
	s := newService()
	created := newRole(t, s, "Tracer")
	want := &radiograph.Role{Account: account, Name: "Tracer", Path: "/", MaxSession: 3600, TrustPolicy: lambdaTrust, Created: start.Truncate(time.Second)}
	if diff := cmp.Diff(want, created, cmpopts.IgnoreFields(radiograph.Role{}, "ID")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(created.ID) != 21 || !strings.HasPrefix(created.ID, "AROA") {
		t.Errorf("id %q", created.ID)
	}
	created.TrustPolicy = "changed by the caller"
	reopened := New(s.state, s.clock)
	for _, svc := range []*Service{s, reopened} {
		got, err := svc.Role(ctx, account, "tracer")
		if err != nil || got.Name != "Tracer" || got.TrustPolicy != lambdaTrust {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := s.Role(ctx, "444455556666", "Tracer"); codeOf(err) != "NoSuchEntity" {
		t.Errorf("another account sees the role: %v", err)
	}
	if _, err := s.CreateRole(ctx, &radiograph.Role{Account: account, Name: "big", TrustPolicy: `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Sid":"` + strings.Repeat("x", 2048) + `"}}`}); codeOf(err) != "LimitExceeded" {
		t.Errorf("a trust policy of over 2048 characters: %v", err)
	}
}

func TestPolicyQuotas(t *testing.T) {
	s := newService()
	newRole(t, s, "r")
	big := `{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Sid":"` + strings.Repeat("x", 6000) + `"}}`
	if err := s.PutInlinePolicy(ctx, account, "r", "a", big); err != nil {
		t.Fatal(err)
	}
	if err := s.PutInlinePolicy(ctx, account, "r", "b", big); codeOf(err) != "LimitExceeded" {
		t.Errorf("over 10240 characters: %v", err)
	}
	if names, err := s.InlinePolicies(ctx, account, "r"); err != nil || len(names) != 1 {
		t.Errorf("after the refusal: %v, %v", names, err)
	}
	if err := s.PutInlinePolicy(ctx, account, "r", "a", big+strings.Repeat(" ", 9000)); err != nil {
		t.Errorf("blanks are not counted: %v", err)
	}
}

func TestMalformedPolicies(t *testing.T) {
	for _, tt := range []struct{ name, document string }{
		{"not JSON", `{`},
		{"no statement", `{"Version":"2012-10-17"}`},
		{"unknown version", `{"Version":"2020-01-01","Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}`},
		{"unknown member", `{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Actions":"a:b"}}`},
		{"bad effect", `{"Statement":{"Effect":"allow","Action":"a:b","Resource":"*"}}`},
		{"no action", `{"Statement":{"Effect":"Allow","Resource":"*"}}`},
		{"action and not", `{"Statement":{"Effect":"Allow","Action":"a:b","NotAction":"a:b","Resource":"*"}}`},
		{"action without a service", `{"Statement":{"Effect":"Allow","Action":"PutTraceSegments","Resource":"*"}}`},
		{"no resource", `{"Statement":{"Effect":"Allow","Action":"a:b"}}`},
		{"resource that is no ARN", `{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"bucket"}}`},
		{"principal", `{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Principal":"*"}}`},
		{"null statement", `{"Statement":[null]}`},
		{"number for an action", `{"Statement":{"Effect":"Allow","Action":7,"Resource":"*"}}`},
	} {
		if err := checkPermissionPolicy(tt.document); codeOf(err) != "MalformedPolicyDocument" {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, tt := range []struct{ name, document string }{
		{"resource", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}`},
		{"no principal", `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`},
		{"other actions", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}}`},
		{"bad principal", `{"Statement":{"Effect":"Allow","Principal":"lambda.amazonaws.com","Action":"sts:AssumeRole"}}`},
	} {
		if err := checkTrustPolicy(tt.document); codeOf(err) != "MalformedPolicyDocument" {
			t.Errorf("trust policy with %s: %v", tt.name, err)
		}
	}
}

func TestAllowed(t *testing.T) {
	const put = "xray:PutTraceSegments"
	for _, tt := range []struct {
		name             string
		statements       []string
		action, resource string
		want             bool
	}{
		{"nothing", nil, put, "*", false},
		{"exact", []string{`{"Effect":"Allow","Action":"xray:PutTraceSegments","Resource":"*"}`}, put, "*", true},
		{"letter case of actions", []string{`{"Effect":"Allow","Action":"XRAY:putTracesegments","Resource":"*"}`}, put, "*", true},
		{"other action", []string{`{"Effect":"Allow","Action":"xray:PutTelemetryRecords","Resource":"*"}`}, put, "*", false},
		{"star", []string{`{"Effect":"Allow","Action":"xray:Put*","Resource":"*"}`}, put, "*", true},
		{"question mark", []string{`{"Effect":"Allow","Action":"xray:PutTraceSegment?","Resource":"*"}`}, put, "*", true},
		{"everything", []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`}, put, "*", true},
		{"list", []string{`{"Effect":"Allow","Action":["s3:GetObject","xray:*"],"Resource":["*"]}`}, put, "*", true},
		{"deny wins", []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Action":"xray:Put*","Resource":"*"}`}, put, "*", false},
		{"deny of another", []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Action":"s3:*","Resource":"*"}`}, put, "*", true},
		{"NotAction", []string{`{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}`}, put, "*", true},
		{"NotAction names it", []string{`{"Effect":"Allow","NotAction":["iam:*","xray:*"],"Resource":"*"}`}, put, "*", false},
		{"deny all but", []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","NotAction":"s3:*","Resource":"*"}`}, put, "*", false},
		{"resource", []string{`{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:mine-*"}`}, "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:mine-1", true},
		{"other resource", []string{`{"Effect":"Allow","Action":"lambda:*","Resource":"arn:aws:lambda:*:*:function:mine-*"}`}, "lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111122223333:function:yours", false},
		{"an action without resources needs *", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"arn:aws:xray:eu-west-1:111122223333:group/x"}`}, put, "*", false},
		{"NotResource", []string{`{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"}`}, "s3:GetObject", "arn:aws:s3:::open/a", true},
		{"NotResource names it", []string{`{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"}`}, "s3:GetObject", "arn:aws:s3:::secret/a", false},
		{"condition holds", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":"111122223333"}}}`}, put, "*", true},
		{"condition fails", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalAccount":["1","2"]}}}`}, put, "*", false},
		{"absent key", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/a":"b"}}}`}, put, "*", false},
		{"absent key, IfExists", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"StringEqualsIfExists":{"aws:RequestTag/a":"b"}}}`}, put, "*", true},
		{"absent key, negated", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestTag/a":"b"}}}`}, put, "*", true},
		{"Null", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"Null":{"aws:RequestTag/a":true}}}`}, put, "*", true},
		{"ArnLike", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/r"}}}`}, put, "*", true},
		{"operator that is not known, allow", []string{`{"Effect":"Allow","Action":"xray:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`}, put, "*", false},
		{"operator that is not known, deny", []string{`{"Effect":"Allow","Action":"*","Resource":"*"}`, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}`}, put, "*", false},
	} {
		s := newService()
		r := newRole(t, s, "r", tt.statements...)
		if got, err := s.Allowed(ctx, r.ARN(), tt.action, tt.resource); got != tt.want || err != nil {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
}

func TestAllowedFollowsTheRole(t *testing.T) {
	s := newService()
	r := newRole(t, s, "r")
	const daemonPolicy = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
	allowed := func(action string) bool {
		t.Helper()
		ok, err := s.Allowed(ctx, r.ARN(), action, "*")
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if allowed("xray:PutTraceSegments") {
		t.Error("allowed without a policy")
	}
	if err := s.AttachPolicy(ctx, account, "r", daemonPolicy); err != nil {
		t.Fatal(err)
	}
	if !allowed("xray:PutTraceSegments") || !allowed("xray:PutTelemetryRecords") || allowed("xray:GetTraceSummaries") || allowed("logs:PutLogEvents") {
		t.Error("the daemon's policy allows too little or too much")
	}
	if err := s.PutInlinePolicy(ctx, account, "r", "no", `{"Statement":{"Effect":"Deny","Action":"xray:PutTelemetryRecords","Resource":"*"}}`); err != nil {
		t.Fatal(err)
	}
	if !allowed("xray:PutTraceSegments") || allowed("xray:PutTelemetryRecords") {
		t.Error("an inline Deny does not win over a managed Allow")
	}
	if err := s.DetachPolicy(ctx, account, "r", daemonPolicy); err != nil {
		t.Fatal(err)
	}
	if allowed("xray:PutTraceSegments") {
		t.Error("allowed after detaching")
	}
	if err := s.DeleteInlinePolicy(ctx, account, "r", "no"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteRole(ctx, account, "r"); err != nil {
		t.Fatal(err)
	}
	if allowed("xray:PutTraceSegments") {
		t.Error("a role that is gone is allowed something")
	}
	for _, arn := range []string{"", "arn:aws:iam::111122223333:user/r", "arn:aws:iam::111122223333:role/", "r", "arn:aws:iam::111122223333:role/path/r"} {
		if ok, err := s.Allowed(ctx, arn, "xray:PutTraceSegments", "*"); ok || err != nil {
			t.Errorf("%q: %v, %v", arn, ok, err)
		}
	}
}

func TestManagedPolicies(t *testing.T) {
	for _, name := range []string{
		"AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess", "AWSXrayFullAccess", "AWSXrayReadOnlyAccess", "service-role/AWSLambdaBasicExecutionRole",
		"service-role/AWSLambdaSQSQueueExecutionRole", "service-role/AWSLambdaRole", "AdministratorAccess",
	} {
		m, ok := managed["arn:aws:iam::aws:policy/"+name]
		if !ok {
			t.Errorf("%s is not built in", name)
			continue
		}
		if err := checkPermissionPolicy(m.Document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(managed["arn:aws:iam::aws:policy/AWSXrayReadOnlyAccess"].policy.Statement[0].Action); n != 18 {
		t.Errorf("AWSXrayReadOnlyAccess has %d actions, want 18", n)
	}
}

func TestAssumable(t *testing.T) {
	for _, tt := range []struct {
		name, trust string
		want        bool
	}{
		{"Lambda", lambdaTrust, true},
		{"list of services", `{"Statement":{"Effect":"Allow","Principal":{"Service":["edgelambda.amazonaws.com","lambda.amazonaws.com"]},"Action":["sts:AssumeRole","sts:TagSession"]}}`, true},
		{"everyone", `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*"}}`, true},
		{"another service", `{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`, false},
		{"an account", `{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}}`, false},
		{"denied", `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"},{"Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`, false},
		{"only tags", `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:TagSession"}}`, false},
		{"own account only", `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}}`, true},
		{"another account only", `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceAccount":"444455556666"}}}}`, false},
	} {
		s := newService()
		r, err := s.CreateRole(ctx, &radiograph.Role{Account: account, Name: "r", Path: "/x/", TrustPolicy: tt.trust})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got, err := s.Assumable(ctx, account, r.ARN(), "lambda.amazonaws.com"); got != tt.want || err != nil {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
		if got, _ := s.Assumable(ctx, "444455556666", r.ARN(), "lambda.amazonaws.com"); got {
			t.Errorf("%s: assumable from another account", tt.name)
		}
	}
}

func TestSession(t *testing.T) {
	now := start
	s := New(storetest.NewState(), func() time.Time { return now })
	r := newRole(t, s, "fn")
	keys, err := s.Issue(ctx, account, r.ARN(), "fn-session", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys.AccessKeyID) != 20 || !strings.HasPrefix(keys.AccessKeyID, "ASIA") || len(keys.SecretAccessKey) != 40 || keys.SessionToken == "" {
		t.Errorf("keys %+v", keys)
	}
	want := radiograph.Session{Credentials: keys, Account: account, RoleARN: r.ARN(), Name: "fn-session", Expires: start.Add(time.Hour)}
	for name, svc := range map[string]*Service{"same": s, "reopened": New(s.state, s.clock)} {
		got, ok := svc.Session(ctx, keys.AccessKeyID)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, ok, diff)
		}
	}
	for _, key := range []string{"", "AKIAEXAMPLE", "ASIA", "ASIAAAAAAAAAAAAAAAAA", "ASIA/../role"} {
		if _, ok := s.Session(ctx, key); ok {
			t.Errorf("%q has a session", key)
		}
	}
	if id, err := s.SessionUserID(ctx, want); err != nil || id != r.ID+":fn-session" {
		t.Errorf("user id %q, %v", id, err)
	}
	if arn := want.ARN(); arn != "arn:aws:sts::111122223333:assumed-role/fn/fn-session" {
		t.Errorf("ARN %s", arn)
	}
	if _, err := s.Issue(ctx, account, "arn:aws:iam::111122223333:role/nobody", "x", time.Hour); codeOf(err) != "NoSuchEntity" {
		t.Errorf("keys for a role that does not exist: %v", err)
	}
	if _, err := s.Issue(ctx, "444455556666", r.ARN(), "x", time.Hour); codeOf(err) != "NoSuchEntity" {
		t.Errorf("keys for another account's role: %v", err)
	}

	now = now.Add(48 * time.Hour)
	if _, err := s.Issue(ctx, account, r.ARN(), "later", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, ok := s.Session(ctx, keys.AccessKeyID); ok {
		t.Error("a session that ended two days ago is still kept")
	}
}

// TestConcurrently changes and asks at the same time: for the race detector, and
// no change may be lost.
func TestConcurrently(t *testing.T) {
	s := newService()
	r := newRole(t, s, "r")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			document := `{"Statement":{"Effect":"Allow","Action":"xray:*","Resource":"*"}}`
			if err := s.PutInlinePolicy(ctx, account, "r", fmt.Sprint("p", i), document); err != nil {
				t.Error(err)
			}
			if ok, err := s.Allowed(ctx, r.ARN(), "xray:PutTraceSegments", "*"); !ok || err != nil {
				t.Errorf("not allowed after the change: %v", err)
			}
			if _, err := s.Issue(ctx, account, r.ARN(), "x", time.Hour); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if names, err := s.InlinePolicies(ctx, account, "r"); err != nil || len(names) != 8 {
		t.Errorf("%v, %v", names, err)
	}
}

// TestStateFails makes writes fail: nothing may look changed that is not.
func TestStateFails(t *testing.T) {
	state := storetest.NewState()
	s := New(state, func() time.Time { return start })
	r := newRole(t, s, "r")
	s.state = failingState{state}
	if err := s.PutInlinePolicy(ctx, account, "r", "p", `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`); err == nil || codeOf(err) != err.Error() {
		t.Fatalf("%v, want the state's own error", err)
	}
	if ok, err := s.Allowed(ctx, r.ARN(), "xray:PutTraceSegments", "*"); ok || err != nil {
		t.Errorf("a change that failed counts: %v, %v", ok, err)
	}
}

type failingState struct{ *storetest.State }

func (failingState) Apply(context.Context, ...radiograph.Change) error {
	return errors.New("disk is full")
}

// FuzzPolicy reads any document; one that is taken can be evaluated.
func FuzzPolicy(f *testing.F) {
	f.Add(lambdaTrust)
	for _, m := range managed {
		f.Add(m.Document)
	}
	f.Add(`{"Statement":{"Effect":"Deny","NotAction":"*","NotResource":["*"],"Condition":{"Null":{"a":[true,1,"x"]}}}}`)
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"AWS":[]},"Action":"sts:AssumeRole"}}`)
	f.Fuzz(func(t *testing.T, document string) {
		p, err := parsePolicy(document)
		if err != nil {
			if codeOf(err) != "MalformedPolicyDocument" {
				t.Errorf("%v", err)
			}
			return
		}
		if !json.Valid([]byte(document)) {
			t.Error("not JSON, and taken")
		}
		_ = checkPermissionPolicy(document)
		_ = checkTrustPolicy(document)
		_ = policySize(document)
		decide([]*policy{p}, func(st *statement) bool {
			return st.coversAction("xray:PutTraceSegments") && st.coversResource("*") && st.coversService("lambda.amazonaws.com") && st.holds(facts{"a": "b"})
		})
	})
}
