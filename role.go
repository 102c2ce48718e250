package radiograph

import (
	"context"
	"strings"
	"time"
)

// Role is an IAM role.
type Role struct {
	Account          AccountID
	Name             string
	Path             string
	ID               string // AROA...
	Description      string
	MaxSession       int    // seconds
	TrustPolicy      string // JSON
	Created          time.Time
	AttachedPolicies []string          // ARNs, sorted
	InlinePolicies   map[string]string // name → JSON
	Tags             map[string]string
}

// ARN is the role's ARN.
func (r *Role) ARN() string {
	return "arn:aws:iam::" + string(r.Account) + ":role" + r.Path + r.Name
}

// Session is who signed a request with keys that were issued here.
type Session struct {
	Credentials Credentials
	Account     AccountID
	RoleARN     string
	Name        string // the role session's name
	Expires     time.Time
}

// Authorizer answers for roles. Implemented by package iam.
type Authorizer interface {
	// Allowed reports whether the role's policies allow action (such as
	// xray:PutTraceSegments) on resource. A role that does not exist is allowed
	// nothing.
	Allowed(ctx context.Context, roleARN, action, resource string) (bool, error)
	// Assumable reports whether service (lambda.amazonaws.com) may assume the
	// role, which must be of the account.
	Assumable(ctx context.Context, account AccountID, roleARN, service string) (bool, error)
	// Issue makes keys of a session of the role.
	Issue(ctx context.Context, account AccountID, roleARN, name string, life time.Duration) (Credentials, error)
	// Session finds an issued key; ok is false for keys not issued here.
	Session(ctx context.Context, accessKeyID string) (s Session, ok bool)
}

// ARN is how an error names the session: arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME.
func (s *Session) ARN() string {
	role := s.RoleARN[strings.LastIndexByte(s.RoleARN, '/')+1:]
	return "arn:aws:sts::" + string(s.Account) + ":assumed-role/" + role + "/" + s.Name
}
