package iam

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"radiograph"
)

// maxManagedPolicy bounds a policy document, blanks not counted (IAM and STS
// quotas).
const maxManagedPolicy = 6144

// ManagedPolicy is a policy that roles attach by its ARN: one that an account
// made, or one of AWS's. Its document never changes.
type ManagedPolicy struct {
	Account     radiograph.AccountID // "": AWS's
	Name        string
	Path        string // begins and ends with /
	ID          string // ANPA...
	Description string
	Document    string    // JSON
	Version     string    // "v1"
	Created     time.Time // zero: one of AWS's
	Tags        map[string]string
}

// ARN is the policy's ARN.
func (p *ManagedPolicy) ARN() string {
	return "arn:aws:iam::" + cmp.Or(string(p.Account), "aws") + ":policy" + p.Path + p.Name
}

// policyKey is where a policy is kept. Names are unique in any letter case and
// path.
func policyKey(account radiograph.AccountID, name string) string {
	return "policy/" + string(account) + "/" + strings.ToLower(name)
}

// versions are those of AWS's policies that had more than one.
var versions = map[string]string{"AWSXRayDaemonWriteAccess": "v2", "AWSXrayWriteOnlyAccess": "v2", "AWSXrayReadOnlyAccess": "v8"}

// awsPolicy describes one of the built-in policies.
func awsPolicy(arn string) *ManagedPolicy {
	_, path, _ := strings.Cut(arn, ":policy")
	name := managedName(arn)
	sum := sha256.Sum256([]byte(arn))
	return &ManagedPolicy{
		Name: name, Path: strings.TrimSuffix(path, name), ID: "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17],
		Document: managed[arn].Document, Version: cmp.Or(versions[name], "v1"),
	}
}

// ManagedPolicy finds a policy of the account, or one of AWS's, or fails with
// NoSuchEntity.
func (s *Service) ManagedPolicy(ctx context.Context, account radiograph.AccountID, arn string) (*ManagedPolicy, error) {
	if _, ok := managed[arn]; ok {
		return awsPolicy(arn), nil
	}
	missing := noSuchEntity("Policy %s was not found.", arn)
	b, err := s.state.Get(ctx, policyKey(account, managedName(arn)))
	if isNotFound(err) {
		return nil, missing
	}
	if err != nil {
		return nil, fmt.Errorf("read policy %s: %w", arn, err)
	}
	p := new(ManagedPolicy)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("read policy %s: %w", arn, err)
	}
	if p.ARN() != arn {
		return nil, missing
	}
	return p, nil
}

// CreatePolicy stores a new policy. Account, Name and Document must be given; Path
// defaults to "/"; ID, Version and Created are set. It fails with
// EntityAlreadyExists, MalformedPolicyDocument or LimitExceeded.
func (s *Service) CreatePolicy(ctx context.Context, p ManagedPolicy) (*ManagedPolicy, error) {
	if err := checkPermissionPolicy(p.Document); err != nil {
		return nil, err
	}
	if policySize(p.Document) > maxManagedPolicy {
		return nil, failure(radiograph.KindConflict, "LimitExceeded", "Cannot exceed quota for PolicySize: %d", maxManagedPolicy)
	}
	p.Path = cmp.Or(p.Path, "/")
	p.ID, p.Version, p.Created = "ANPA"+randomID(17), "v1", s.clock().UTC().Truncate(time.Second)
	s.mu.Lock()
	defer s.mu.Unlock()
	key := policyKey(p.Account, p.Name)
	switch _, err := s.state.Get(ctx, key); {
	case err == nil:
		return nil, failure(radiograph.KindConflict, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", p.Name)
	case !isNotFound(err):
		return nil, fmt.Errorf("read policy %s: %w", p.Name, err)
	}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write policy %s: %w", p.Name, err)
	}
	if err := s.state.Apply(ctx, radiograph.Change{Key: key, Value: b}); err != nil {
		return nil, fmt.Errorf("write policy %s: %w", p.Name, err)
	}
	return &p, nil
}

// DeletePolicy removes a policy that no role has; else it fails with
// DeleteConflict.
func (s *Service) DeletePolicy(ctx context.Context, account radiograph.AccountID, arn string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.ManagedPolicy(ctx, account, arn)
	if err != nil {
		return err
	}
	if p.Account == "" {
		return failure(radiograph.KindInvalid, "InvalidInput", "Policy %s is outside your own account.", arn)
	}
	counts, err := s.Attachments(ctx, account)
	if err != nil {
		return err
	}
	if counts[arn] > 0 {
		return failure(radiograph.KindConflict, "DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	if err := s.state.Apply(ctx, radiograph.Change{Key: policyKey(account, p.Name)}); err != nil {
		return fmt.Errorf("delete policy %s: %w", arn, err)
	}
	return nil
}

// Attachments counts, for each ARN of a policy, the account's roles that have it.
func (s *Service) Attachments(ctx context.Context, account radiograph.AccountID) (map[string]int, error) {
	roles, err := s.Roles(ctx, account)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, r := range roles {
		for _, arn := range r.AttachedPolicies {
			counts[arn]++
		}
	}
	return counts, nil
}

// ManagedPolicies lists AWS's policies and the account's, by ARN.
func (s *Service) ManagedPolicies(ctx context.Context, account radiograph.AccountID) ([]*ManagedPolicy, error) {
	var all []*ManagedPolicy
	for arn := range maps.Keys(managed) {
		all = append(all, awsPolicy(arn))
	}
	for pair, err := range s.state.Scan(ctx, policyKey(account, "")) {
		if err != nil {
			return nil, fmt.Errorf("list policies: %w", err)
		}
		p := new(ManagedPolicy)
		if err := json.Unmarshal(pair.Value, p); err != nil {
			return nil, fmt.Errorf("read %s: %w", pair.Key, err)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *ManagedPolicy) int { return cmp.Compare(a.ARN(), b.ARN()) })
	return all, nil
}
