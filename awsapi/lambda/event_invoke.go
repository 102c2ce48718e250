package lambda

import (
	"context"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/lambda"
)

type destination struct {
	Destination string `max:"350" omit:"empty"`
}

type destinationConfig struct {
	OnSuccess *destination
	OnFailure *destination
}

type eventInvokeInput struct {
	FunctionName             string `path:"FunctionName" required:"true" min:"1" max:"256"`
	Qualifier                string `query:"Qualifier" min:"1" max:"128" pattern:"\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"`
	MaximumRetryAttempts     *int   `min:"0" max:"2"`
	MaximumEventAgeInSeconds *int   `min:"60" max:"21600"`
	DestinationConfig        *destinationConfig
}

func (in *eventInvokeInput) functionName() (string, string) { return in.FunctionName, in.Qualifier }

type eventInvokeConfig struct {
	LastModified             time.Time
	FunctionArn              string
	MaximumRetryAttempts     *int
	MaximumEventAgeInSeconds *int
	DestinationConfig        *destinationConfig
}

func eventInvokeOf(t radiograph.Tenant, function string, c *lambda.EventInvokeConfig) *eventInvokeConfig {
	out := &eventInvokeConfig{
		LastModified: c.LastModified, FunctionArn: functionID{name: function, qualifier: c.Qualifier}.arn(t),
		MaximumRetryAttempts: c.MaximumRetryAttempts, MaximumEventAgeInSeconds: c.MaximumEventAge,
	}
	// The service tells both sides, empty or not.
	out.DestinationConfig = &destinationConfig{OnSuccess: &destination{}, OnFailure: &destination{}}
	if c.Destinations != nil {
		out.DestinationConfig.OnSuccess.Destination = c.Destinations.OnSuccess
		out.DestinationConfig.OnFailure.Destination = c.Destinations.OnFailure
	}
	return out
}

func (a *api) setEventInvoke(ctx context.Context, r *awsapi.Request, in *eventInvokeInput, merge bool) (*eventInvokeConfig, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := lambda.EventInvokeConfig{Qualifier: id.qualifier, MaximumRetryAttempts: in.MaximumRetryAttempts, MaximumEventAge: in.MaximumEventAgeInSeconds}
	if d := in.DestinationConfig; d != nil {
		c.Destinations = &lambda.Destinations{}
		if d.OnSuccess != nil {
			c.Destinations.OnSuccess = d.OnSuccess.Destination
		}
		if d.OnFailure != nil {
			c.Destinations.OnFailure = d.OnFailure.Destination
		}
	}
	made, err := a.functions.PutEventInvokeConfig(ctx, r.Tenant, id.name, c, merge)
	if err != nil {
		return nil, err
	}
	return eventInvokeOf(r.Tenant, id.name, made), nil
}

func (a *api) putFunctionEventInvokeConfig(ctx context.Context, r *awsapi.Request, in *eventInvokeInput) (*eventInvokeConfig, error) {
	return a.setEventInvoke(ctx, r, in, false)
}

func (a *api) updateFunctionEventInvokeConfig(ctx context.Context, r *awsapi.Request, in *eventInvokeInput) (*eventInvokeConfig, error) {
	return a.setEventInvoke(ctx, r, in, true)
}

func (a *api) getFunctionEventInvokeConfig(ctx context.Context, r *awsapi.Request, in *versionInput) (*eventInvokeConfig, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c, err := a.functions.EventInvokeConfig(ctx, r.Tenant, id.name, id.qualifier)
	if err != nil {
		return nil, err
	}
	return eventInvokeOf(r.Tenant, id.name, c), nil
}

func (a *api) deleteFunctionEventInvokeConfig(ctx context.Context, r *awsapi.Request, in *versionInput) (*struct{}, error) {
	id, err := find(r.Tenant, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return nil, a.functions.DeleteEventInvokeConfig(ctx, r.Tenant, id.name, id.qualifier)
}

type listEventInvokeInput struct {
	FunctionName string `path:"FunctionName" required:"true" min:"1" max:"256"`
	Marker       string `query:"Marker"`
	MaxItems     *int   `query:"MaxItems" min:"1" max:"50"`
}

func (in *listEventInvokeInput) functionName() (string, string) { return in.FunctionName, "" }

type listEventInvokeOutput struct {
	FunctionEventInvokeConfigs []*eventInvokeConfig
	NextMarker                 string `omit:"empty"`
}

func (a *api) listFunctionEventInvokeConfigs(ctx context.Context, r *awsapi.Request, in *listEventInvokeInput) (*listEventInvokeOutput, error) {
	id, err := findWhole(r.Tenant, in.FunctionName)
	if err != nil {
		return nil, err
	}
	cs, err := a.functions.EventInvokeConfigs(ctx, r.Tenant, id.name)
	if err != nil {
		return nil, err
	}
	page, next, err := cutPage(cs, in.Marker, in.MaxItems, func(c *lambda.EventInvokeConfig) string { return c.Qualifier })
	if err != nil {
		return nil, err
	}
	out := &listEventInvokeOutput{NextMarker: next}
	for _, c := range page {
		out.FunctionEventInvokeConfigs = append(out.FunctionEventInvokeConfigs, eventInvokeOf(r.Tenant, id.name, c))
	}
	return out, nil
}
