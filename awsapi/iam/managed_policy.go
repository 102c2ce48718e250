package iam

import (
	"context"
	"strings"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/iam"
)

type createPolicyInput struct {
	PolicyName     string `required:"true" min:"1" max:"128" pattern:"[\\w+=,.@-]+"`
	Path           string `min:"1" max:"512" pattern:"((/[A-Za-z0-9\\.,\\+@=_-]+)*)/"`
	PolicyDocument string `required:"true" min:"1" max:"131072"`
	Description    string `max:"1000"`
	Tags           []tag  `max:"50"`
}

type policyInput struct {
	PolicyARN string `name:"PolicyArn" required:"true" min:"20" max:"2048"`
}

type policyOutput struct {
	Policy policy
}

type policy struct {
	PolicyName                    string
	PolicyID                      string `name:"PolicyId"`
	ARN                           string `name:"Arn"`
	Path                          string
	DefaultVersionID              string `name:"DefaultVersionId"`
	AttachmentCount               int
	PermissionsBoundaryUsageCount int
	IsAttachable                  bool
	Description                   string     `omit:"empty"`
	CreateDate                    *time.Time // absent of AWS's
	UpdateDate                    *time.Time
	Tags                          []tag `omit:"empty"`
}

type listPoliciesInput struct {
	Scope             string `enum:"All,AWS,Local"`
	OnlyAttached      bool
	PathPrefix        string `min:"1" max:"512" pattern:"((/[A-Za-z0-9\\.,\\+@=_-]+)*)/"`
	PolicyUsageFilter string `enum:"PermissionsPolicy,PermissionsBoundary"`
	Marker            string `min:"1" max:"320"`
	MaxItems          *int32 `min:"1" max:"1000"`
}

type listPoliciesOutput struct {
	Policies    []policy
	IsTruncated bool
	Marker      string `omit:"empty"`
}

type getPolicyVersionInput struct {
	PolicyARN string `name:"PolicyArn" required:"true" min:"20" max:"2048"`
	VersionID string `name:"VersionId" required:"true" pattern:"v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"`
}

type getPolicyVersionOutput struct {
	PolicyVersion policyVersion
}

type policyVersion struct {
	Document         string `omit:"empty"` // percent-encoded
	VersionID        string `name:"VersionId"`
	IsDefaultVersion bool
	CreateDate       *time.Time // absent of AWS's
}

type listPolicyVersionsInput struct {
	PolicyARN string `name:"PolicyArn" required:"true" min:"20" max:"2048"`
	Marker    string `min:"1" max:"320"`
	MaxItems  *int32 `min:"1" max:"1000"`
}

type listPolicyVersionsOutput struct {
	Versions    []policyVersion
	IsTruncated bool
	Marker      string `omit:"empty"`
}

func newPolicy(p *iam.ManagedPolicy, attached int) policy {
	w := policy{
		PolicyName: p.Name, PolicyID: p.ID, ARN: p.ARN(), Path: p.Path, DefaultVersionID: p.Version, AttachmentCount: attached,
		IsAttachable: true, Description: p.Description, Tags: tagList(p.Tags),
	}
	if !p.Created.IsZero() {
		w.CreateDate, w.UpdateDate = &p.Created, &p.Created
	}
	return w
}

func newPolicyVersion(p *iam.ManagedPolicy) policyVersion {
	v := policyVersion{VersionID: p.Version, IsDefaultVersion: true}
	if !p.Created.IsZero() {
		v.CreateDate = &p.Created
	}
	return v
}

// policyResource is the ARN that permission is asked for.
func policyResource(_ *awsapi.Request, in *policyInput) string { return in.PolicyARN }

func (a *api) createPolicy(ctx context.Context, r *awsapi.Request, in *createPolicyInput) (*policyOutput, error) {
	p, err := a.roles.CreatePolicy(ctx, iam.ManagedPolicy{
		Account: r.Tenant.Account, Name: in.PolicyName, Path: in.Path, Description: in.Description, Document: in.PolicyDocument, Tags: tagMap(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &policyOutput{Policy: newPolicy(p, 0)}, nil
}

func (a *api) getPolicy(ctx context.Context, r *awsapi.Request, in *policyInput) (*policyOutput, error) {
	p, err := a.roles.ManagedPolicy(ctx, r.Tenant.Account, in.PolicyARN)
	if err != nil {
		return nil, err
	}
	attached, err := a.roles.Attachments(ctx, r.Tenant.Account)
	if err != nil {
		return nil, err
	}
	return &policyOutput{Policy: newPolicy(p, attached[p.ARN()])}, nil
}

func (a *api) deletePolicy(ctx context.Context, r *awsapi.Request, in *policyInput) (*struct{}, error) {
	return nil, a.roles.DeletePolicy(ctx, r.Tenant.Account, in.PolicyARN)
}

func (a *api) listPolicies(ctx context.Context, r *awsapi.Request, in *listPoliciesInput) (*listPoliciesOutput, error) {
	all, err := a.roles.ManagedPolicies(ctx, r.Tenant.Account)
	if err != nil {
		return nil, err
	}
	attached, err := a.roles.Attachments(ctx, r.Tenant.Account)
	if err != nil {
		return nil, err
	}
	var policies []policy
	for _, p := range all {
		switch own := p.Account != ""; {
		case in.Scope == "AWS" && own, in.Scope == "Local" && !own, in.OnlyAttached && attached[p.ARN()] == 0,
			!strings.HasPrefix(p.Path, in.PathPrefix), in.PolicyUsageFilter == "PermissionsBoundary":
			continue
		}
		w := newPolicy(p, attached[p.ARN()])
		w.Description, w.Tags = "", nil // not part of lists, as IAM's reference says
		policies = append(policies, w)
	}
	out := &listPoliciesOutput{}
	out.Policies, out.Marker = cut(policies, in.Marker, in.MaxItems, func(p policy) string { return p.ARN })
	out.IsTruncated = out.Marker != ""
	return out, nil
}

func (a *api) getPolicyVersion(ctx context.Context, r *awsapi.Request, in *getPolicyVersionInput) (*getPolicyVersionOutput, error) {
	p, err := a.roles.ManagedPolicy(ctx, r.Tenant.Account, in.PolicyARN)
	if err != nil {
		return nil, err
	}
	if p.Version != in.VersionID {
		e := radiograph.Errorf(radiograph.KindNotFound, "Policy %s version %s does not exist or is not attachable.", in.PolicyARN, in.VersionID)
		e.Code = "NoSuchEntity"
		return nil, e
	}
	v := newPolicyVersion(p)
	v.Document = percentEncode(p.Document)
	return &getPolicyVersionOutput{PolicyVersion: v}, nil
}

// listPolicyVersions lists the one version that a policy has.
func (a *api) listPolicyVersions(ctx context.Context, r *awsapi.Request, in *listPolicyVersionsInput) (*listPolicyVersionsOutput, error) {
	p, err := a.roles.ManagedPolicy(ctx, r.Tenant.Account, in.PolicyARN)
	if err != nil {
		return nil, err
	}
	return &listPolicyVersionsOutput{Versions: []policyVersion{newPolicyVersion(p)}}, nil
}
