package lambda

import (
	"context"

	"radiograph/awsapi"
	"radiograph/lambda"
)

type addPermissionInput struct {
	FunctionName          string `path:"FunctionName" required:"true" min:"1" max:"256"`
	StatementId           string `required:"true" min:"1" max:"100" pattern:"([a-zA-Z0-9-_]+)"`
	Action                string `required:"true" max:"10000" pattern:"(lambda:[*]|lambda:[a-zA-Z]+|[*])"`
	Principal             string `required:"true" max:"2048" pattern:"[^\\s]+"`
	SourceArn             string `max:"10000" pattern:"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1})?:(\\d{12})?:(.*)"`
	FunctionUrlAuthType   string `enum:"NONE,AWS_IAM"`
	InvokedViaFunctionUrl bool
	SourceAccount         string `max:"12" pattern:"\\d{12}"`
	EventSourceToken      string `max:"256" pattern:"[a-zA-Z0-9._\\-]+"`
	Qualifier             string `query:"Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	RevisionId            string
	PrincipalOrgID        string `min:"12" max:"34" pattern:"o-[a-z0-9]{10,32}"`
}

func (in *addPermissionInput) functionName() (string, string) { return in.FunctionName, in.Qualifier }

type addPermissionOutput struct {
	Statement string
}

func (a *api) addPermission(ctx context.Context, r *awsapi.Request, in *addPermissionInput) (*addPermissionOutput, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	statement, err := a.functions.AddPermission(ctx, r.Tenant, id.name, id.qualifier, lambda.Permission{
		StatementID: in.StatementId, Action: in.Action, Principal: in.Principal, SourceARN: in.SourceArn, SourceAccount: in.SourceAccount,
		EventSourceToken: in.EventSourceToken, PrincipalOrgID: in.PrincipalOrgID, URLAuthType: in.FunctionUrlAuthType,
		ViaURL: in.InvokedViaFunctionUrl, RevisionID: in.RevisionId,
	})
	if err != nil {
		return nil, err
	}
	return &addPermissionOutput{Statement: statement}, nil
}

type removePermissionInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"256"`
	StatementId  string `path:"StatementId" required:"true" min:"1" max:"100" pattern:"([a-zA-Z0-9-_.]+)"`
	Qualifier    string `query:"Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	RevisionId   string `query:"RevisionId"`
}

func (in *removePermissionInput) functionName() (string, string) {
	return in.FunctionName, in.Qualifier
}

func (a *api) removePermission(ctx context.Context, r *awsapi.Request, in *removePermissionInput) (*struct{}, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return nil, a.functions.RemovePermission(ctx, r.Tenant, id.name, id.qualifier, in.StatementId, in.RevisionId)
}

type getPolicyOutput struct {
	Policy     string
	RevisionId string
}

func (a *api) getPolicy(ctx context.Context, r *awsapi.Request, in *versionInput) (*getPolicyOutput, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	document, revision, err := a.functions.Policy(ctx, r.Tenant, id.name, id.qualifier)
	if err != nil {
		return nil, err
	}
	return &getPolicyOutput{Policy: document, RevisionId: revision}, nil
}
