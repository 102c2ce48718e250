package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"radiograph"
)

const policiesNoun = "resource-policies"

// ResourcePolicy is a policy that other accounts and services would be granted
// by.
type ResourcePolicy struct {
	Name, Document string
	Revision       int64 // grows with every change
	Updated        radiograph.Timestamp
}

// ResourcePolicies lists the policies of a tenant by name.
func (s *Service) ResourcePolicies(ctx context.Context, t radiograph.Tenant) ([]ResourcePolicy, error) {
	var list []ResourcePolicy
	return list, s.load(ctx, t, policiesNoun, &list)
}

// PutResourcePolicy makes or changes a policy. revision, when it is not empty,
// must be the policy's, and "0" that of none; bypass leaves out the check that
// the caller can still change policies afterwards.
func (s *Service) PutResourcePolicy(ctx context.Context, t radiograph.Tenant, name, document, revision string, bypass bool) (*ResourcePolicy, error) {
	if radiograph.Over(len(document), s.limits.ResourcePolicyBytes) {
		return nil, refusal("PolicySizeLimitExceededException", "A policy document has at most %d bytes", s.limits.ResourcePolicyBytes)
	}
	statements, err := parsePolicy(document)
	if err != nil {
		return nil, err
	}
	if !bypass && slices.ContainsFunc(statements, func(st statement) bool { return st.locksOut(t) }) {
		return nil, refusal("LockoutPreventionException", "The policy would deny account %s to change it; set BypassPolicyLockoutCheck to put it all the same", t.Account)
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	list, err := s.ResourcePolicies(ctx, t)
	if err != nil {
		return nil, err
	}
	at, found := slices.BinarySearchFunc(list, name, byName)
	if !found {
		list = slices.Insert(list, at, ResourcePolicy{Name: name})
	}
	switch err := checkRevision(&list[at], revision); {
	case err != nil:
		return nil, err
	case radiograph.Over(len(list), s.limits.ResourcePolicies):
		return nil, refusal("PolicyCountLimitExceededException", "An account has at most %d resource policies", s.limits.ResourcePolicies)
	}
	p := &list[at]
	p.Document, p.Updated = document, s.now()
	p.Revision++
	return p, s.save(ctx, t, policiesNoun, list)
}

// DeleteResourcePolicy removes a policy; revision is as for PutResourcePolicy.
func (s *Service) DeleteResourcePolicy(ctx context.Context, t radiograph.Tenant, name, revision string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	list, err := s.ResourcePolicies(ctx, t)
	if err != nil {
		return err
	}
	at, found := slices.BinarySearchFunc(list, name, byName)
	if !found {
		return invalid("There is no resource policy %q", name)
	}
	if err := checkRevision(&list[at], revision); err != nil {
		return err
	}
	return s.save(ctx, t, policiesNoun, slices.Delete(list, at, at+1))
}

func byName(p ResourcePolicy, name string) int { return strings.Compare(p.Name, name) }

// checkRevision compares what a caller thinks is there. A policy that is not has
// revision 0.
func checkRevision(p *ResourcePolicy, revision string) error {
	if revision != "" && revision != strconv.FormatInt(p.Revision, 10) {
		return refusal("InvalidPolicyRevisionIdException", "The revision id %.40q is not that of policy %q", revision, p.Name)
	}
	return nil
}

// statement is what is read of a policy's statement.
type statement struct {
	Effect    string
	Principal json.RawMessage
	Action    texts
	Condition json.RawMessage
}

// texts is one text or a list of them.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// parsePolicy reads a document as far as it is understood here.
func parsePolicy(document string) ([]statement, error) {
	malformed := func(why string) error {
		return refusal("MalformedPolicyDocumentException", "The policy document is malformed: %s", why)
	}
	var p struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return nil, malformed("it is not a JSON object with Version and Statement")
	}
	if p.Version != "2012-10-17" && p.Version != "2008-10-17" {
		return nil, malformed("Version must be 2012-10-17 or 2008-10-17")
	}
	var list []statement
	if raw := bytes.TrimSpace(p.Statement); len(raw) > 0 && raw[0] == '{' {
		list = make([]statement, 1)
		if err := json.Unmarshal(raw, &list[0]); err != nil {
			return nil, malformed("a member of Statement has another type than it must")
		}
	} else if err := json.Unmarshal(raw, &list); err != nil || len(list) == 0 {
		return nil, malformed("Statement must be a statement or a list of them")
	}
	for _, st := range list {
		switch {
		case st.Effect != "Allow" && st.Effect != "Deny":
			return nil, malformed("Effect must be Allow or Deny")
		case len(st.Action) == 0:
			return nil, malformed("a statement has no Action")
		case len(st.Principal) == 0:
			return nil, malformed("a statement has no Principal")
		}
	}
	return list, nil
}

// locksOut reports whether a statement denies everyone of the tenant's account to
// change policies.
func (st statement) locksOut(t radiograph.Tenant) bool {
	return st.Effect == "Deny" && len(st.Condition) == 0 && slices.ContainsFunc(st.Action, coversPut) && st.meansAccount(t.Account)
}

// coversPut reports whether an action pattern covers PutResourcePolicy.
func coversPut(pattern string) bool {
	pattern = strings.ToLower(pattern)
	before, _, wild := strings.Cut(pattern, "*")
	const put = "xray:putresourcepolicy"
	return pattern == put || wild && strings.HasSuffix(pattern, "*") && strings.HasPrefix(put, before)
}

// meansAccount reports whether a principal is everyone, or the whole account.
func (st statement) meansAccount(account radiograph.AccountID) bool {
	var everyone string
	if err := json.Unmarshal(st.Principal, &everyone); err == nil {
		return everyone == "*"
	}
	var named struct{ AWS texts }
	if err := json.Unmarshal(st.Principal, &named); err != nil {
		return false
	}
	return slices.ContainsFunc(named.AWS, func(p string) bool {
		return p == "*" || p == string(account) || p == "arn:aws:iam::"+string(account)+":root"
	})
}
