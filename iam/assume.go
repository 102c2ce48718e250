package iam

import (
	"context"
	"slices"
	"time"

	"radiograph"
)

// chainedSession is the longest session of a role that a role assumes (IAM user
// guide, "Role chaining").
const chainedSession = time.Hour

// Assumption asks for a session of a role.
type Assumption struct {
	Account    radiograph.AccountID // the caller's
	Caller     *radiograph.Session  // nil: keys that were not issued here, the account's root
	RoleARN    string
	Name       string        // of the session
	Life       time.Duration // 0: an hour
	ExternalID string
}

// AssumeRole makes a durable session of a role whose trust policy names the
// caller: its account, its role, its session or everyone. It fails with
// AccessDenied, also for a role that is not there, or ValidationError for a life
// beyond the role's longest session.
func (s *Service) AssumeRole(ctx context.Context, a Assumption) (radiograph.Session, error) {
	who := "arn:aws:iam::" + string(a.Account) + ":root"
	names := []string{who, string(a.Account)}
	facts := facts{"aws:principalarn": who, "aws:principalaccount": string(a.Account)}
	if a.Caller != nil {
		who = a.Caller.ARN()
		names = append(names, who, a.Caller.RoleARN)
		facts["aws:principalarn"] = a.Caller.RoleARN
	}
	if a.ExternalID != "" {
		facts["sts:externalid"] = a.ExternalID
	}
	held, err := s.byARN(ctx, a.RoleARN)
	if err != nil {
		return radiograph.Session{}, err
	}
	if held == nil || !decide([]*policy{held.trust}, func(st *statement) bool {
		return st.coversAction("sts:AssumeRole") && st.coversCaller(names) && st.holds(facts)
	}) {
		return radiograph.Session{}, radiograph.Errorf(radiograph.KindDenied, "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", who, a.RoleARN)
	}
	if a.Life == 0 {
		a.Life = defaultSessionLength * time.Second
	}
	switch {
	case a.Life > time.Duration(held.role.MaxSession)*time.Second:
		return radiograph.Session{}, failure(radiograph.KindInvalid, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	case a.Caller != nil && a.Life > chainedSession:
		return radiograph.Session{}, failure(radiograph.KindInvalid, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	return s.issue(ctx, held, a.Name, a.Life, false)
}

// coversCaller reports whether a trust policy's statement is about one of the
// names of a caller.
func (st *statement) coversCaller(names []string) bool {
	covers := func(p *principal) bool {
		return p.everyone || slices.ContainsFunc(p.names["AWS"], func(name string) bool { return name == "*" || slices.Contains(names, name) })
	}
	if st.NotPrincipal != nil {
		return !covers(st.NotPrincipal)
	}
	return st.Principal != nil && covers(st.Principal)
}
