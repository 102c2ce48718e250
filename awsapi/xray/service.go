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
	"radiograph/insight"
	"radiograph/query"
	"radiograph/retrieval"
	"radiograph/sampling"
	"radiograph/settings"
)

// Config names the rooms behind the API. The zero value makes the tables alone.
type Config struct {
	Engine     *query.Engine
	Sink       radiograph.Sink
	Telemetry  radiograph.TelemetrySink
	Rules      *sampling.Rules
	Groups     *group.Service
	Insights   *insight.Service
	Settings   *settings.Service
	Retrievals *retrieval.Service
	Meter      radiograph.Meter
	Limits     radiograph.Limits
}

// api holds what the handlers call.
type api struct {
	engine     *query.Engine
	sink       radiograph.Sink
	telemetry  radiograph.TelemetrySink
	rules      *sampling.Rules
	groups     *group.Service
	insights   *insight.Service
	settings   *settings.Service
	retrievals *retrieval.Service
	meter      radiograph.Meter
	limits     radiograph.Limits
}

// New is the X-Ray service.
func New(c Config) awsapi.Service {
	a := &api{
		engine: c.Engine, sink: c.Sink, telemetry: c.Telemetry, rules: c.Rules, groups: c.Groups, insights: c.Insights,
		settings: c.Settings, retrievals: c.Retrievals, meter: c.Meter, limits: c.Limits,
	}
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
			awsapi.Op("TagResource", "POST /TagResource", a.tagResource),
			awsapi.Op("UntagResource", "POST /UntagResource", a.untagResource),
			awsapi.Op("ListTagsForResource", "POST /ListTagsForResource", a.listTagsForResource),
			awsapi.Op("GetEncryptionConfig", "POST /EncryptionConfig", a.getEncryptionConfig),
			awsapi.Op("PutEncryptionConfig", "POST /PutEncryptionConfig", a.putEncryptionConfig),
			awsapi.Op("PutResourcePolicy", "POST /PutResourcePolicy", a.putResourcePolicy),
			awsapi.Op("ListResourcePolicies", "POST /ListResourcePolicies", a.listResourcePolicies),
			awsapi.Op("DeleteResourcePolicy", "POST /DeleteResourcePolicy", a.deleteResourcePolicy),
			awsapi.Op("GetIndexingRules", "POST /GetIndexingRules", a.getIndexingRules),
			awsapi.Op("UpdateIndexingRule", "POST /UpdateIndexingRule", a.updateIndexingRule),
			awsapi.Op("GetTraceSegmentDestination", "POST /GetTraceSegmentDestination", a.getTraceSegmentDestination),
			awsapi.Op("UpdateTraceSegmentDestination", "POST /UpdateTraceSegmentDestination", a.updateTraceSegmentDestination),
			awsapi.Op("StartTraceRetrieval", "POST /StartTraceRetrieval", a.startTraceRetrieval),
			awsapi.Op("ListRetrievedTraces", "POST /ListRetrievedTraces", a.listRetrievedTraces),
			awsapi.Op("GetRetrievedTracesGraph", "POST /GetRetrievedTracesGraph", a.getRetrievedTracesGraph),
			awsapi.Op("CancelTraceRetrieval", "POST /CancelTraceRetrieval", a.cancelTraceRetrieval),
			awsapi.Op("GetInsight", "POST /Insight", a.getInsight),
			awsapi.Op("GetInsightSummaries", "POST /InsightSummaries", a.getInsightSummaries),
			awsapi.Op("GetInsightEvents", "POST /InsightEvents", a.getInsightEvents),
			awsapi.Op("GetInsightImpactGraph", "POST /InsightImpactGraph", a.getInsightImpactGraph),
		},
		// Errors that are called otherwise than their kind says.
		Statuses: map[string]int{
			"RuleLimitExceededException":        http.StatusBadRequest,
			"TooManyTagsException":              http.StatusBadRequest,
			"MalformedPolicyDocumentException":  http.StatusBadRequest,
			"LockoutPreventionException":        http.StatusBadRequest,
			"InvalidPolicyRevisionIdException":  http.StatusBadRequest,
			"PolicySizeLimitExceededException":  http.StatusBadRequest,
			"PolicyCountLimitExceededException": http.StatusBadRequest,
		},
		Validation: awsapi.Exception{Name: "InvalidRequestException", Status: http.StatusBadRequest},
	}
}

func invalid(format string, args ...any) error {
	return radiograph.Errorf(radiograph.KindInvalid, format, args...)
}
