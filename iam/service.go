// Package iam keeps roles and says what they may do.
//
// Roles, their trust policies, attached and inline policies enter; answers to
// "may this role do that" and session keys leave. The AWS managed policies that
// tracing and Lambda need are built in. The package has no users and no groups,
// and never looks at a signature.
package iam

import (
	"context"
	"strings"
	"sync"

	"radiograph"
)

// Service keeps roles in a radiograph.State, of which it must be the only writer
// of keys under "role/", "policy/" and "session/". It implements radiograph.Authorizer. Its
// methods may be called from any goroutine.
type Service struct {
	state radiograph.State
	clock radiograph.Clock

	mu    sync.RWMutex         // held over every change: read, change, apply
	roles map[string]*heldRole // what was read so far, by state key

	sessions sessions
}

var _ radiograph.Authorizer = (*Service)(nil)

// New makes a service over state.
func New(state radiograph.State, clock radiograph.Clock) *Service {
	return &Service{
		state: state, clock: clock,
		roles:    make(map[string]*heldRole),
		sessions: sessions{known: make(map[string]radiograph.Session)},
	}
}

// failure is an IAM error with the API's own code.
func failure(kind radiograph.Kind, code, format string, args ...any) error {
	e := radiograph.Errorf(kind, format, args...)
	e.Code = code
	return e
}

func noSuchEntity(format string, args ...any) error {
	return failure(radiograph.KindNotFound, "NoSuchEntity", format, args...)
}

// roleOfARN splits arn:aws:iam::ACCOUNT:role/path/name.
func roleOfARN(arn string) (account radiograph.AccountID, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return "", "", false
	}
	return radiograph.AccountID(parts[4]), parts[5][strings.LastIndexByte(parts[5], '/')+1:], true
}

// byARN finds a role by its ARN, path included; nil without an error means that
// there is none.
func (s *Service) byARN(ctx context.Context, arn string) (*heldRole, error) {
	account, name, ok := roleOfARN(arn)
	if !ok {
		return nil, nil
	}
	held, err := s.held(ctx, account, name)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if held.role.ARN() != arn {
		return nil, nil
	}
	return held, nil
}

// Allowed reports whether the role's policies allow action on resource: some
// statement allows it and none denies it. Permissions that AWS grants by other
// ways (resource policies, boundaries) do not exist here.
func (s *Service) Allowed(ctx context.Context, roleARN, action, resource string) (bool, error) {
	held, err := s.byARN(ctx, roleARN)
	if held == nil || err != nil {
		return false, err
	}
	facts := facts{"aws:principalarn": roleARN, "aws:principalaccount": string(held.role.Account)}
	return decide(held.policies, func(st *statement) bool {
		return st.coversAction(action) && st.coversResource(resource) && st.holds(facts)
	}), nil
}

// Assumable reports whether the role's trust policy lets the service assume it.
func (s *Service) Assumable(ctx context.Context, account radiograph.AccountID, roleARN, service string) (bool, error) {
	held, err := s.byARN(ctx, roleARN)
	if held == nil || err != nil || held.role.Account != account {
		return false, err
	}
	facts := facts{"aws:sourceaccount": string(account)}
	return decide([]*policy{held.trust}, func(st *statement) bool {
		return st.coversAction("sts:AssumeRole") && st.coversService(service) && st.holds(facts)
	}), nil
}

func isNotFound(err error) bool {
	return err != nil && radiograph.ErrorKind(err) == radiograph.KindNotFound
}
