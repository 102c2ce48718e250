package iam

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"radiograph"
)

// Quotas of AWS's IAM and STS quota page.
const (
	maxTrustPolicy       = 2048  // characters of a trust policy, blanks not counted
	maxInlinePolicies    = 10240 // characters of all inline policies of a role, likewise
	maxAttachedPolicies  = 10
	maxTags              = 50
	defaultSessionLength = 3600 // seconds
)

// heldRole is a role with its policies parsed. It is immutable.
type heldRole struct {
	role     *radiograph.Role
	trust    *policy
	policies []*policy // attached, then inline
}

// roleKey is where a role is kept. Role names are unique in any letter case.
func roleKey(account radiograph.AccountID, name string) string {
	return "role/" + string(account) + "/" + strings.ToLower(name)
}

// hold parses a role's policies.
func (s *Service) hold(ctx context.Context, r *radiograph.Role) (*heldRole, error) {
	h := &heldRole{role: r}
	var err error
	if h.trust, err = parsePolicy(r.TrustPolicy); err != nil {
		return nil, fmt.Errorf("trust policy of role %s: %w", r.Name, err)
	}
	for _, arn := range r.AttachedPolicies {
		if m, ok := managed[arn]; ok {
			h.policies = append(h.policies, m.policy)
			continue
		}
		m, err := s.ManagedPolicy(ctx, r.Account, arn)
		if err != nil {
			return nil, fmt.Errorf("policies of role %s: %w", r.Name, err)
		}
		p, err := parsePolicy(m.Document)
		if err != nil {
			return nil, fmt.Errorf("policy %s of role %s: %w", arn, r.Name, err)
		}
		h.policies = append(h.policies, p)
	}
	for _, name := range slices.Sorted(maps.Keys(r.InlinePolicies)) {
		p, err := parsePolicy(r.InlinePolicies[name])
		if err != nil {
			return nil, fmt.Errorf("policy %s of role %s: %w", name, r.Name, err)
		}
		h.policies = append(h.policies, p)
	}
	return h, nil
}

// held reads a role through the memory of those read before.
func (s *Service) held(ctx context.Context, account radiograph.AccountID, name string) (*heldRole, error) {
	key := roleKey(account, name)
	s.mu.RLock()
	h := s.roles[key]
	s.mu.RUnlock()
	if h != nil {
		return h, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.load(ctx, key, name)
}

// load reads a role under s.mu.
func (s *Service) load(ctx context.Context, key, name string) (*heldRole, error) {
	if h := s.roles[key]; h != nil {
		return h, nil
	}
	b, err := s.state.Get(ctx, key)
	if isNotFound(err) {
		return nil, noSuchEntity("The role with name %s cannot be found.", name)
	}
	if err != nil {
		return nil, fmt.Errorf("read role %s: %w", name, err)
	}
	var r radiograph.Role
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("read role %s: %w", name, err)
	}
	h, err := s.hold(ctx, &r)
	if err != nil {
		return nil, err
	}
	s.roles[key] = h
	return h, nil
}

// save stores a role under s.mu.
func (s *Service) save(ctx context.Context, r *radiograph.Role) error {
	h, err := s.hold(ctx, r)
	if err != nil {
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write role %s: %w", r.Name, err)
	}
	key := roleKey(r.Account, r.Name)
	if err := s.state.Apply(ctx, radiograph.Change{Key: key, Value: b}); err != nil {
		delete(s.roles, key) // which of the two versions is kept is not known
		return fmt.Errorf("write role %s: %w", r.Name, err)
	}
	s.roles[key] = h
	return nil
}

// change stores what edit makes of a copy of the role.
func (s *Service) change(ctx context.Context, account radiograph.AccountID, name string, edit func(*radiograph.Role) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.load(ctx, roleKey(account, name), name)
	if err != nil {
		return err
	}
	r := clone(h.role)
	if err := edit(r); err != nil {
		return err
	}
	return s.save(ctx, r)
}

func clone(r *radiograph.Role) *radiograph.Role {
	c := *r
	c.AttachedPolicies = slices.Clone(r.AttachedPolicies)
	c.InlinePolicies = maps.Clone(r.InlinePolicies)
	c.Tags = maps.Clone(r.Tags)
	return &c
}

// CreateRole stores a new role. Account, Name and TrustPolicy must be given; Path
// defaults to "/", MaxSession to an hour; ID and Created are set. It fails with
// EntityAlreadyExists, MalformedPolicyDocument or LimitExceeded.
func (s *Service) CreateRole(ctx context.Context, r *radiograph.Role) (*radiograph.Role, error) {
	if err := checkTrust(r.TrustPolicy); err != nil {
		return nil, err
	}
	r = clone(r)
	if r.Path == "" {
		r.Path = "/"
	}
	if r.MaxSession == 0 {
		r.MaxSession = defaultSessionLength
	}
	r.ID = "AROA" + randomID(17)
	r.Created = s.clock().UTC().Truncate(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch _, err := s.load(ctx, roleKey(r.Account, r.Name), r.Name); {
	case err == nil:
		return nil, failure(radiograph.KindConflict, "EntityAlreadyExists", "Role with name %s already exists.", r.Name)
	case !isNotFound(err):
		return nil, err
	}
	if err := s.save(ctx, r); err != nil {
		return nil, err
	}
	return clone(r), nil
}

// Role finds a role by name, in any letter case, or fails with NoSuchEntity. The
// caller owns what it returns.
func (s *Service) Role(ctx context.Context, account radiograph.AccountID, name string) (*radiograph.Role, error) {
	h, err := s.held(ctx, account, name)
	if err != nil {
		return nil, err
	}
	return clone(h.role), nil
}

// Roles lists an account's roles by name.
func (s *Service) Roles(ctx context.Context, account radiograph.AccountID) ([]*radiograph.Role, error) {
	var roles []*radiograph.Role
	for pair, err := range s.state.Scan(ctx, "role/"+string(account)+"/") {
		if err != nil {
			return nil, fmt.Errorf("list roles: %w", err)
		}
		r := new(radiograph.Role)
		if err := json.Unmarshal(pair.Value, r); err != nil {
			return nil, fmt.Errorf("read %s: %w", pair.Key, err)
		}
		roles = append(roles, r)
	}
	return roles, nil
}

// UpdateRole changes what is not nil of a role's description and longest session.
func (s *Service) UpdateRole(ctx context.Context, account radiograph.AccountID, name string, description *string, maxSession *int) (*radiograph.Role, error) {
	err := s.change(ctx, account, name, func(r *radiograph.Role) error {
		if description != nil {
			r.Description = *description
		}
		if maxSession != nil {
			r.MaxSession = *maxSession
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.Role(ctx, account, name)
}

// UpdateTrustPolicy says anew who may assume a role. It fails as CreateRole does.
func (s *Service) UpdateTrustPolicy(ctx context.Context, account radiograph.AccountID, name, document string) error {
	if err := checkTrust(document); err != nil {
		return err
	}
	return s.change(ctx, account, name, func(r *radiograph.Role) error {
		r.TrustPolicy = document
		return nil
	})
}

// checkTrust checks a role's trust policy and its size.
func checkTrust(document string) error {
	if err := checkTrustPolicy(document); err != nil {
		return err
	}
	if policySize(document) > maxTrustPolicy {
		return failure(radiograph.KindConflict, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: %d", maxTrustPolicy)
	}
	return nil
}

// TagRole sets tags of a role and takes others away.
func (s *Service) TagRole(ctx context.Context, account radiograph.AccountID, name string, set map[string]string, remove []string) error {
	return s.change(ctx, account, name, func(r *radiograph.Role) error {
		if r.Tags == nil {
			r.Tags = make(map[string]string)
		}
		maps.Copy(r.Tags, set)
		for _, key := range remove {
			delete(r.Tags, key)
		}
		if len(r.Tags) > maxTags {
			return failure(radiograph.KindConflict, "LimitExceeded", "The number of tags has reached the maximum limit.")
		}
		return nil
	})
}

// DeleteRole removes a role without policies; with policies it fails with
// DeleteConflict, as AWS does.
func (s *Service) DeleteRole(ctx context.Context, account radiograph.AccountID, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := roleKey(account, name)
	h, err := s.load(ctx, key, name)
	switch {
	case err != nil:
		return err
	case len(h.role.AttachedPolicies) > 0:
		return failure(radiograph.KindConflict, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(h.role.InlinePolicies) > 0:
		return failure(radiograph.KindConflict, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	delete(s.roles, key)
	if err := s.state.Apply(ctx, radiograph.Change{Key: key}); err != nil {
		return fmt.Errorf("delete role %s: %w", name, err)
	}
	return nil
}

// randomID makes the tail of an AWS unique id: n characters of A–Z and 2–7.
func randomID(n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand.Read never fails
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return string(b)
}
