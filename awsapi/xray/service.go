// Package xray is the X-Ray API's shapes and its table of operations.
//
// Wire structures enter and leave; each handler turns them into a call of one of
// the rooms behind it and back, and does nothing else.
package xray

import (
	"net/http"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/query"
)

// api holds what the handlers call.
type api struct {
	engine    *query.Engine
	sink      radiograph.Sink
	telemetry radiograph.TelemetrySink
	rules     radiograph.SamplingRules
}

// New is the X-Ray service.
func New(engine *query.Engine, sink radiograph.Sink, telemetry radiograph.TelemetrySink, rules radiograph.SamplingRules) awsapi.Service {
	a := &api{engine: engine, sink: sink, telemetry: telemetry, rules: rules}
	return awsapi.Service{
		Name:     "xray",
		Title:    "AWS X-Ray",
		Version:  "2016-04-12",
		Protocol: awsapi.RestJSON,
		Operations: []awsapi.Operation{
			awsapi.Op("PutTraceSegments", "POST /TraceSegments", a.putTraceSegments),
			awsapi.Op("PutTelemetryRecords", "POST /TelemetryRecords", a.putTelemetryRecords),
			awsapi.Op("BatchGetTraces", "POST /Traces", a.batchGetTraces),
			awsapi.Op("GetTraceSummaries", "POST /TraceSummaries", a.getTraceSummaries),
			awsapi.Op("GetServiceGraph", "POST /ServiceGraph", a.getServiceGraph),
			awsapi.Op("GetTraceGraph", "POST /TraceGraph", a.getTraceGraph),
			awsapi.Op("GetSamplingRules", "POST /GetSamplingRules", a.getSamplingRules),
			awsapi.Op("GetSamplingTargets", "POST /SamplingTargets", a.getSamplingTargets),
		},
		Modelled: []awsapi.Unserved{
			{Name: "CancelTraceRetrieval", Route: "POST /CancelTraceRetrieval"},
			{Name: "CreateGroup", Route: "POST /CreateGroup"},
			{Name: "CreateSamplingRule", Route: "POST /CreateSamplingRule"},
			{Name: "DeleteGroup", Route: "POST /DeleteGroup"},
			{Name: "DeleteResourcePolicy", Route: "POST /DeleteResourcePolicy"},
			{Name: "DeleteSamplingRule", Route: "POST /DeleteSamplingRule"},
			{Name: "GetEncryptionConfig", Route: "POST /EncryptionConfig"},
			{Name: "GetGroup", Route: "POST /GetGroup"},
			{Name: "GetGroups", Route: "POST /Groups"},
			{Name: "GetIndexingRules", Route: "POST /GetIndexingRules"},
			{Name: "GetInsight", Route: "POST /Insight"},
			{Name: "GetInsightEvents", Route: "POST /InsightEvents"},
			{Name: "GetInsightImpactGraph", Route: "POST /InsightImpactGraph"},
			{Name: "GetInsightSummaries", Route: "POST /InsightSummaries"},
			{Name: "GetRetrievedTracesGraph", Route: "POST /GetRetrievedTracesGraph"},
			{Name: "GetSamplingStatisticSummaries", Route: "POST /SamplingStatisticSummaries"},
			{Name: "GetTimeSeriesServiceStatistics", Route: "POST /TimeSeriesServiceStatistics"},
			{Name: "GetTraceSegmentDestination", Route: "POST /GetTraceSegmentDestination"},
			{Name: "ListResourcePolicies", Route: "POST /ListResourcePolicies"},
			{Name: "ListRetrievedTraces", Route: "POST /ListRetrievedTraces"},
			{Name: "ListTagsForResource", Route: "POST /ListTagsForResource"},
			{Name: "PutEncryptionConfig", Route: "POST /PutEncryptionConfig"},
			{Name: "PutResourcePolicy", Route: "POST /PutResourcePolicy"},
			{Name: "StartTraceRetrieval", Route: "POST /StartTraceRetrieval"},
			{Name: "TagResource", Route: "POST /TagResource"},
			{Name: "UntagResource", Route: "POST /UntagResource"},
			{Name: "UpdateGroup", Route: "POST /UpdateGroup"},
			{Name: "UpdateIndexingRule", Route: "POST /UpdateIndexingRule"},
			{Name: "UpdateSamplingRule", Route: "POST /UpdateSamplingRule"},
			{Name: "UpdateTraceSegmentDestination", Route: "POST /UpdateTraceSegmentDestination"},
		},
		Validation: awsapi.Exception{Name: "InvalidRequestException", Status: http.StatusBadRequest},
	}
}

func invalid(format string, args ...any) error {
	return radiograph.Errorf(radiograph.KindInvalid, format, args...)
}
