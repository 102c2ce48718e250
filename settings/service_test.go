package settings

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tenant = radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}
)

func clocked(t testing.TB) (s *Service, state *storetest.State, now *time.Time) {
	t.Helper()
	state, now = storetest.NewState(), new(time.Time)
	*now = start
	return New(state, func() time.Time { return *now }, radiograph.LocalLimits()), state, now
}

func code(err error) string {
	var e *radiograph.Error
	if !errors.As(err, &e) {
		return ""
	}
	if e.Code == "" {
		return e.Kind.String()
	}
	return e.Code
}

func TestEncryption(t *testing.T) {
	s, state, now := clocked(t)
	if e, err := s.Encryption(t.Context(), tenant); err != nil || e.KMS || !e.Active || e.KeyARN != "" {
		t.Errorf("at first: %+v, %v", e, err)
	}
	for _, test := range []struct {
		kms       bool
		key, want string // want: the ARN, or "-"
	}{
		{true, "alias/k", "arn:aws:kms:eu-west-1:111122223333:alias/k"},
		{true, "12345678-1234-1234-1234-123456789012", "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"},
		{true, "arn:aws:kms:eu-west-1:1:key/k", "arn:aws:kms:eu-west-1:1:key/k"},
		{true, "arn:aws:kms:eu-west-1:1:alias/k", "arn:aws:kms:eu-west-1:1:alias/k"},
		{true, "", "-"},
		{true, "  ", "-"},
		{true, "arn:aws:s3:::b", "-"},
		{true, "arn:", "-"},
		{false, "k", "-"},
		{false, "", ""},
	} {
		*now = now.Add(time.Minute)
		e, err := s.SetEncryption(t.Context(), tenant, test.kms, test.key)
		if test.want == "-" {
			if code(err) != "invalid" {
				t.Errorf("%t %q: %+v, %v", test.kms, test.key, e, err)
			}
			continue
		}
		if err != nil || e.KMS != test.kms || e.KeyARN != test.want || e.Active {
			t.Errorf("%t %q: %+v, %v", test.kms, test.key, e, err)
		}
		*now = now.Add(settling - 1)
		if e, err := s.Encryption(t.Context(), tenant); err != nil || e.Active {
			t.Errorf("at once: %+v, %v", e, err)
		}
		*now = now.Add(1)
		s = New(state, s.clock, radiograph.LocalLimits())
		if e, err := s.Encryption(t.Context(), tenant); err != nil || !e.Active || e.KeyARN != test.want {
			t.Errorf("after a moment and a restart: %+v, %v", e, err)
		}
	}
}

func TestIndexing(t *testing.T) {
	s, _, now := clocked(t)
	if r, err := s.IndexingRule(t.Context(), tenant); err != nil || r.Desired != 1 || r.Changed != 0 {
		t.Errorf("at first: %+v, %v", r, err)
	}
	if _, err := s.SetIndexingRule(t.Context(), tenant, "Default", 42.5); err != nil {
		t.Fatal(err)
	}
	want := &IndexingRule{Desired: 42.5, Changed: radiograph.TimestampOf(*now)}
	for _, desired := range []float64{-1, 100.1} {
		if _, err := s.SetIndexingRule(t.Context(), tenant, "Default", desired); code(err) != "invalid" {
			t.Errorf("%v: %v", desired, err)
		}
	}
	if _, err := s.SetIndexingRule(t.Context(), tenant, "nosuch", 1); code(err) != "not found" {
		t.Errorf("an unknown rule: %v", err)
	}
	got, err := s.IndexingRule(t.Context(), tenant)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if r, _ := s.IndexingRule(t.Context(), radiograph.Tenant{Account: "9"}); r.Desired != 1 {
		t.Error("another tenant sees it")
	}
}

func TestDestination(t *testing.T) {
	s, _, now := clocked(t)
	yes, no, key := true, false, "k"
	if d, err := s.Destination(t.Context(), tenant); err != nil || d.Logs || !d.Active {
		t.Errorf("at first: %+v, %v", d, err)
	}
	if _, err := s.SetDestination(t.Context(), tenant, nil, &key); code(err) != "invalid" {
		t.Errorf("a key without logs: %v", err)
	}
	if d, err := s.SetDestination(t.Context(), tenant, &yes, &key); err != nil || !d.Logs || d.KeyID != "k" || d.Active {
		t.Errorf("%+v, %v", d, err)
	}
	*now = now.Add(settling)
	if d, err := s.SetDestination(t.Context(), tenant, &yes, nil); err != nil || d.KeyID != "k" || !d.Active {
		t.Errorf("the same again: %+v, %v", d, err)
	}
	if d, err := s.SetDestination(t.Context(), tenant, &no, nil); err != nil || d.Logs || d.KeyID != "" || d.Active {
		t.Errorf("back: %+v, %v", d, err)
	}
}

const allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":["xray:PutTraceSegments"],"Resource":"*"}]}`

func TestResourcePolicies(t *testing.T) {
	s, state, now := clocked(t)
	put := func(name, document, revision string) (*ResourcePolicy, error) {
		return s.PutResourcePolicy(context.Background(), tenant, name, document, revision, false)
	}
	for i, step := range []struct {
		name, revision, want string // want: the revision, or an error
	}{
		{"b", "1", "InvalidPolicyRevisionIdException"},
		{"b", "0", "1"},
		{"b", "0", "InvalidPolicyRevisionIdException"},
		{"b", "", "2"},
		{"b", "2", "3"},
		{"b", "2", "InvalidPolicyRevisionIdException"},
		{"a", "", "1"},
		{"c", "", "1"},
		{"d", "", "1"},
		{"e", "", "1"},
		{"f", "", "PolicyCountLimitExceededException"},
		{"e", "1", "2"},
	} {
		*now = now.Add(time.Second)
		p, err := put(step.name, allow, step.revision)
		got := code(err)
		if err == nil {
			if got = string(rune('0' + p.Revision)); p.Updated != radiograph.TimestampOf(*now) {
				t.Errorf("step %d: updated at %v", i, p.Updated)
			}
		}
		if got != step.want {
			t.Errorf("step %d: %s, %v; want %s", i, got, err, step.want)
		}
	}
	s = New(state, s.clock, radiograph.LocalLimits())
	if err := s.DeleteResourcePolicy(t.Context(), tenant, "b", "1"); code(err) != "InvalidPolicyRevisionIdException" {
		t.Errorf("delete of an old revision: %v", err)
	}
	if err := s.DeleteResourcePolicy(t.Context(), tenant, "b", "3"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteResourcePolicy(t.Context(), tenant, "b", ""); code(err) != "invalid" {
		t.Errorf("delete twice: %v", err)
	}
	list, err := s.ResourcePolicies(t.Context(), tenant)
	names := ""
	for _, p := range list {
		names += p.Name
	}
	if err != nil || names != "acde" {
		t.Errorf("%s, %v", names, err)
	}
}

func TestPolicyDocuments(t *testing.T) {
	deny := func(principal, action, more string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":` + principal + `,"Action":` + action + `,"Resource":"*"` + more + `}}`
	}
	const malformed, lockout = "MalformedPolicyDocumentException", "LockoutPreventionException"
	for _, test := range []struct{ document, want string }{
		{allow, ""},
		{strings.Repeat(" ", 5<<10) + allow, "PolicySizeLimitExceededException"},
		{"nonsense", malformed},
		{"null", malformed},
		{"[]", malformed},
		{"{}", malformed},
		{`{"Version":"2020-01-01","Statement":[]}`, malformed},
		{`{"Version":"2012-10-17"}`, malformed},
		{`{"Version":"2012-10-17","Statement":[]}`, malformed},
		{`{"Version":"2012-10-17","Statement":"x"}`, malformed},
		{`{"Version":"2012-10-17","Statement":{"Effect":3}}`, malformed},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Maybe","Principal":"*","Action":"*"}]}`, malformed},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*"}]}`, malformed},
		{`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*"}]}`, malformed},
		{deny(`"*"`, `"*"`, ""), lockout},
		{deny(`{"AWS":["111122223333"]}`, `"xray:Put*"`, ""), lockout},
		{deny(`{"AWS":"arn:aws:iam::111122223333:root"}`, `["xray:GetGroups","xray:PutResourcePolicy"]`, ""), lockout},
		{deny(`{"AWS":"arn:aws:iam::999999999999:root"}`, `"*"`, ""), ""},
		{deny(`{"Service":"sns.amazonaws.com"}`, `"*"`, ""), ""},
		{deny(`"*"`, `"xray:Get*"`, ""), ""},
		{deny(`"*"`, `"*"`, `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}`), ""},
	} {
		s, _, _ := clocked(t)
		_, err := s.PutResourcePolicy(t.Context(), tenant, "p", test.document, "", false)
		if code(err) != test.want {
			t.Errorf("%.200s: %v, want %q", test.document, err, test.want)
		}
		if test.want == lockout {
			if _, err := s.PutResourcePolicy(t.Context(), tenant, "p", test.document, "", true); err != nil {
				t.Errorf("bypassed: %v", err)
			}
		}
	}
}
