package xray

import (
	"context"
	"strconv"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/settings"
)

type putResourcePolicyInput struct {
	PolicyName               string `required:"true" min:"1" max:"128" pattern:"[\\w+=,.@-]+"`
	PolicyDocument           string `required:"true"`
	PolicyRevisionID         string `name:"PolicyRevisionId"`
	BypassPolicyLockoutCheck bool
}

type putResourcePolicyOutput struct {
	ResourcePolicy resourcePolicy
}

type listResourcePoliciesInput struct {
	NextToken string `min:"1" max:"100"`
}

type listResourcePoliciesOutput struct {
	ResourcePolicies []resourcePolicy
}

type deleteResourcePolicyInput struct {
	PolicyName       string `required:"true" min:"1" max:"128" pattern:"[\\w+=,.@-]+"`
	PolicyRevisionID string `name:"PolicyRevisionId"`
}

type resourcePolicy struct {
	PolicyName       string
	PolicyDocument   string
	PolicyRevisionID string `name:"PolicyRevisionId"`
	LastUpdatedTime  radiograph.Timestamp
}

func (a *api) putResourcePolicy(ctx context.Context, r *awsapi.Request, in *putResourcePolicyInput) (*putResourcePolicyOutput, error) {
	p, err := a.settings.PutResourcePolicy(ctx, r.Tenant, in.PolicyName, in.PolicyDocument, in.PolicyRevisionID, in.BypassPolicyLockoutCheck)
	if err != nil {
		return nil, err
	}
	return &putResourcePolicyOutput{newResourcePolicy(p)}, nil
}

// listResourcePolicies answers in one page: there are at most five.
func (a *api) listResourcePolicies(ctx context.Context, r *awsapi.Request, in *listResourcePoliciesInput) (*listResourcePoliciesOutput, error) {
	if in.NextToken != "" {
		return nil, invalid("NextToken is not valid")
	}
	list, err := a.settings.ResourcePolicies(ctx, r.Tenant)
	if err != nil {
		return nil, err
	}
	out := &listResourcePoliciesOutput{}
	for i := range list {
		out.ResourcePolicies = append(out.ResourcePolicies, newResourcePolicy(&list[i]))
	}
	return out, nil
}

func (a *api) deleteResourcePolicy(ctx context.Context, r *awsapi.Request, in *deleteResourcePolicyInput) (*struct{}, error) {
	return nil, a.settings.DeleteResourcePolicy(ctx, r.Tenant, in.PolicyName, in.PolicyRevisionID)
}

func newResourcePolicy(p *settings.ResourcePolicy) resourcePolicy {
	return resourcePolicy{PolicyName: p.Name, PolicyDocument: p.Document, PolicyRevisionID: strconv.FormatInt(p.Revision, 10), LastUpdatedTime: p.Updated}
}
