package lambda

import (
	"context"

	"radiograph/awsapi"
)

type publishVersionInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"140"`
	CodeSha256   string
	Description  *string `max:"256"`
	RevisionId   string
	PublishTo    string `enum:"LATEST_PUBLISHED"`
}

func (in *publishVersionInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) publishVersion(ctx context.Context, r *awsapi.Request, in *publishVersionInput) (*functionConfiguration, error) {
	id, err := findLatest(r.Tenant, in.FunctionName, "PublishVersion")
	if err != nil {
		return nil, err
	}
	if err := (extras{publishTo: in.PublishTo}).refuse(id.name); err != nil {
		return nil, err
	}
	description := ""
	set(&description, in.Description)
	f, err := a.functions.PublishVersion(ctx, r.Tenant, id.name, description, in.CodeSha256, in.RevisionId)
	if err != nil {
		return nil, err
	}
	return configuration(f), nil
}

type listVersionsInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"256"`
	Marker       string `query:"Marker"`
	MaxItems     *int   `query:"MaxItems" min:"1" max:"10000"`
}

func (in *listVersionsInput) functionName() (string, string) { return in.FunctionName, "" }

type listVersionsOutput struct {
	NextMarker string `omit:"empty"`
	Versions   []*functionConfiguration
}

func (a *api) listVersionsByFunction(ctx context.Context, r *awsapi.Request, in *listVersionsInput) (*listVersionsOutput, error) {
	id, err := find(r.Tenant, in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	fs, err := a.functions.Versions(ctx, r.Tenant, id.name)
	if err != nil {
		return nil, err
	}
	page, next, err := cut(fs, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &listVersionsOutput{NextMarker: next, Versions: page}, nil
}
