package lambda

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/lambda"
)

type aliasRoutingConfiguration struct {
	AdditionalVersionWeights map[string]float64
}

type aliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RoutingConfig   *aliasRoutingConfiguration
	RevisionId      string
}

func aliasOf(t radiograph.Tenant, function string, a *lambda.Alias) *aliasConfiguration {
	c := &aliasConfiguration{
		AliasArn: functionID{name: function, qualifier: a.Name}.arn(t), Name: a.Name, FunctionVersion: a.Version,
		Description: a.Description, RevisionId: a.RevisionID,
	}
	if len(a.Weights) > 0 {
		c.RoutingConfig = &aliasRoutingConfiguration{AdditionalVersionWeights: a.Weights}
	}
	return c
}

// latestPublished is a version of functions on capacity providers.
const latestPublished = "$LATEST.PUBLISHED"

type createAliasInput struct {
	FunctionName    string  `path:"FunctionName" required:"true" min:"1" max:"140"`
	Name            string  `required:"true" min:"1" max:"128"`
	FunctionVersion string  `required:"true" min:"1" max:"1024" pattern:"(\\$LATEST(\\.PUBLISHED)?|[0-9]+)"`
	Description     *string `max:"256"`
	RoutingConfig   *aliasRoutingConfiguration
}

func (in *createAliasInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) createAlias(ctx context.Context, r *awsapi.Request, in *createAliasInput) (*aliasConfiguration, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.FunctionVersion == latestPublished {
		return nil, notServed(latestPublished)
	}
	alias := lambda.Alias{Name: in.Name, Version: in.FunctionVersion}
	set(&alias.Description, in.Description)
	if in.RoutingConfig != nil {
		alias.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
	made, err := a.functions.CreateAlias(ctx, r.Tenant, id.name, alias)
	if err != nil {
		return nil, err
	}
	return aliasOf(r.Tenant, id.name, made), nil
}

type aliasInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"140"`
	Name         string `path:"Name" required:"true" min:"1" max:"128"`
}

func (in *aliasInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) getAlias(ctx context.Context, r *awsapi.Request, in *aliasInput) (*aliasConfiguration, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	alias, err := a.functions.Alias(ctx, r.Tenant, id.name, in.Name)
	if err != nil {
		return nil, err
	}
	return aliasOf(r.Tenant, id.name, alias), nil
}

type updateAliasInput struct {
	FunctionName    string  `path:"FunctionName" required:"true" min:"1" max:"140"`
	Name            string  `path:"Name" required:"true" min:"1" max:"128"`
	FunctionVersion *string `min:"1" max:"1024" pattern:"(\\$LATEST(\\.PUBLISHED)?|[0-9]+)"`
	Description     *string `max:"256"`
	RoutingConfig   *aliasRoutingConfiguration
	RevisionId      string
}

func (in *updateAliasInput) functionName() (string, string) { return in.FunctionName, "" }

func (a *api) updateAlias(ctx context.Context, r *awsapi.Request, in *updateAliasInput) (*aliasConfiguration, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.FunctionVersion != nil && *in.FunctionVersion == latestPublished {
		return nil, notServed(latestPublished)
	}
	update := lambda.AliasUpdate{Version: in.FunctionVersion, Description: in.Description, RevisionID: in.RevisionId}
	if in.RoutingConfig != nil {
		update.Weights = in.RoutingConfig.AdditionalVersionWeights
		if update.Weights == nil { // RoutingConfig={} ends the division
			update.Weights = map[string]float64{}
		}
	}
	alias, err := a.functions.UpdateAlias(ctx, r.Tenant, id.name, in.Name, update)
	if err != nil {
		return nil, err
	}
	return aliasOf(r.Tenant, id.name, alias), nil
}

func (a *api) deleteAlias(ctx context.Context, r *awsapi.Request, in *aliasInput) (*struct{}, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	return nil, a.functions.DeleteAlias(ctx, r.Tenant, id.name, in.Name)
}

type listAliasesInput struct {
	FunctionName    string `path:"FunctionName" required:"true" min:"1" max:"140"`
	FunctionVersion string `query:"FunctionVersion" min:"1" max:"1024" pattern:"(\\$LATEST(\\.PUBLISHED)?|[0-9]+)"`
	Marker          string `query:"Marker"`
	MaxItems        *int   `query:"MaxItems" min:"1" max:"10000"`
}

func (in *listAliasesInput) functionName() (string, string) { return in.FunctionName, "" }

type listAliasesOutput struct {
	NextMarker string `omit:"empty"`
	Aliases    []*aliasConfiguration
}

func (a *api) listAliases(ctx context.Context, r *awsapi.Request, in *listAliasesInput) (*listAliasesOutput, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	aliases, err := a.functions.Aliases(ctx, r.Tenant, id.name, in.FunctionVersion)
	if err != nil {
		return nil, err
	}
	page, next, err := cutPage(aliases, in.Marker, in.MaxItems, func(a *lambda.Alias) string { return a.Name })
	if err != nil {
		return nil, err
	}
	out := &listAliasesOutput{NextMarker: next}
	for _, alias := range page {
		out.Aliases = append(out.Aliases, aliasOf(r.Tenant, id.name, alias))
	}
	return out, nil
}

// findWhole is find for operations on a function as a whole.
func findWhole(t radiograph.Tenant, name string) (functionID, error) {
	id, err := find(t, name, "")
	if err == nil && id.qualifier != "" {
		return id, exception(radiograph.KindInvalid, "InvalidParameterValueException", "%s", "The name has the qualifier "+id.qualifier+"; this operation is about the whole function.")
	}
	return id, err
}
