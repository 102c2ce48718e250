package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"radiograph"
)

// maxPolicySize bounds a function's policy (Lambda quotas).
const maxPolicySize = 20480

// policy is a function's resource policy, or that of a version or an alias. It
// never changes; a change makes another.
type policy struct {
	Statements []statement
	RevisionID string
}

type statement struct {
	Sid       string
	Effect    string
	Principal json.RawMessage // "*", or an object with Service or AWS
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// document is the policy as GetPolicy tells it.
func (p *policy) document() (string, error) {
	text, err := json.Marshal(struct {
		Version   string
		ID        string `json:"Id"`
		Statement []statement
	}{"2012-10-17", "default", p.Statements})
	if err != nil {
		return "", fmt.Errorf("spell a policy: %w", err)
	}
	return string(text), nil
}

// Permission asks for a statement of a function's policy.
type Permission struct {
	StatementID      string
	Action           string
	Principal        string // a service, an account, an ARN or *
	SourceARN        string
	SourceAccount    string
	EventSourceToken string
	PrincipalOrgID   string
	URLAuthType      string // of a function URL
	ViaURL           bool   // only through a function URL
	RevisionID       string // "": whatever is current
}

var (
	servicePrincipal = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$|^[a-z0-9-]+\.alexa\.com$`)
	accountPrincipal = regexp.MustCompile(`^\d{12}$`)
	arnPrincipal     = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|user/.+|role/.+|assumed-role/.+|federated-user/.+)$`)
)

// principal spells who a statement is about.
func (p *Permission) principal() (json.RawMessage, error) {
	var spelled any
	switch who := p.Principal; {
	case who == "*":
		spelled = who
	case servicePrincipal.MatchString(who):
		spelled = map[string]string{"Service": who}
	case accountPrincipal.MatchString(who):
		spelled = map[string]string{"AWS": "arn:aws:iam::" + who + ":root"}
	case arnPrincipal.MatchString(who):
		spelled = map[string]string{"AWS": who}
	default:
		return nil, invalidParameter("The provided principal was invalid. Please check the principal and try again.")
	}
	return json.Marshal(spelled)
}

// statement spells a permission about a resource.
func (p *Permission) statement(resource string) (statement, error) {
	principal, err := p.principal()
	if err != nil {
		return statement{}, err
	}
	if p.URLAuthType != "" && p.Action != "lambda:InvokeFunctionUrl" {
		return statement{}, invalidParameter("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
	}
	st := statement{Sid: p.StatementID, Effect: "Allow", Principal: principal, Action: p.Action, Resource: resource}
	condition := func(operator, key, value string) {
		if value == "" {
			return
		}
		if st.Condition == nil {
			st.Condition = map[string]map[string]string{}
		}
		if st.Condition[operator] == nil {
			st.Condition[operator] = map[string]string{}
		}
		st.Condition[operator][key] = value
	}
	condition("ArnLike", "AWS:SourceArn", p.SourceARN)
	condition("StringEquals", "AWS:SourceAccount", p.SourceAccount)
	condition("StringEquals", "aws:PrincipalOrgID", p.PrincipalOrgID)
	condition("StringEquals", "lambda:EventSourceToken", p.EventSourceToken)
	condition("StringEquals", "lambda:FunctionUrlAuthType", p.URLAuthType)
	if p.ViaURL {
		condition("Bool", "lambda:InvokedViaFunctionUrl", "true")
	}
	return st, nil
}

// AddPermission adds a statement to the policy of a function, a version or an
// alias, and returns it as JSON. The policy is kept and told; nothing here
// evaluates it.
func (s *Service) AddPermission(ctx context.Context, t radiograph.Tenant, name, qualifier string, p Permission) (string, error) {
	var text []byte
	err := s.attach(ctx, t, name, func(e *entry, has *attachments) error {
		if qualifier == radiograph.LatestVersion {
			return invalidParameter("We currently do not support adding policies for $LATEST.")
		}
		if err := s.checkQualifier(t, name, qualifier); err != nil {
			return err
		}
		st, err := p.statement(invokedARN(t, name, qualifier))
		if err != nil {
			return err
		}
		next := policy{RevisionID: radiograph.NewUUID()}
		before := has.Policies[qualifier]
		if p.RevisionID != "" && (before == nil || p.RevisionID != before.RevisionID) {
			return policyMismatch()
		}
		if before != nil {
			if before.find(p.StatementID) >= 0 {
				return exception(radiograph.KindConflict, "ResourceConflictException",
					"The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", p.StatementID)
			}
			next.Statements = slices.Clone(before.Statements)
		}
		next.Statements = append(next.Statements, st)
		whole, err := next.document()
		if err != nil {
			return err
		}
		if len(whole) > maxPolicySize {
			return exception(radiograph.KindInvalid, "PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(whole), maxPolicySize)
		}
		has.Policies[qualifier] = &next
		text, err = json.Marshal(st)
		return err
	})
	return string(text), err
}

func (p *policy) find(id string) int {
	return slices.IndexFunc(p.Statements, func(st statement) bool { return st.Sid == id })
}

// RemovePermission takes a statement away; the last one takes the policy along.
func (s *Service) RemovePermission(ctx context.Context, t radiograph.Tenant, name, qualifier, id, revisionID string) error {
	return s.attach(ctx, t, name, func(e *entry, has *attachments) error {
		before, err := s.policy(t, name, qualifier, has)
		if err != nil {
			return err
		}
		i := before.find(id)
		if i < 0 {
			return exception(radiograph.KindNotFound, "ResourceNotFoundException", "Statement %s is not found in resource policy.", id)
		}
		if revisionID != "" && revisionID != before.RevisionID {
			return policyMismatch()
		}
		if len(before.Statements) == 1 {
			delete(has.Policies, qualifier)
			return nil
		}
		has.Policies[qualifier] = &policy{Statements: slices.Delete(slices.Clone(before.Statements), i, i+1), RevisionID: radiograph.NewUUID()}
		return nil
	})
}

// Policy is the policy of a function, a version or an alias, as JSON, and its
// revision.
func (s *Service) Policy(ctx context.Context, t radiograph.Tenant, name, qualifier string) (document, revisionID string, err error) {
	_, has, err := s.attached(t, name)
	if err != nil {
		return "", "", err
	}
	p, err := s.policy(t, name, qualifier, has)
	if err != nil {
		return "", "", err
	}
	document, err = p.document()
	return document, p.RevisionID, err
}

func (s *Service) policy(t radiograph.Tenant, name, qualifier string, has *attachments) (*policy, error) {
	if err := s.checkQualifier(t, name, qualifier); err != nil {
		return nil, err
	}
	if p := has.Policies[qualifier]; p != nil {
		return p, nil
	}
	return nil, exception(radiograph.KindNotFound, "ResourceNotFoundException", "No policy is associated with the given resource.")
}

func policyMismatch() error {
	err := revisionMismatch()
	err.Message = strings.Replace(err.Message, "GetFunction/GetAlias", "GetPolicy", 1)
	return err
}
