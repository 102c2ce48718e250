package iam

import (
	"context"
	"net/url"
	"strings"
	"time"

	"radiograph"
	"radiograph/awsapi"
)

type createRoleInput struct {
	Path                     string `min:"1" max:"512" pattern:"/|/[!-\\x7e]+/"`
	RoleName                 string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	AssumeRolePolicyDocument string `required:"true" min:"1" max:"131072"`
	Description              string `max:"1000"`
	MaxSessionDuration       *int32 `min:"3600" max:"43200"`
	PermissionsBoundary      string
	Tags                     []tag `max:"50"`
}

type tag struct {
	Key   string  `required:"true" min:"1" max:"128"`
	Value *string `required:"true" max:"256"`
}

type roleInput struct {
	RoleName string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
}

type roleOutput struct {
	Role role
}

type role struct {
	Path                     string
	RoleName                 string
	RoleID                   string `name:"RoleId"`
	ARN                      string `name:"Arn"`
	CreateDate               time.Time
	AssumeRolePolicyDocument string // percent-encoded
	Description              string `omit:"empty"`
	MaxSessionDuration       int
	Tags                     []tag `omit:"empty"`
}

type listRolesInput struct {
	PathPrefix string `min:"1" max:"512"`
	Marker     string `min:"1" max:"320"`
	MaxItems   *int32 `min:"1" max:"1000"`
}

type listRolesOutput struct {
	Roles       []role
	IsTruncated bool
	Marker      string `omit:"empty"`
}

func (in *createRoleInput) roleName() string { return in.RoleName }
func (in *roleInput) roleName() string       { return in.RoleName }

func newRole(r *radiograph.Role) role {
	w := role{
		Path: r.Path, RoleName: r.Name, RoleID: r.ID, ARN: r.ARN(), CreateDate: r.Created,
		AssumeRolePolicyDocument: percentEncode(r.TrustPolicy), Description: r.Description, MaxSessionDuration: r.MaxSession,
	}
	w.Tags = tagList(r.Tags)
	return w
}

// percentEncode writes a policy document as IAM sends it (RFC 3986).
func percentEncode(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

func (a *api) createRole(ctx context.Context, r *awsapi.Request, in *createRoleInput) (*roleOutput, error) {
	if in.PermissionsBoundary != "" {
		return nil, radiograph.Errorf(radiograph.KindUnsupported, "radiograph does not serve permissions boundaries")
	}
	want := &radiograph.Role{
		Account: r.Tenant.Account, Name: in.RoleName, Path: in.Path, Description: in.Description,
		TrustPolicy: in.AssumeRolePolicyDocument,
	}
	if in.MaxSessionDuration != nil {
		want.MaxSession = int(*in.MaxSessionDuration)
	}
	want.Tags = tagMap(in.Tags)
	got, err := a.roles.CreateRole(ctx, want)
	if err != nil {
		return nil, err
	}
	return &roleOutput{Role: newRole(got)}, nil
}

func (a *api) getRole(ctx context.Context, r *awsapi.Request, in *roleInput) (*roleOutput, error) {
	got, err := a.roles.Role(ctx, r.Tenant.Account, in.RoleName)
	if err != nil {
		return nil, err
	}
	return &roleOutput{Role: newRole(got)}, nil
}

func (a *api) listRoles(ctx context.Context, r *awsapi.Request, in *listRolesInput) (*listRolesOutput, error) {
	all, err := a.roles.Roles(ctx, r.Tenant.Account)
	if err != nil {
		return nil, err
	}
	var roles []role
	for _, got := range all {
		if strings.HasPrefix(got.Path, in.PathPrefix) {
			w := newRole(got)
			w.Tags = nil // not part of lists, as IAM's reference says
			roles = append(roles, w)
		}
	}
	out := &listRolesOutput{}
	out.Roles, out.Marker = cut(roles, in.Marker, in.MaxItems, func(w role) string { return strings.ToLower(w.RoleName) })
	out.IsTruncated = out.Marker != ""
	return out, nil
}

func (a *api) deleteRole(ctx context.Context, r *awsapi.Request, in *roleInput) (*struct{}, error) {
	return nil, a.roles.DeleteRole(ctx, r.Tenant.Account, in.RoleName)
}
