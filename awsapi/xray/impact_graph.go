package xray

import (
	"context"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/insight"
)

const (
	// maxImpactWindow bounds the time range of an impact graph (public model).
	maxImpactWindow = 6 * time.Hour
	// impactServicesPerPage is ours; X-Ray's page size is not documented.
	impactServicesPerPage = 200
)

type getInsightImpactGraphInput struct {
	InsightID string                `name:"InsightId" required:"true" pattern:"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"`
	StartTime *radiograph.Timestamp `required:"true"`
	EndTime   *radiograph.Timestamp `required:"true"`
	NextToken string                `min:"1" max:"2000"`
}

type getInsightImpactGraphOutput struct {
	InsightID             string `name:"InsightId"`
	StartTime             radiograph.Timestamp
	EndTime               radiograph.Timestamp
	ServiceGraphStartTime radiograph.Timestamp
	ServiceGraphEndTime   radiograph.Timestamp
	Services              []impactService
	NextToken             string `omit:"empty"`
}

// impactService is a node; structure only.
type impactService struct {
	ReferenceID int `name:"ReferenceId"`
	Type        string
	Name        string
	Names       []string
	AccountID   string `name:"AccountId" omit:"empty"`
	Edges       []impactEdge
}

type impactEdge struct {
	ReferenceID int `name:"ReferenceId"`
}

func (a *api) getInsightImpactGraph(ctx context.Context, r *awsapi.Request, in *getInsightImpactGraphInput) (*getInsightImpactGraphOutput, error) {
	from, to := *in.StartTime, *in.EndTime
	if err := a.checkInsightFrame(from, to); err != nil {
		return nil, err
	}
	if to.Sub(from) > maxImpactWindow {
		return nil, invalid("The time range must not be longer than %d hours", int(maxImpactWindow/time.Hour))
	}
	found, err := a.insights.Insight(ctx, r.Tenant, in.InsightID)
	if err != nil {
		return nil, err
	}
	group, err := a.scope(ctx, r.Tenant, "", found.GroupARN)
	if err != nil {
		return nil, err
	}
	g, err := a.engine.GroupGraph(ctx, r.Tenant, group, from, to)
	if err != nil {
		return nil, err
	}
	services := insight.ImpactGraph(g, found).Services
	first, err := parseToken(in.NextToken, len(services))
	if err != nil {
		return nil, err
	}
	last := min(first+impactServicesPerPage, len(services))
	out := &getInsightImpactGraphOutput{
		InsightID: found.ID, StartTime: from, EndTime: to,
		ServiceGraphStartTime: from - from%minute, ServiceGraphEndTime: (to + minute - 1) / minute * minute, // its sums are by minute
	}
	for _, n := range services[first:last] {
		id := newServiceID(n.ServiceID)
		s := impactService{ReferenceID: n.ReferenceID, Type: id.Type, Name: id.Name, Names: id.Names, AccountID: id.AccountID}
		for _, e := range n.Edges {
			s.Edges = append(s.Edges, impactEdge{e.Target})
		}
		out.Services = append(out.Services, s)
	}
	if last < len(services) {
		out.NextToken = token(last)
	}
	return out, nil
}

const minute = radiograph.Timestamp(time.Minute)
