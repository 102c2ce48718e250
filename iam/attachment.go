package iam

import (
	"context"
	"maps"
	"slices"

	"radiograph"
)

// AttachedPolicy is a managed policy on a role.
type AttachedPolicy struct {
	ARN, Name string
}

// AttachPolicy puts a managed policy on a role. Attaching it again changes
// nothing. An ARN of none fails with NoSuchEntity.
func (s *Service) AttachPolicy(ctx context.Context, account radiograph.AccountID, role, policyARN string) error {
	return s.change(ctx, account, role, func(r *radiograph.Role) error {
		if _, err := s.ManagedPolicy(ctx, account, policyARN); isNotFound(err) {
			return noSuchEntity("Policy %s does not exist or is not attachable.", policyARN)
		} else if err != nil {
			return err
		}
		at, found := slices.BinarySearch(r.AttachedPolicies, policyARN)
		switch {
		case found:
			return nil
		case len(r.AttachedPolicies) >= maxAttachedPolicies:
			return failure(radiograph.KindConflict, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxAttachedPolicies)
		}
		r.AttachedPolicies = slices.Insert(r.AttachedPolicies, at, policyARN)
		return nil
	})
}

// DetachPolicy takes a managed policy off a role; one that is not attached fails
// with NoSuchEntity.
func (s *Service) DetachPolicy(ctx context.Context, account radiograph.AccountID, role, policyARN string) error {
	return s.change(ctx, account, role, func(r *radiograph.Role) error {
		at, found := slices.BinarySearch(r.AttachedPolicies, policyARN)
		if !found {
			return noSuchEntity("Policy %s was not found.", policyARN)
		}
		r.AttachedPolicies = slices.Delete(r.AttachedPolicies, at, at+1)
		return nil
	})
}

// AttachedPolicies lists the managed policies of a role, by ARN.
func (s *Service) AttachedPolicies(ctx context.Context, account radiograph.AccountID, role string) ([]AttachedPolicy, error) {
	h, err := s.held(ctx, account, role)
	if err != nil {
		return nil, err
	}
	list := make([]AttachedPolicy, 0, len(h.role.AttachedPolicies))
	for _, arn := range h.role.AttachedPolicies {
		list = append(list, AttachedPolicy{ARN: arn, Name: managedName(arn)})
	}
	return list, nil
}

// PutInlinePolicy writes an inline policy of a role, over one of the same name.
// It fails with MalformedPolicyDocument or LimitExceeded.
func (s *Service) PutInlinePolicy(ctx context.Context, account radiograph.AccountID, role, policy, document string) error {
	if err := checkPermissionPolicy(document); err != nil {
		return err
	}
	return s.change(ctx, account, role, func(r *radiograph.Role) error {
		if r.InlinePolicies == nil {
			r.InlinePolicies = make(map[string]string)
		}
		r.InlinePolicies[policy] = document
		size := 0
		for _, d := range r.InlinePolicies {
			size += policySize(d)
		}
		if size > maxInlinePolicies {
			return failure(radiograph.KindConflict, "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s", maxInlinePolicies, r.Name)
		}
		return nil
	})
}

// InlinePolicy is the document of an inline policy, as it was given.
func (s *Service) InlinePolicy(ctx context.Context, account radiograph.AccountID, role, policy string) (string, error) {
	h, err := s.held(ctx, account, role)
	if err != nil {
		return "", err
	}
	document, ok := h.role.InlinePolicies[policy]
	if !ok {
		return "", noSuchInlinePolicy(policy)
	}
	return document, nil
}

// InlinePolicies lists the names of a role's inline policies, sorted.
func (s *Service) InlinePolicies(ctx context.Context, account radiograph.AccountID, role string) ([]string, error) {
	h, err := s.held(ctx, account, role)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(h.role.InlinePolicies)), nil
}

// DeleteInlinePolicy removes an inline policy.
func (s *Service) DeleteInlinePolicy(ctx context.Context, account radiograph.AccountID, role, policy string) error {
	return s.change(ctx, account, role, func(r *radiograph.Role) error {
		if _, ok := r.InlinePolicies[policy]; !ok {
			return noSuchInlinePolicy(policy)
		}
		delete(r.InlinePolicies, policy)
		return nil
	})
}

func noSuchInlinePolicy(name string) error {
	return noSuchEntity("The role policy with name %s cannot be found.", name)
}
