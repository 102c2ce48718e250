package xray

import (
	"context"
	"math"

	"radiograph"
	"radiograph/awsapi"
)

type getTraceSummariesInput struct {
	StartTime        *radiograph.Timestamp `required:"true"`
	EndTime          *radiograph.Timestamp `required:"true"`
	TimeRangeType    string                `enum:"TraceId,Event,Service"`
	Sampling         bool
	SamplingStrategy *samplingStrategy
	FilterExpression string
	NextToken        string
}

type samplingStrategy struct {
	Name  string `enum:"PartialScan,FixedRate"`
	Value *float64
}

type getTraceSummariesOutput struct {
	TraceSummaries       []traceSummary
	ApproximateTime      radiograph.Timestamp
	TracesProcessedCount int64
	NextToken            string `omit:"empty"`
}

type traceSummary struct {
	ID                     string `name:"Id"`
	StartTime              radiograph.Timestamp
	Duration               float64
	ResponseTime           *float64 // absent while the root is in progress
	HasFault               bool
	HasError               bool
	HasThrottle            bool
	IsPartial              bool
	HTTP                   httpSummary `name:"Http"`
	Annotations            map[string][]annotationValue
	Users                  []traceUser
	ServiceIDs             []serviceID `name:"ServiceIds"`
	ResourceARNs           []resourceARNDetail
	InstanceIDs            []instanceIDDetail `name:"InstanceIds"`
	AvailabilityZones      []availabilityZoneDetail
	EntryPoint             *serviceID
	FaultRootCauses        []rootCause
	ErrorRootCauses        []rootCause
	ResponseTimeRootCauses []responseTimeRootCause
	Revision               int
	MatchedEventTime       *radiograph.Timestamp // TimeRangeType Event
}

// httpSummary is always written, {} when there is nothing to say: Grafana fails
// without it.
type httpSummary struct {
	HTTPURL    string `name:"HttpURL" omit:"empty"`
	HTTPStatus int    `name:"HttpStatus" omit:"empty"`
	HTTPMethod string `name:"HttpMethod" omit:"empty"`
	UserAgent  string `omit:"empty"`
	ClientIP   string `name:"ClientIp" omit:"empty"`
}

type annotationValue struct {
	AnnotationValue value
	ServiceIDs      []serviceID `name:"ServiceIds"`
}

// value has one member.
type value struct {
	NumberValue  *float64
	BooleanValue *bool
	StringValue  *string
}

type traceUser struct {
	UserName   string
	ServiceIDs []serviceID `name:"ServiceIds"`
}

type serviceID struct {
	Name      string
	Names     []string
	AccountID string `name:"AccountId" omit:"empty"`
	Type      string
}

type resourceARNDetail struct{ ARN string }

type instanceIDDetail struct {
	ID string `name:"Id"`
}

type availabilityZoneDetail struct{ Name string }

var rangeTypes = map[string]radiograph.TimeRangeType{
	"": radiograph.ByTraceID, "TraceId": radiograph.ByTraceID, "Event": radiograph.ByEvent, "Service": radiograph.ByService,
}

func (a *api) getTraceSummaries(ctx context.Context, r *awsapi.Request, in *getTraceSummariesInput) (*getTraceSummariesOutput, error) {
	filter, err := a.groups.Filter(ctx, r.Tenant, in.FilterExpression)
	if err != nil {
		return nil, err
	}
	share, err := in.share()
	if err != nil {
		return nil, err
	}
	q := radiograph.SummaryQuery{From: *in.StartTime, To: *in.EndTime, RangeType: rangeTypes[in.TimeRangeType], Token: in.NextToken, Filter: filter}
	if in.SamplingStrategy != nil && in.SamplingStrategy.Name == "PartialScan" {
		q.PartialScan = share
	} else {
		q.FixedRate = share
	}
	page, err := a.engine.Summaries(ctx, r.Tenant, q)
	if err != nil {
		return nil, err
	}
	a.meter.Count(r.Tenant, radiograph.TracesScanned, int(page.TracesProcessed))
	out := &getTraceSummariesOutput{
		TraceSummaries:  make([]traceSummary, len(page.Summaries)),
		ApproximateTime: page.ApproximateTime, TracesProcessedCount: page.TracesProcessed, NextToken: page.Token,
	}
	for i, s := range page.Summaries {
		out.TraceSummaries[i] = newTraceSummary(s)
		if q.RangeType == radiograph.ByEvent {
			at, err := a.engine.MatchedEvent(ctx, r.Tenant, s, q.To)
			if err != nil {
				return nil, err
			}
			out.TraceSummaries[i].MatchedEventTime = &at
		}
	}
	return out, nil
}

// share is how much is asked for, of the traces or of the time; 0 means all.
func (in *getTraceSummariesInput) share() (float64, error) {
	if !in.Sampling || in.SamplingStrategy == nil || in.SamplingStrategy.Value == nil {
		return 0, nil
	}
	switch v := *in.SamplingStrategy.Value; {
	case v < 0 || v > 1:
		return 0, invalid("SamplingStrategy.Value must be between 0 and 1")
	case v == 0:
		return math.SmallestNonzeroFloat64, nil // none, where 0 would mean all
	default:
		return v, nil
	}
}

func newTraceSummary(s *radiograph.Summary) traceSummary {
	t := traceSummary{
		ID: s.ID.String(), StartTime: s.Start, Duration: seconds(s.Duration), Revision: s.Revision,
		HasFault: s.HasFault, HasError: s.HasError, HasThrottle: s.HasThrottle, IsPartial: s.IsPartial,
		HTTP:                   httpSummary{HTTPURL: s.HTTP.URL, HTTPStatus: s.HTTP.Status, HTTPMethod: s.HTTP.Method, UserAgent: s.HTTP.UserAgent, ClientIP: s.HTTP.ClientIP},
		Annotations:            make(map[string][]annotationValue),
		ServiceIDs:             newServiceIDs(s.ServiceIDs),
		FaultRootCauses:        newRootCauses(s.FaultRootCauses),
		ErrorRootCauses:        newRootCauses(s.ErrorRootCauses),
		ResponseTimeRootCauses: newResponseTimeRootCauses(s.ResponseTimeRootCauses),
	}
	if s.ResponseTime >= 0 {
		rt := seconds(s.ResponseTime)
		t.ResponseTime = &rt
	}
	for _, an := range s.Annotations {
		t.Annotations[an.Key] = append(t.Annotations[an.Key], annotationValue{AnnotationValue: newValue(an.Value), ServiceIDs: newServiceIDs(an.ServiceIDs)})
	}
	for _, u := range s.Users {
		t.Users = append(t.Users, traceUser{UserName: u.Name, ServiceIDs: newServiceIDs(u.ServiceIDs)})
	}
	for _, arn := range s.ResourceARNs {
		t.ResourceARNs = append(t.ResourceARNs, resourceARNDetail{arn})
	}
	for _, id := range s.InstanceIDs {
		t.InstanceIDs = append(t.InstanceIDs, instanceIDDetail{id})
	}
	for _, name := range s.AvailabilityZones {
		t.AvailabilityZones = append(t.AvailabilityZones, availabilityZoneDetail{name})
	}
	if s.EntryPoint != nil {
		id := newServiceID(*s.EntryPoint)
		t.EntryPoint = &id
	}
	return t
}

func newValue(v radiograph.Value) value {
	switch v.Kind {
	case radiograph.NumberValue:
		return value{NumberValue: &v.Number}
	case radiograph.BooleanValue:
		return value{BooleanValue: &v.Bool}
	}
	return value{StringValue: &v.String}
}

// newServiceID always names a type: Grafana fails without one.
func newServiceID(id radiograph.ServiceID) serviceID {
	if id.Type == "" {
		id.Type = "unknown"
	}
	return serviceID{Name: id.Name, Names: []string{id.Name}, AccountID: string(id.Account), Type: id.Type}
}

func newServiceIDs(ids []radiograph.ServiceID) []serviceID {
	list := make([]serviceID, len(ids))
	for i, id := range ids {
		list[i] = newServiceID(id)
	}
	return list
}
