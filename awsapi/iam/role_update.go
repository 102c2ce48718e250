package iam

import (
	"context"
	"time"

	"radiograph/awsapi"
)

type updateRoleInput struct {
	RoleName           string  `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	Description        *string `max:"1000"`
	MaxSessionDuration *int32  `min:"3600" max:"43200"`
}

type updateRoleDescriptionInput struct {
	RoleName    string  `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	Description *string `required:"true" max:"1000"`
}

type updateAssumeRolePolicyInput struct {
	RoleName       string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	PolicyDocument string `required:"true" min:"1" max:"131072"`
}

type tagRoleInput struct {
	RoleName string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	Tags     []tag  `required:"true" max:"50"`
}

type untagRoleInput struct {
	RoleName string   `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	TagKeys  []string `required:"true" max:"50" eachmin:"1" eachmax:"128"`
}

// roleListInput asks for a page of what a role has.
type roleListInput struct {
	RoleName string `required:"true" min:"1" max:"64" pattern:"[\\w+=,.@-]+"`
	Marker   string `min:"1" max:"320"`
	MaxItems *int32 `min:"1" max:"1000"`
}

type listRoleTagsOutput struct {
	Tags        []tag
	IsTruncated bool
	Marker      string `omit:"empty"`
}

func (in *updateRoleInput) roleName() string             { return in.RoleName }
func (in *updateRoleDescriptionInput) roleName() string  { return in.RoleName }
func (in *updateAssumeRolePolicyInput) roleName() string { return in.RoleName }
func (in *tagRoleInput) roleName() string                { return in.RoleName }
func (in *untagRoleInput) roleName() string              { return in.RoleName }
func (in *roleListInput) roleName() string               { return in.RoleName }

type updateRoleOutput struct{}

func (a *api) updateRole(ctx context.Context, r *awsapi.Request, in *updateRoleInput) (*updateRoleOutput, error) {
	var session *int
	if in.MaxSessionDuration != nil {
		seconds := int(*in.MaxSessionDuration)
		session = &seconds
	}
	_, err := a.roles.UpdateRole(ctx, r.Tenant.Account, in.RoleName, in.Description, session)
	return nil, err
}

func (a *api) updateRoleDescription(ctx context.Context, r *awsapi.Request, in *updateRoleDescriptionInput) (*roleOutput, error) {
	got, err := a.roles.UpdateRole(ctx, r.Tenant.Account, in.RoleName, in.Description, nil)
	if err != nil {
		return nil, err
	}
	return &roleOutput{Role: newRole(got)}, nil
}

func (a *api) updateAssumeRolePolicy(ctx context.Context, r *awsapi.Request, in *updateAssumeRolePolicyInput) (*struct{}, error) {
	return nil, a.roles.UpdateTrustPolicy(ctx, r.Tenant.Account, in.RoleName, in.PolicyDocument)
}

func (a *api) tagRole(ctx context.Context, r *awsapi.Request, in *tagRoleInput) (*struct{}, error) {
	return nil, a.roles.TagRole(ctx, r.Tenant.Account, in.RoleName, tagMap(in.Tags), nil)
}

func (a *api) untagRole(ctx context.Context, r *awsapi.Request, in *untagRoleInput) (*struct{}, error) {
	return nil, a.roles.TagRole(ctx, r.Tenant.Account, in.RoleName, nil, in.TagKeys)
}

func (a *api) listRoleTags(ctx context.Context, r *awsapi.Request, in *roleListInput) (*listRoleTagsOutput, error) {
	got, err := a.roles.Role(ctx, r.Tenant.Account, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &listRoleTagsOutput{}
	out.Tags, out.Marker = cut(tagList(got.Tags), in.Marker, in.MaxItems, func(t tag) string { return t.Key })
	out.IsTruncated = out.Marker != ""
	return out, nil
}

// tagMap reads tags; nil for none.
func tagMap(list []tag) map[string]string {
	var tags map[string]string
	for _, t := range list {
		if tags == nil {
			tags = make(map[string]string)
		}
		tags[t.Key] = *t.Value
	}
	return tags
}

// tagList spells tags by key.
func tagList(tags map[string]string) []tag {
	var list []tag
	for _, key := range sortedKeys(tags) {
		value := tags[key]
		list = append(list, tag{Key: key, Value: &value})
	}
	return list
}

type listInstanceProfilesForRoleOutput struct {
	InstanceProfiles []instanceProfile
	IsTruncated      bool
	Marker           string `omit:"empty"`
}

type instanceProfile struct {
	Path                string
	InstanceProfileName string
	InstanceProfileID   string `name:"InstanceProfileId"`
	ARN                 string `name:"Arn"`
	CreateDate          time.Time
	Roles               []role
	Tags                []tag `omit:"empty"`
}

// listInstanceProfilesForRole is asked by tools before they delete a role. A role
// here has none: nothing makes them.
func (a *api) listInstanceProfilesForRole(ctx context.Context, r *awsapi.Request, in *roleListInput) (*listInstanceProfilesForRoleOutput, error) {
	if _, err := a.roles.Role(ctx, r.Tenant.Account, in.RoleName); err != nil {
		return nil, err
	}
	return &listInstanceProfilesForRoleOutput{}, nil
}
