package radiograph

import "context"

// TelemetryRecord is what one daemon did in one interval.
type TelemetryRecord struct {
	Time                                Timestamp
	Received, Sent, Spillover, Rejected int64
	Timeouts, Refused, HTTP4XX, HTTP5XX int64
	UnknownHost, Other                  int64
}

// TelemetrySource says which daemon a record is from; members may be empty.
type TelemetrySource struct {
	InstanceID, Hostname, ResourceARN string
}

// TelemetrySink takes daemons' records. Implemented by package ingest.
type TelemetrySink interface {
	PutTelemetry(ctx context.Context, t Tenant, from TelemetrySource, recs []TelemetryRecord) error
}
