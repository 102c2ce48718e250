// Package sts is the STS API's shapes and its table of operations.
//
// Form members enter and XML leaves, by way of package awsapi.
package sts

import (
	"context"
	"net/http"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/iam"
)

// api holds what the handlers call.
type api struct {
	roles *iam.Service
}

// New is the STS service.
func New(roles *iam.Service) awsapi.Service {
	a := &api{roles: roles}
	return awsapi.Service{
		Name:      "sts",
		Title:     "AWS STS",
		Version:   "2011-06-15",
		Protocol:  awsapi.Query,
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		Operations: []awsapi.Operation{
			awsapi.Op("GetCallerIdentity", "", a.getCallerIdentity, awsapi.WithoutPermission()),
			awsapi.Op("AssumeRole", "", a.assumeRole, awsapi.Resource(func(_ *awsapi.Request, in *assumeRoleInput) string { return in.RoleARN })),
		},
		Modelled: []awsapi.Unserved{
			{Name: "AssumeRoleWithSAML"},
			{Name: "AssumeRoleWithWebIdentity"},
			{Name: "AssumeRoot"},
			{Name: "DecodeAuthorizationMessage"},
			{Name: "GetAccessKeyInfo"},
			{Name: "GetDelegatedAccessToken"},
			{Name: "GetFederationToken"},
			{Name: "GetSessionToken"},
			{Name: "GetWebIdentityToken"},
		},
		Exceptions: map[radiograph.Kind]awsapi.Exception{
			radiograph.KindInvalid:     {Name: "ValidationError", Status: http.StatusBadRequest},
			radiograph.KindUnsupported: {Name: "UnsupportedOperation", Status: http.StatusBadRequest},
		},
		Validation: awsapi.Exception{Name: "ValidationError", Status: http.StatusBadRequest},
		Malformed: func(detail string) error {
			return &radiograph.Error{Kind: radiograph.KindInvalid, Code: "MalformedInput", Message: detail}
		},
	}
}

type getCallerIdentityInput struct{}

type getCallerIdentityOutput struct {
	UserID  string `name:"UserId"`
	Account string
	ARN     string `name:"Arn"`
}

// getCallerIdentity answers who the keys belong to. Keys that were not issued
// here may do everything, so they are the account's root.
func (a *api) getCallerIdentity(ctx context.Context, r *awsapi.Request, _ *getCallerIdentityInput) (*getCallerIdentityOutput, error) {
	account := r.Tenant.Account
	if r.Session == nil {
		return &getCallerIdentityOutput{UserID: string(account), Account: string(account), ARN: "arn:aws:iam::" + string(account) + ":root"}, nil
	}
	id, err := a.roles.SessionUserID(ctx, *r.Session)
	if err != nil {
		return nil, err
	}
	return &getCallerIdentityOutput{UserID: id, Account: string(account), ARN: r.Session.ARN()}, nil
}
