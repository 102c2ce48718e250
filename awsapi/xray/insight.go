package xray

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/insight"
)

const (
	// Page sizes when the caller names none: the most the public model permits.
	insightsPerPage      = 100
	insightEventsPerPage = 50
	// topServices is how many anomalous services are told of an insight.
	topServices = 5
	// maxInsightAge is how old a time frame may be (public model).
	maxInsightAge = 30 * 24 * time.Hour
)

type getInsightInput struct {
	InsightID string `name:"InsightId" required:"true" pattern:"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"`
}

type getInsightOutput struct {
	Insight insightRecord
}

type getInsightSummariesInput struct {
	States     []string              `max:"1" enum:"ACTIVE,CLOSED"`
	GroupARN   string                `min:"1" max:"400"`
	GroupName  string                `min:"1" max:"32"`
	StartTime  *radiograph.Timestamp `required:"true"`
	EndTime    *radiograph.Timestamp `required:"true"`
	MaxResults *int32                `min:"1" max:"100"`
	NextToken  string                `min:"1" max:"2000"`
}

type getInsightSummariesOutput struct {
	InsightSummaries []insightSummary
	NextToken        string `omit:"empty"`
}

type getInsightEventsInput struct {
	InsightID  string `name:"InsightId" required:"true" pattern:"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"`
	MaxResults *int32 `min:"1" max:"50"`
	NextToken  string `min:"1" max:"2000"`
}

type getInsightEventsOutput struct {
	InsightEvents []insightEvent
	NextToken     string `omit:"empty"`
}

type insightRecord struct {
	InsightID          string `name:"InsightId"`
	GroupARN           string
	GroupName          string
	RootCauseServiceID serviceID `name:"RootCauseServiceId"`
	Categories         []string
	State              string
	StartTime          radiograph.Timestamp
	EndTime            *radiograph.Timestamp // closed ones
	Summary            string

	ClientRequestImpactStatistics           impactStatistics
	RootCauseServiceRequestImpactStatistics impactStatistics
	TopAnomalousServices                    []anomalousService
}

// insightSummary is an insightRecord and when it last changed.
type insightSummary struct {
	InsightID          string `name:"InsightId"`
	GroupARN           string
	GroupName          string
	RootCauseServiceID serviceID `name:"RootCauseServiceId"`
	Categories         []string
	State              string
	StartTime          radiograph.Timestamp
	EndTime            *radiograph.Timestamp
	Summary            string

	ClientRequestImpactStatistics           impactStatistics
	RootCauseServiceRequestImpactStatistics impactStatistics
	TopAnomalousServices                    []anomalousService
	LastUpdateTime                          radiograph.Timestamp
}

type insightEvent struct {
	Summary                                 string
	EventTime                               radiograph.Timestamp
	ClientRequestImpactStatistics           impactStatistics
	RootCauseServiceRequestImpactStatistics impactStatistics
	TopAnomalousServices                    []anomalousService
}

type impactStatistics struct{ FaultCount, OkCount, TotalCount int64 }

type anomalousService struct {
	ServiceID serviceID `name:"ServiceId"`
}

func (a *api) getInsight(ctx context.Context, r *awsapi.Request, in *getInsightInput) (*getInsightOutput, error) {
	found, err := a.insights.Insight(ctx, r.Tenant, in.InsightID)
	if err != nil {
		return nil, err
	}
	return &getInsightOutput{newInsight(found)}, nil
}

// getInsightSummaries answers the insights that were open at some time of the
// frame, the latest first.
func (a *api) getInsightSummaries(ctx context.Context, r *awsapi.Request, in *getInsightSummariesInput) (*getInsightSummariesOutput, error) {
	if err := a.checkInsightFrame(*in.StartTime, *in.EndTime); err != nil {
		return nil, err
	}
	g, err := a.groups.Group(ctx, r.Tenant, in.GroupName, in.GroupARN)
	if err != nil {
		return nil, err
	}
	after, err := parseInsightToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	list, err := a.insights.Insights(ctx, r.Tenant, insight.Query{Group: g, From: *in.StartTime, To: *in.EndTime})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(found *radiograph.Insight) bool {
		return len(in.States) > 0 && insightState(found) != in.States[0] || !after.before(found)
	})
	most := insightsPerPage
	if in.MaxResults != nil {
		most = int(*in.MaxResults)
	}
	out := &getInsightSummariesOutput{}
	for i, found := range list[:min(most, len(list))] {
		out.InsightSummaries = append(out.InsightSummaries, newInsightSummary(found))
		if i == most-1 && len(list) > most {
			out.NextToken = insightPlace{found.Start, found.ID}.token()
		}
	}
	return out, nil
}

// insightPlace is where a page of summaries ends, so that pages do not shift when
// insights open. The zero value is before all.
type insightPlace struct {
	start radiograph.Timestamp
	id    string
}

// before reports whether an insight comes after the place.
func (p insightPlace) before(in *radiograph.Insight) bool {
	return p.id == "" || in.Start < p.start || in.Start == p.start && in.ID > p.id
}

func (p insightPlace) token() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "i%d/%s", p.start, p.id))
}

func parseInsightToken(token string) (p insightPlace, err error) {
	if token == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	text, ok := strings.CutPrefix(string(b), "i")
	start, id, slash := strings.Cut(text, "/")
	at, bad := strconv.ParseInt(start, 10, 64)
	if err != nil || !ok || !slash || bad != nil || id == "" {
		return p, invalid("NextToken is not valid")
	}
	return insightPlace{radiograph.Timestamp(at), id}, nil
}

func (a *api) getInsightEvents(ctx context.Context, r *awsapi.Request, in *getInsightEventsInput) (*getInsightEventsOutput, error) {
	found, err := a.insights.Insight(ctx, r.Tenant, in.InsightID)
	if err != nil {
		return nil, err
	}
	from, err := parseToken(in.NextToken, len(found.Events))
	if err != nil {
		return nil, err
	}
	most := insightEventsPerPage
	if in.MaxResults != nil {
		most = int(*in.MaxResults)
	}
	to := min(from+most, len(found.Events))
	out := &getInsightEventsOutput{}
	for _, e := range found.Events[from:to] {
		out.InsightEvents = append(out.InsightEvents, insightEvent{
			Summary: e.Summary, EventTime: e.Time, TopAnomalousServices: newAnomalousServices(e.Services),
			ClientRequestImpactStatistics: newImpact(e.ClientImpact), RootCauseServiceRequestImpactStatistics: newImpact(e.RootCauseImpact),
		})
	}
	if to < len(found.Events) {
		out.NextToken = token(to)
	}
	return out, nil
}

// checkInsightFrame refuses a time frame that is reversed, or older than insights
// are kept.
func (a *api) checkInsightFrame(from, to radiograph.Timestamp) error {
	switch oldest := a.engine.Now().Add(-maxInsightAge); {
	case from > to:
		return invalid("StartTime must not be after EndTime")
	case from < oldest || to < oldest:
		return invalid("StartTime and EndTime must not be more than %d days old", int(maxInsightAge/(24*time.Hour)))
	}
	return nil
}

func insightState(in *radiograph.Insight) string {
	if in.Closed() {
		return "CLOSED"
	}
	return "ACTIVE"
}

func newInsight(in *radiograph.Insight) insightRecord {
	w := insightRecord{
		InsightID: in.ID, GroupARN: in.GroupARN, GroupName: in.GroupName, RootCauseServiceID: newServiceID(in.RootCause),
		Categories: []string{"FAULT"}, State: insightState(in), StartTime: in.Start, Summary: in.Summary,
		ClientRequestImpactStatistics: newImpact(in.ClientImpact), RootCauseServiceRequestImpactStatistics: newImpact(in.RootCauseImpact),
		TopAnomalousServices: newAnomalousServices(in.Services),
	}
	if in.Closed() {
		w.EndTime = &in.End
	}
	return w
}

func newInsightSummary(in *radiograph.Insight) insightSummary {
	w := newInsight(in)
	return insightSummary{
		InsightID: w.InsightID, GroupARN: w.GroupARN, GroupName: w.GroupName, RootCauseServiceID: w.RootCauseServiceID,
		Categories: w.Categories, State: w.State, StartTime: w.StartTime, EndTime: w.EndTime, Summary: w.Summary,
		ClientRequestImpactStatistics: w.ClientRequestImpactStatistics, RootCauseServiceRequestImpactStatistics: w.RootCauseServiceRequestImpactStatistics,
		TopAnomalousServices: w.TopAnomalousServices, LastUpdateTime: in.Updated,
	}
}

func newImpact(i radiograph.Impact) impactStatistics {
	return impactStatistics{FaultCount: i.Fault, OkCount: i.OK, TotalCount: i.Total}
}

func newAnomalousServices(ids []radiograph.ServiceID) []anomalousService {
	list := make([]anomalousService, 0, topServices)
	for _, id := range ids[:min(topServices, len(ids))] {
		list = append(list, anomalousService{newServiceID(id)})
	}
	return list
}
