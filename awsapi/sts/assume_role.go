package sts

import (
	"context"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/iam"
)

type assumeRoleInput struct {
	RoleARN                 string             `name:"RoleArn" required:"true" min:"20" max:"2048"`
	RoleSessionName         string             `required:"true" min:"2" max:"64" pattern:"[\\w+=,.@-]*"`
	PolicyArns              []policyDescriptor // refused, as all below but DurationSeconds and ExternalId
	Policy                  string             `min:"1"`
	DurationSeconds         *int32             `min:"900" max:"43200"`
	Tags                    []tag              `max:"50"`
	TransitiveTagKeys       []string           `max:"50" eachmin:"1" eachmax:"128"`
	ExternalID              string             `name:"ExternalId" min:"2" max:"1224" pattern:"[\\w+=,.@:\\/-]*"`
	SerialNumber            string             `min:"9" max:"256" pattern:"[\\w+=/:,.@-]*"`
	TokenCode               string             `min:"6" max:"6" pattern:"[\\d]*"`
	SourceIdentity          string             `min:"2" max:"64" pattern:"[\\w+=,.@-]*"`
	ProvidedContexts        []providedContext  `min:"1" max:"5"`
	MinimumSessionTokenSize *int32             `min:"0" max:"4096"`
}

type policyDescriptor struct {
	ARN string `name:"arn" min:"20" max:"2048"`
}

type tag struct {
	Key   string  `required:"true" min:"1" max:"128"`
	Value *string `required:"true" max:"256"`
}

type providedContext struct {
	ProviderARN      string `name:"ProviderArn" min:"20" max:"2048"`
	ContextAssertion string `min:"4" max:"2048"`
}

type assumeRoleOutput struct {
	Credentials     credentials
	AssumedRoleUser assumedRoleUser
}

type credentials struct {
	AccessKeyID     string `name:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

type assumedRoleUser struct {
	AssumedRoleID string `name:"AssumedRoleId"`
	ARN           string `name:"Arn"`
}

// refuse names the first member that asks for what is not served: a session that
// seems narrower than it is would be a trap.
func (in *assumeRoleInput) refuse() error {
	for _, member := range []struct {
		asked bool
		what  string
	}{
		{in.Policy != "" || len(in.PolicyArns) > 0, "session policies"},
		{len(in.Tags) > 0 || len(in.TransitiveTagKeys) > 0, "session tags"},
		{in.SerialNumber != "" || in.TokenCode != "", "MFA devices"},
		{in.SourceIdentity != "", "SourceIdentity"},
		{len(in.ProvidedContexts) > 0, "ProvidedContexts"},
		{in.MinimumSessionTokenSize != nil, "MinimumSessionTokenSize"},
	} {
		if member.asked {
			return radiograph.Errorf(radiograph.KindUnsupported, "radiograph does not serve %s", member.what)
		}
	}
	return nil
}

func (a *api) assumeRole(ctx context.Context, r *awsapi.Request, in *assumeRoleInput) (*assumeRoleOutput, error) {
	if err := in.refuse(); err != nil {
		return nil, err
	}
	ask := iam.Assumption{Account: r.Tenant.Account, Caller: r.Session, RoleARN: in.RoleARN, Name: in.RoleSessionName, ExternalID: in.ExternalID}
	if in.DurationSeconds != nil {
		ask.Life = time.Duration(*in.DurationSeconds) * time.Second
	}
	session, err := a.roles.AssumeRole(ctx, ask)
	if err != nil {
		return nil, err
	}
	id, err := a.roles.SessionUserID(ctx, session)
	if err != nil {
		return nil, err
	}
	keys := session.Credentials
	return &assumeRoleOutput{
		Credentials: credentials{
			AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken,
			Expiration: session.Expires.UTC().Truncate(time.Second),
		},
		AssumedRoleUser: assumedRoleUser{AssumedRoleID: id, ARN: session.ARN()},
	}, nil
}
