package xray

import (
	"context"

	"radiograph/awsapi"
	"radiograph/settings"
)

type updateDestinationInput struct {
	Destination                 string `enum:"XRay,CloudWatchLogs"`
	CloudWatchLogsConfiguration cloudWatchLogsConfiguration
}

type cloudWatchLogsConfiguration struct {
	SpansLogGroupKmsKeyID *string `name:"SpansLogGroupKmsKeyId" min:"1" max:"256"`
}

type destinationOutput struct {
	Destination string
	Status      string
}

func (a *api) getTraceSegmentDestination(ctx context.Context, r *awsapi.Request, _ *struct{}) (*destinationOutput, error) {
	d, err := a.settings.Destination(ctx, r.Tenant)
	if err != nil {
		return nil, err
	}
	return newDestination(d), nil
}

func (a *api) updateTraceSegmentDestination(ctx context.Context, r *awsapi.Request, in *updateDestinationInput) (*destinationOutput, error) {
	var logs *bool
	if in.Destination != "" {
		logs = new(bool)
		*logs = in.Destination == "CloudWatchLogs"
	}
	d, err := a.settings.SetDestination(ctx, r.Tenant, logs, in.CloudWatchLogsConfiguration.SpansLogGroupKmsKeyID)
	if err != nil {
		return nil, err
	}
	return newDestination(d), nil
}

func newDestination(d *settings.Destination) *destinationOutput {
	w := &destinationOutput{Destination: "XRay", Status: "PENDING"}
	if d.Logs {
		w.Destination = "CloudWatchLogs"
	}
	if d.Active {
		w.Status = "ACTIVE"
	}
	return w
}
