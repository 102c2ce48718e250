package xray

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"radiograph"
	"radiograph/awsapi"
)

type tag struct {
	Key   *string `required:"true" min:"1" max:"128"`
	Value *string `required:"true" max:"256"`
}

type tagResourceInput struct {
	ResourceARN string `required:"true" min:"1" max:"1011"`
	Tags        []tag  `required:"true" max:"200"`
}

type untagResourceInput struct {
	ResourceARN string   `required:"true" min:"1" max:"1011"`
	TagKeys     []string `required:"true" max:"200" eachmin:"1" eachmax:"128"`
}

type listTagsForResourceInput struct {
	ResourceARN string `required:"true" min:"1" max:"1011"`
	NextToken   string
}

type listTagsForResourceOutput struct {
	Tags []tag
}

// tagged are the rooms that keep resources with tags.
type tagged interface {
	Tags(ctx context.Context, t radiograph.Tenant, arn string) (radiograph.Tags, error)
	ChangeTags(ctx context.Context, t radiograph.Tenant, arn string, edit func(radiograph.Tags) (radiograph.Tags, error)) error
}

// room is who keeps a resource: groups and sampling rules have tags. What is
// neither is not found by either.
func (a *api) room(arn string) tagged {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && strings.HasPrefix(parts[5], "group/") {
		return a.groups
	}
	return a.rules
}

func (a *api) tagResource(ctx context.Context, r *awsapi.Request, in *tagResourceInput) (*struct{}, error) {
	more, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	err = a.room(in.ResourceARN).ChangeTags(ctx, r.Tenant, in.ResourceARN, func(tags radiograph.Tags) (radiograph.Tags, error) { return tags.With(more, a.limits.Tags) })
	return nil, aboutResource(err, in.ResourceARN)
}

func (a *api) untagResource(ctx context.Context, r *awsapi.Request, in *untagResourceInput) (*struct{}, error) {
	err := a.room(in.ResourceARN).ChangeTags(ctx, r.Tenant, in.ResourceARN, func(tags radiograph.Tags) (radiograph.Tags, error) { return tags.Without(in.TagKeys), nil })
	return nil, aboutResource(err, in.ResourceARN)
}

// listTagsForResource answers in one page: there are at most fifty.
func (a *api) listTagsForResource(ctx context.Context, r *awsapi.Request, in *listTagsForResourceInput) (*listTagsForResourceOutput, error) {
	if in.NextToken != "" {
		return nil, invalid("NextToken is not valid")
	}
	tags, err := a.room(in.ResourceARN).Tags(ctx, r.Tenant, in.ResourceARN)
	if err != nil {
		return nil, aboutResource(err, in.ResourceARN)
	}
	out := &listTagsForResourceOutput{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags[key]
		out.Tags = append(out.Tags, tag{Key: &key, Value: &value})
	}
	return out, nil
}

// newTags refuses a key that comes twice.
func newTags(list []tag) (radiograph.Tags, error) {
	tags := make(radiograph.Tags, len(list))
	for _, t := range list {
		if _, twice := tags[*t.Key]; twice {
			return nil, invalid("Tag key %q stands twice", *t.Key)
		}
		tags[*t.Key] = *t.Value
	}
	return tags, nil
}

// aboutResource names the resource in the two errors that have a member for it.
func aboutResource(err error, name string) error {
	var e *radiograph.Error
	if errors.As(err, &e) && (e.Kind == radiograph.KindNotFound && e.Code == "" || e.Code == "TooManyTagsException") {
		return &awsapi.Failure{Err: err, Members: map[string]string{"ResourceName": name}}
	}
	return err
}
