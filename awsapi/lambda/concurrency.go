package lambda

import (
	"context"

	"radiograph/awsapi"
)

type concurrency struct {
	ReservedConcurrentExecutions *int
}

type putFunctionConcurrencyInput struct {
	FunctionName                 string `path:"FunctionName" required:"true" min:"1" max:"140"`
	ReservedConcurrentExecutions *int   `required:"true" min:"0"`
}

func (in *putFunctionConcurrencyInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) putFunctionConcurrency(ctx context.Context, r *awsapi.Request, in *putFunctionConcurrencyInput) (*concurrency, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if err := a.functions.ReserveConcurrency(ctx, r.Tenant, id.name, in.ReservedConcurrentExecutions); err != nil {
		return nil, err
	}
	return &concurrency{ReservedConcurrentExecutions: in.ReservedConcurrentExecutions}, nil
}

// functionInput names a function as a whole.
type functionInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"140"`
}

func (in *functionInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) getFunctionConcurrency(ctx context.Context, r *awsapi.Request, in *functionInput) (*concurrency, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	reserved, err := a.functions.ReservedConcurrency(ctx, r.Tenant, id.name)
	if err != nil {
		return nil, err
	}
	return &concurrency{ReservedConcurrentExecutions: reserved}, nil
}

func (a *api) deleteFunctionConcurrency(ctx context.Context, r *awsapi.Request, in *functionInput) (*struct{}, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	return nil, a.functions.ReserveConcurrency(ctx, r.Tenant, id.name, nil)
}

type getAccountSettingsOutput struct {
	AccountLimit accountLimit
	AccountUsage accountUsage
}

type accountLimit struct {
	TotalCodeSize                  int64
	CodeSizeUnzipped               int64
	CodeSizeZipped                 int64
	ConcurrentExecutions           int
	UnreservedConcurrentExecutions int
}

type accountUsage struct {
	TotalCodeSize int64
	FunctionCount int64
}

func (a *api) getAccountSettings(ctx context.Context, r *awsapi.Request, _ *struct{}) (*getAccountSettingsOutput, error) {
	s := a.functions.AccountSettings(ctx, r.Tenant)
	return &getAccountSettingsOutput{
		AccountLimit: accountLimit{
			TotalCodeSize: s.TotalCodeSize, CodeSizeUnzipped: s.CodeSizeUnzipped, CodeSizeZipped: s.CodeSizeZipped,
			ConcurrentExecutions: s.ConcurrentExecutions, UnreservedConcurrentExecutions: s.UnreservedConcurrentExecutions,
		},
		AccountUsage: accountUsage{TotalCodeSize: s.UsedCodeSize, FunctionCount: int64(s.Functions)},
	}, nil
}
