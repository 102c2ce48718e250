package xray

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/filter"
	"radiograph/group"
)

type createGroupInput struct {
	GroupName             string `required:"true" min:"1" max:"32"`
	FilterExpression      string
	InsightsConfiguration insightsUpdate
	Tags                  []tag `max:"200"`
}

// groupInput names a group by one of the two.
type groupInput struct {
	GroupName string `min:"1" max:"32"`
	GroupARN  string `min:"1" max:"400"`
}

type updateGroupInput struct {
	GroupName             string `min:"1" max:"32"`
	GroupARN              string `min:"1" max:"400"`
	FilterExpression      *string
	InsightsConfiguration insightsUpdate
}

// insightsUpdate changes what is given.
type insightsUpdate struct {
	InsightsEnabled      *bool
	NotificationsEnabled *bool
}

type groupOutput struct {
	Group groupRecord
}

type getGroupsInput struct {
	NextToken string `min:"1" max:"100"`
}

type getGroupsOutput struct {
	Groups []groupRecord
}

type groupRecord struct {
	GroupName             string
	GroupARN              string
	FilterExpression      string `omit:"empty"`
	InsightsConfiguration insightsConfiguration
}

type insightsConfiguration struct {
	InsightsEnabled      bool
	NotificationsEnabled bool
}

func (a *api) createGroup(ctx context.Context, r *awsapi.Request, in *createGroupInput) (*groupOutput, error) {
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	config := in.InsightsConfiguration
	g, err := a.groups.Create(ctx, r.Tenant, radiograph.Group{
		Name: in.GroupName, Tags: tags, Insights: isTrue(config.InsightsEnabled), Notifications: isTrue(config.NotificationsEnabled),
	}, in.FilterExpression)
	if err != nil {
		return nil, err
	}
	return &groupOutput{newGroupRecord(g)}, nil
}

func (a *api) getGroup(ctx context.Context, r *awsapi.Request, in *groupInput) (*groupOutput, error) {
	g, err := a.groups.Group(ctx, r.Tenant, in.GroupName, in.GroupARN)
	if err != nil {
		return nil, err
	}
	return &groupOutput{newGroupRecord(g)}, nil
}

// getGroups answers in one page: there are at most 26.
func (a *api) getGroups(ctx context.Context, r *awsapi.Request, in *getGroupsInput) (*getGroupsOutput, error) {
	if in.NextToken != "" {
		return nil, invalid("NextToken is not valid")
	}
	groups, err := a.groups.Groups(ctx, r.Tenant)
	if err != nil {
		return nil, err
	}
	out := &getGroupsOutput{}
	for _, g := range groups {
		out.Groups = append(out.Groups, newGroupRecord(g))
	}
	return out, nil
}

func (a *api) updateGroup(ctx context.Context, r *awsapi.Request, in *updateGroupInput) (*groupOutput, error) {
	g, err := a.groups.Update(ctx, r.Tenant, group.Update{
		Name: in.GroupName, ARN: in.GroupARN, Expression: in.FilterExpression,
		Insights: in.InsightsConfiguration.InsightsEnabled, Notifications: in.InsightsConfiguration.NotificationsEnabled,
	})
	if err != nil {
		return nil, err
	}
	return &groupOutput{newGroupRecord(g)}, nil
}

func (a *api) deleteGroup(ctx context.Context, r *awsapi.Request, in *groupInput) (*struct{}, error) {
	return nil, a.groups.Delete(ctx, r.Tenant, in.GroupName, in.GroupARN)
}

// scope is the group that a question about a graph or a series names, or nil for
// all traces.
func (a *api) scope(ctx context.Context, t radiograph.Tenant, name, arn string) (*radiograph.Group, error) {
	if name == "" && arn == "" {
		return nil, nil
	}
	g, err := a.groups.Group(ctx, t, name, arn)
	if err != nil || g.Name == filter.DefaultGroup {
		return nil, err
	}
	return g, nil
}

func newGroupRecord(g *radiograph.Group) groupRecord {
	return groupRecord{
		GroupName: g.Name, GroupARN: g.ARN, FilterExpression: g.Expression(),
		InsightsConfiguration: insightsConfiguration{InsightsEnabled: g.Insights, NotificationsEnabled: g.Notifications},
	}
}

func isTrue(b *bool) bool { return b != nil && *b }
