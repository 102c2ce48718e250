package iam

import (
	"testing"
	"time"

	"radiograph"
	"radiograph/storetest"
)

// TestCustomerPolicy: a policy of the account's own allows what it says, also
// after a restart, and no other account has it.
func TestCustomerPolicy(t *testing.T) {
	state := storetest.NewState()
	clock := func() time.Time { return start }
	s := New(state, clock)
	role := newRole(t, s, "worker")
	p, err := s.CreatePolicy(ctx, ManagedPolicy{
		Account: account, Name: "but", Path: "/team/",
		Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"xray:Get*","Resource":"*"}]}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AttachPolicy(ctx, account, "worker", p.ARN()); err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]*Service{"before": s, "after a restart": New(state, clock)} {
		for action, want := range map[string]bool{"xray:PutTraceSegments": true, "xray:GetGroup": false, "s3:GetObject": true} {
			if got, err := s.Allowed(ctx, role.ARN(), action, "*"); err != nil || got != want {
				t.Errorf("%s: %s is %t, %v", what, action, got, err)
			}
		}
	}
	other := radiograph.AccountID("999988887777")
	if _, err := s.ManagedPolicy(ctx, other, p.ARN()); codeOf(err) != "NoSuchEntity" {
		t.Errorf("another account finds it: %v", err)
	}
	if _, err := s.CreateRole(ctx, &radiograph.Role{Account: other, Name: "thief", TrustPolicy: lambdaTrust}); err != nil {
		t.Fatal(err)
	}
	if err := s.AttachPolicy(ctx, other, "thief", p.ARN()); codeOf(err) != "NoSuchEntity" {
		t.Errorf("another account attaches it: %v", err)
	}
	if err := s.DeletePolicy(ctx, account, p.ARN()); codeOf(err) != "DeleteConflict" {
		t.Errorf("deleted while attached: %v", err)
	}
	if err := s.DetachPolicy(ctx, account, "worker", p.ARN()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Allowed(ctx, role.ARN(), "xray:PutTraceSegments", "*"); err != nil || got {
		t.Errorf("allowed after it was detached: %t, %v", got, err)
	}
	if err := s.DeletePolicy(ctx, account, p.ARN()); err != nil {
		t.Fatal(err)
	}
}
