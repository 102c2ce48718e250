// Package xray is the X-Ray API's shapes and its table of operations.
//
// Wire structures enter and leave; each handler turns them into a call of one of
// the rooms behind it and back, and does nothing else.
package xray

import (
	"net/http"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/group"
	"radiograph/query"
	"radiograph/sampling"
)

// Config names the rooms behind the API. The zero value makes the tables alone.
type Config struct {
	Engine    *query.Engine
	Sink      radiograph.Sink
	Telemetry radiograph.TelemetrySink
	Rules     *sampling.Rules
	Groups    *group.Service
}

// api holds what the handlers call.
type api struct {
	engine    *query.Engine
	sink      radiograph.Sink
	telemetry radiograph.TelemetrySink
	rules     *sampling.Rules
	groups    *group.Service
}

// New is the X-Ray service.
func New(c Config) awsapi.Service {
	a := &api{engine: c.Engine, sink: c.Sink, telemetry: c.Telemetry, rules: c.Rules, groups: c.Groups}
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
			awsapi.Op("GetTimeSeriesServiceStatistics", "POST /TimeSeriesServiceStatistics", a.getTimeSeriesServiceStatistics),
			awsapi.Op("GetSamplingRules", "POST /GetSamplingRules", a.getSamplingRules),
			awsapi.Op("GetSamplingTargets", "POST /SamplingTargets", a.getSamplingTargets),
			awsapi.Op("GetSamplingStatisticSummaries", "POST /SamplingStatisticSummaries", a.getSamplingStatisticSummaries),
			awsapi.Op("CreateSamplingRule", "POST /CreateSamplingRule", a.createSamplingRule),
			awsapi.Op("UpdateSamplingRule", "POST /UpdateSamplingRule", a.updateSamplingRule),
			awsapi.Op("DeleteSamplingRule", "POST /DeleteSamplingRule", a.deleteSamplingRule),
			awsapi.Op("CreateGroup", "POST /CreateGroup", a.createGroup),
			awsapi.Op("GetGroup", "POST /GetGroup", a.getGroup),
			awsapi.Op("GetGroups", "POST /Groups", a.getGroups),
			awsapi.Op("UpdateGroup", "POST /UpdateGroup", a.updateGroup),
			awsapi.Op("DeleteGroup", "POST /DeleteGroup", a.deleteGroup),
		},
		Modelled: []awsapi.Unserved{
			{Name: "CancelTraceRetrieval", Route: "POST /CancelTraceRetrieval"},
			{Name: "DeleteResourcePolicy", Route: "POST /DeleteResourcePolicy"},
			{Name: "GetEncryptionConfig", Route: "POST /EncryptionConfig"},
			{Name: "GetIndexingRules", Route: "POST /GetIndexingRules"},
			{Name: "GetInsight", Route: "POST /Insight"},
			{Name: "GetInsightEvents", Route: "POST /InsightEvents"},
			{Name: "GetInsightImpactGraph", Route: "POST /InsightImpactGraph"},
			{Name: "GetInsightSummaries", Route: "POST /InsightSummaries"},
			{Name: "GetRetrievedTracesGraph", Route: "POST /GetRetrievedTracesGraph"},
			{Name: "GetTraceSegmentDestination", Route: "POST /GetTraceSegmentDestination"},
			{Name: "ListResourcePolicies", Route: "POST /ListResourcePolicies"},
			{Name: "ListRetrievedTraces", Route: "POST /ListRetrievedTraces"},
			{Name: "ListTagsForResource", Route: "POST /ListTagsForResource"},
			{Name: "PutEncryptionConfig", Route: "POST /PutEncryptionConfig"},
			{Name: "PutResourcePolicy", Route: "POST /PutResourcePolicy"},
			{Name: "StartTraceRetrieval", Route: "POST /StartTraceRetrieval"},
			{Name: "TagResource", Route: "POST /TagResource"},
			{Name: "UntagResource", Route: "POST /UntagResource"},
			{Name: "UpdateIndexingRule", Route: "POST /UpdateIndexingRule"},
			{Name: "UpdateTraceSegmentDestination", Route: "POST /UpdateTraceSegmentDestination"},
		},
		// Errors that are called otherwise than their kind says.
		Statuses: map[string]int{
			"RuleLimitExceededException": http.StatusBadRequest,
			"TooManyTagsException":       http.StatusBadRequest,
		},
		Validation: awsapi.Exception{Name: "InvalidRequestException", Status: http.StatusBadRequest},
	}
}

func invalid(format string, args ...any) error {
	return radiograph.Errorf(radiograph.KindInvalid, format, args...)
}
