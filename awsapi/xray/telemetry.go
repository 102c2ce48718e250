package xray

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
)

type putTelemetryRecordsInput struct {
	TelemetryRecords []telemetryRecord `required:"true"`
	EC2InstanceID    string            `name:"EC2InstanceId" max:"20"`
	Hostname         string            `max:"255"`
	ResourceARN      string            `max:"500"`
}

type telemetryRecord struct {
	Timestamp               *radiograph.Timestamp `required:"true"`
	SegmentsReceivedCount   int32
	SegmentsSentCount       int32
	SegmentsSpilloverCount  int32
	SegmentsRejectedCount   int32
	BackendConnectionErrors backendConnectionErrors
}

type backendConnectionErrors struct {
	TimeoutCount           int32
	ConnectionRefusedCount int32
	HTTPCode4XXCount       int32
	HTTPCode5XXCount       int32
	UnknownHostCount       int32
	OtherCount             int32
}

func (a *api) putTelemetryRecords(ctx context.Context, r *awsapi.Request, in *putTelemetryRecordsInput) (*struct{}, error) {
	recs := make([]radiograph.TelemetryRecord, len(in.TelemetryRecords))
	for i, t := range in.TelemetryRecords {
		e := t.BackendConnectionErrors
		recs[i] = radiograph.TelemetryRecord{
			Time:     *t.Timestamp,
			Received: int64(t.SegmentsReceivedCount), Sent: int64(t.SegmentsSentCount),
			Spillover: int64(t.SegmentsSpilloverCount), Rejected: int64(t.SegmentsRejectedCount),
			Timeouts: int64(e.TimeoutCount), Refused: int64(e.ConnectionRefusedCount),
			HTTP4XX: int64(e.HTTPCode4XXCount), HTTP5XX: int64(e.HTTPCode5XXCount),
			UnknownHost: int64(e.UnknownHostCount), Other: int64(e.OtherCount),
		}
	}
	from := radiograph.TelemetrySource{InstanceID: in.EC2InstanceID, Hostname: in.Hostname, ResourceARN: in.ResourceARN}
	return nil, a.telemetry.PutTelemetry(ctx, r.Tenant, from, recs)
}
