package iam

import (
	"context"
	"maps"
	"slices"
	"strings"

	"radiograph/awsapi"
	"radiograph/iam"
)

type attachmentInput struct {
	RoleName  string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	PolicyARN string `name:"PolicyArn" required:"true" min:"20" max:"2048"`
}

type listAttachedRolePoliciesInput struct {
	RoleName   string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	PathPrefix string `min:"1" max:"512"`
	Marker     string `min:"1" max:"320"`
	MaxItems   *int32 `min:"1" max:"1000"`
}

type listAttachedRolePoliciesOutput struct {
	AttachedPolicies []attachedPolicy
	IsTruncated      bool
	Marker           string `omit:"empty"`
}

type attachedPolicy struct {
	PolicyName string
	PolicyARN  string `name:"PolicyArn"`
}

type putRolePolicyInput struct {
	RoleName       string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	PolicyName     string `required:"true" min:"1" max:"128" pattern:"[\\w+=,.@-]+"`
	PolicyDocument string `required:"true" min:"1" max:"131072"`
}

type rolePolicyInput struct {
	RoleName   string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	PolicyName string `required:"true" min:"1" max:"128" pattern:"[\\w+=,.@-]+"`
}

type getRolePolicyOutput struct {
	RoleName       string
	PolicyName     string
	PolicyDocument string // percent-encoded
}

type listRolePoliciesInput struct {
	RoleName string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	Marker   string `min:"1" max:"320"`
	MaxItems *int32 `min:"1" max:"1000"`
}

type listRolePoliciesOutput struct {
	PolicyNames []string
	IsTruncated bool
	Marker      string `omit:"empty"`
}

func (in *attachmentInput) roleName() string               { return in.RoleName }
func (in *listAttachedRolePoliciesInput) roleName() string { return in.RoleName }
func (in *putRolePolicyInput) roleName() string            { return in.RoleName }
func (in *rolePolicyInput) roleName() string               { return in.RoleName }
func (in *listRolePoliciesInput) roleName() string         { return in.RoleName }

func (a *api) attachRolePolicy(ctx context.Context, r *awsapi.Request, in *attachmentInput) (*struct{}, error) {
	return nil, a.roles.AttachPolicy(ctx, r.Tenant.Account, in.RoleName, in.PolicyARN)
}

func (a *api) detachRolePolicy(ctx context.Context, r *awsapi.Request, in *attachmentInput) (*struct{}, error) {
	return nil, a.roles.DetachPolicy(ctx, r.Tenant.Account, in.RoleName, in.PolicyARN)
}

func (a *api) listAttachedRolePolicies(ctx context.Context, r *awsapi.Request, in *listAttachedRolePoliciesInput) (*listAttachedRolePoliciesOutput, error) {
	attached, err := a.roles.AttachedPolicies(ctx, r.Tenant.Account, in.RoleName)
	if err != nil {
		return nil, err
	}
	attached = slices.DeleteFunc(attached, func(p iam.AttachedPolicy) bool { return !hasPath(p.ARN, in.PathPrefix) })
	var out listAttachedRolePoliciesOutput
	attached, out.Marker = cut(attached, in.Marker, in.MaxItems, func(p iam.AttachedPolicy) string { return p.ARN })
	out.IsTruncated = out.Marker != ""
	for _, p := range attached {
		out.AttachedPolicies = append(out.AttachedPolicies, attachedPolicy{PolicyName: p.Name, PolicyARN: p.ARN})
	}
	return &out, nil
}

// hasPath tells whether a policy's path, which its ARN has after "policy", begins
// with prefix.
func hasPath(arn, prefix string) bool {
	_, path, _ := strings.Cut(arn, ":policy")
	return strings.HasPrefix(path, prefix)
}

func (a *api) putRolePolicy(ctx context.Context, r *awsapi.Request, in *putRolePolicyInput) (*struct{}, error) {
	return nil, a.roles.PutInlinePolicy(ctx, r.Tenant.Account, in.RoleName, in.PolicyName, in.PolicyDocument)
}

func (a *api) getRolePolicy(ctx context.Context, r *awsapi.Request, in *rolePolicyInput) (*getRolePolicyOutput, error) {
	document, err := a.roles.InlinePolicy(ctx, r.Tenant.Account, in.RoleName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &getRolePolicyOutput{RoleName: in.RoleName, PolicyName: in.PolicyName, PolicyDocument: percentEncode(document)}, nil
}

func (a *api) deleteRolePolicy(ctx context.Context, r *awsapi.Request, in *rolePolicyInput) (*struct{}, error) {
	return nil, a.roles.DeleteInlinePolicy(ctx, r.Tenant.Account, in.RoleName, in.PolicyName)
}

func (a *api) listRolePolicies(ctx context.Context, r *awsapi.Request, in *listRolePoliciesInput) (*listRolePoliciesOutput, error) {
	names, err := a.roles.InlinePolicies(ctx, r.Tenant.Account, in.RoleName)
	if err != nil {
		return nil, err
	}
	var out listRolePoliciesOutput
	out.PolicyNames, out.Marker = cut(names, in.Marker, in.MaxItems, func(name string) string { return name })
	out.IsTruncated = out.Marker != ""
	return &out, nil
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
