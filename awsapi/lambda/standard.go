package lambda

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
)

// The reads below are made by deploy tools of every function. What they ask about
// cannot be set here, so each function has what the service gives one by default.

type getFunctionCodeSigningConfigInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"256"`
}

func (in *getFunctionCodeSigningConfigInput) functionName() (string, string) {
	return in.FunctionName, ""
}

type getFunctionCodeSigningConfigOutput struct {
	CodeSigningConfigArn string // "": none
	FunctionName         string
}

func (a *api) getFunctionCodeSigningConfig(ctx context.Context, r *awsapi.Request, in *getFunctionCodeSigningConfigInput) (*getFunctionCodeSigningConfigOutput, error) {
	f, err := a.function(ctx, r, &versionInput{FunctionName: in.FunctionName})
	if err != nil {
		return nil, err
	}
	return &getFunctionCodeSigningConfigOutput{FunctionName: f.Name}, nil
}

type getRuntimeManagementConfigOutput struct {
	UpdateRuntimeOn   string
	FunctionArn       string
	RuntimeVersionArn *string
}

func (a *api) getRuntimeManagementConfig(ctx context.Context, r *awsapi.Request, in *versionInput) (*getRuntimeManagementConfigOutput, error) {
	f, err := a.function(ctx, r, in)
	if err != nil {
		return nil, err
	}
	return &getRuntimeManagementConfigOutput{UpdateRuntimeOn: "Auto", FunctionArn: radiograph.FunctionARN(f.Tenant, f.Name) + ":" + f.Version}, nil
}

type getFunctionRecursionConfigOutput struct {
	RecursiveLoop string
}

func (a *api) getFunctionRecursionConfig(ctx context.Context, r *awsapi.Request, in *functionInput) (*getFunctionRecursionConfigOutput, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if _, err := a.functions.Function(ctx, r.Tenant, id.name, ""); err != nil {
		return nil, err
	}
	return &getFunctionRecursionConfigOutput{RecursiveLoop: "Terminate"}, nil
}
