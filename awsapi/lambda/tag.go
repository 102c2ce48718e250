package lambda

import (
	"context"
	"strings"

	"radiograph"
	"radiograph/awsapi"
)

// findTagged reads the ARN of a resource with tags: of those the service has,
// only functions are served.
func findTagged(t radiograph.Tenant, arn string) (functionID, error) {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) == 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] != "function" {
		return functionID{}, exception(radiograph.KindNotFound, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	if len(parts) < 7 || parts[0] != "arn" {
		return functionID{}, exception(radiograph.KindInvalid, "ValidationException",
			"1 validation error detected: Value '%.200s' at 'resource' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", arn, taggablePattern)
	}
	id, err := find(t, arn, "")
	if err == nil && id.qualifier != "" {
		return id, exception(radiograph.KindInvalid, "InvalidParameterValueException", "Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return id, err
}

// taggablePattern is what the service says of other texts.
const taggablePattern = `arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})`

type listTagsInput struct {
	Resource string `path:"Resource" required:"true" min:"1" max:"10000"`
}

func (in *listTagsInput) functionName() (string, string) { return in.Resource, "" }

type listTagsOutput struct {
	Tags map[string]string
}

func (a *api) listTags(ctx context.Context, r *awsapi.Request, in *listTagsInput) (*listTagsOutput, error) {
	id, err := findTagged(r.Tenant, in.Resource)
	if err != nil {
		return nil, err
	}
	tags, err := a.functions.Tags(ctx, r.Tenant, id.name)
	if err != nil {
		return nil, err
	}
	return &listTagsOutput{Tags: tags}, nil
}

type tagResourceInput struct {
	Resource string            `path:"Resource" required:"true" min:"1" max:"10000"`
	Tags     map[string]string `required:"true"`
}

func (in *tagResourceInput) functionName() (string, string) { return in.Resource, "" }

func (a *api) tagResource(ctx context.Context, r *awsapi.Request, in *tagResourceInput) (*struct{}, error) {
	id, err := findTagged(r.Tenant, in.Resource)
	if err != nil {
		return nil, err
	}
	return nil, a.functions.ChangeTags(ctx, r.Tenant, id.name, in.Tags, nil)
}

type untagResourceInput struct {
	Resource string   `path:"Resource" required:"true" min:"1" max:"10000"`
	TagKeys  []string `query:"tagKeys" required:"true" eachmin:"1" eachmax:"128"`
}

func (in *untagResourceInput) functionName() (string, string) { return in.Resource, "" }

func (a *api) untagResource(ctx context.Context, r *awsapi.Request, in *untagResourceInput) (*struct{}, error) {
	id, err := findTagged(r.Tenant, in.Resource)
	if err != nil {
		return nil, err
	}
	return nil, a.functions.ChangeTags(ctx, r.Tenant, id.name, nil, in.TagKeys)
}
