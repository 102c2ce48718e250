// Grafana makes the calls of Grafana's X-Ray data source (as of August 2026), by
// the SDK that it uses, over traces of every odd shape, and looks for what it
// reads without asking whether it is there. It prints nothing when all is.
//
// The data source itself cannot be had as a Go module.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// accountID is the account that segments with an origin come from.
const accountID = "123456789012"

// panels is a dashboard over a time range.
type panels struct {
	api      *xray.Client
	from, to time.Time
	ids      []string // of the traces in the range
	problems []error
}

// wants notes a problem.
func (p *panels) wants(ok bool, format string, args ...any) bool {
	if !ok {
		p.problems = append(p.problems, fmt.Errorf(format, args...))
	}
	return ok
}

func run(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(1))
	if err != nil {
		return err
	}
	to := time.Now().Truncate(time.Minute)
	p := &panels{api: xray.NewFromConfig(cfg), from: to.Add(-20 * time.Minute), to: to}
	for _, do := range []func(context.Context) error{p.store, p.groups, p.list, p.traces, p.serviceMap, p.accounts, p.statistics, p.analytics, p.insights} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return errors.Join(p.problems...)
}

// store puts a trace of each shape: with and without origin, http, a call of
// another service, an answer of that, and each way to fail and to say why. Some
// begin just where two quarters of the range meet.
func (p *panels) store(ctx context.Context) error {
	type document map[string]any
	outcomes := []document{
		{},
		{"fault": true},
		{"error": true},
		{"error": true, "throttle": true},
		{"fault": true, "cause": document{"exceptions": []document{{"id": "00000000000000aa", "type": "BankError", "message": "closed"}}}},
		{"fault": true, "cause": document{"exceptions": []document{{"id": "00000000000000ab"}}}},
		{"error": true, "cause": document{"exceptions": []document{{"id": "00000000000000ac", "message": "no type"}}}},
		{"error": true, "cause": document{"exceptions": []document{{"id": "00000000000000ad", "type": "NoMessage"}}}},
		{"fault": true, "cause": "00000000000000ae"},
		{"fault": true, "cause": document{"working_directory": "/srv"}},
	}
	var documents []string
	quarter := p.to.Sub(p.from) / 4
	for n := range 8 * len(outcomes) {
		has := func(bit int) bool { return n/len(outcomes)>>bit&1 == 1 }
		start := p.from.Add(time.Duration(n) * 10 * time.Second)
		if n%20 == 0 {
			start = p.from.Add(time.Duration(n/20) * quarter)
		}
		at := func(d time.Duration) float64 { return float64(start.Add(d).UnixMilli()) / 1e3 }
		id := fmt.Sprintf("1-%08x-%024x", start.Unix(), n+1)
		p.ids = append(p.ids, id)
		segment := document{"trace_id": id, "id": fmt.Sprintf("%016x", n*10+1), "name": "front", "start_time": at(0), "end_time": at(3 * time.Second)}
		failing, call := segment, document{"id": fmt.Sprintf("%016x", n*10+2), "name": "back", "namespace": "remote", "start_time": at(time.Second), "end_time": at(2 * time.Second)}
		if has(0) {
			segment["origin"], segment["aws"] = "AWS::EC2::Instance", document{"account_id": accountID}
			segment["http"] = document{"request": document{"method": "GET", "url": "http://front.example/"}, "response": document{"status": 200}}
		}
		if has(1) {
			segment["subsegments"], failing = []document{call}, call
		}
		if has(2) {
			back := document{"trace_id": id, "id": fmt.Sprintf("%016x", n*10+3), "parent_id": segment["id"], "name": "back", "start_time": at(time.Second), "end_time": at(2 * time.Second)}
			if has(1) {
				back["parent_id"] = call["id"]
			} else {
				back["type"] = "subsegment"
			}
			for k, v := range outcomes[n%len(outcomes)] {
				back[k] = v
			}
			documents = append(documents, encode(back))
		}
		for k, v := range outcomes[n%len(outcomes)] {
			failing[k] = v
		}
		documents = append(documents, encode(segment))
	}
	out, err := p.api.PutTraceSegments(ctx, &xray.PutTraceSegmentsInput{TraceSegmentDocuments: documents})
	if err == nil && len(out.UnprocessedTraceSegments) > 0 {
		err = fmt.Errorf("%d segments were refused, the first for %s", len(out.UnprocessedTraceSegments), aws.ToString(out.UnprocessedTraceSegments[0].ErrorCode))
	}
	return err
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// groups is the health check and the list to choose from.
func (p *panels) groups(ctx context.Context) error {
	out, err := p.api.GetGroups(ctx, &xray.GetGroupsInput{})
	if err != nil {
		return err
	}
	p.wants(len(out.Groups) > 0, "no group to choose")
	for _, g := range out.Groups {
		p.wants(g.GroupName != nil && g.GroupARN != nil, "a group without name or ARN: %+v", g)
	}
	return nil
}

// list is the table of traces.
func (p *panels) list(ctx context.Context) error {
	found := 0
	for pages := xray.NewGetTraceSummariesPaginator(p.api, &xray.GetTraceSummariesInput{StartTime: &p.from, EndTime: &p.to}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.TraceSummaries {
			found++
			p.wants(s.Http != nil, "trace %s has no Http", aws.ToString(s.Id))
			p.wants(s.Id != nil && s.StartTime != nil && s.Duration != nil, "trace %s without id, start or duration", aws.ToString(s.Id))
		}
	}
	p.wants(found == len(p.ids), "%d traces in the list, want %d", found, len(p.ids))
	return nil
}

// traces is the view of one trace: its documents and its graph, asked for at the
// same time.
func (p *panels) traces(ctx context.Context) error {
	type entity struct {
		ID          string
		Name        string
		Start       float64 `json:"start_time"`
		Subsegments []json.RawMessage
	}
	var check func(id, document string)
	check = func(id, document string) {
		var e entity
		err := json.Unmarshal([]byte(document), &e)
		p.wants(err == nil && e.ID != "" && e.Name != "" && e.Start > 0, "trace %s has a part without id, name or start: %s %v", id, document, err)
		for _, sub := range e.Subsegments {
			check(id, string(sub))
		}
	}
	for _, id := range p.ids {
		var wg sync.WaitGroup
		var graph []types.Service
		var graphErr error
		wg.Go(func() {
			for pages := xray.NewGetTraceGraphPaginator(p.api, &xray.GetTraceGraphInput{TraceIds: []string{id}}); pages.HasMorePages() && graphErr == nil; {
				var page *xray.GetTraceGraphOutput
				if page, graphErr = pages.NextPage(ctx); graphErr == nil {
					graph = append(graph, page.Services...)
				}
			}
		})
		out, err := p.api.BatchGetTraces(ctx, &xray.BatchGetTracesInput{TraceIds: []string{id}})
		wg.Wait()
		if err := errors.Join(err, graphErr); err != nil {
			return err
		}
		if p.wants(len(out.Traces) == 1, "%d traces for %s", len(out.Traces), id) {
			for _, s := range out.Traces[0].Segments {
				check(id, aws.ToString(s.Document))
			}
		}
		p.nodes(id, graph)
	}
	return nil
}

// serviceMap is the map of a group.
func (p *panels) serviceMap(ctx context.Context) error {
	out, err := p.api.GetServiceGraph(ctx, &xray.GetServiceGraphInput{StartTime: &p.from, EndTime: &p.to, GroupName: aws.String("Default")})
	if err != nil {
		return err
	}
	p.nodes("the service map", out.Services)
	return nil
}

// nodes holds what the drawing of a map reads: lists where lists are, statistics
// at a node or else at its first edge, whole.
func (p *panels) nodes(where string, services []types.Service) {
	p.wants(len(services) > 0, "%s is empty", where)
	ids := map[int32]bool{}
	for _, s := range services {
		if p.wants(s.ReferenceId != nil, "%s: a node without ReferenceId", where) {
			ids[*s.ReferenceId] = true
		}
	}
	for _, s := range services {
		name := fmt.Sprintf("%s: node %s %s", where, aws.ToString(s.Name), aws.ToString(s.Type))
		p.wants(s.Name != nil && s.StartTime != nil && s.EndTime != nil, "%s has no name, start or end", name)
		p.wants(s.Edges != nil && s.ResponseTimeHistogram != nil, "%s has no list of edges or no histogram", name)
		if st := s.SummaryStatistics; st != nil {
			p.wants(st.ErrorStatistics != nil && st.FaultStatistics != nil && whole(st.TotalCount, st.OkCount, st.ErrorStatistics.ThrottleCount, st.ErrorStatistics.TotalCount, st.FaultStatistics.TotalCount) && st.TotalResponseTime != nil,
				"%s has statistics in part: %+v", name, st)
		} else {
			p.wants(len(s.Edges) > 0, "%s has neither statistics nor an edge", name)
		}
		for _, e := range s.Edges {
			st := e.SummaryStatistics
			p.wants(e.ReferenceId != nil && ids[*e.ReferenceId], "%s has an edge to no node", name)
			p.wants(e.StartTime != nil && e.EndTime != nil && e.ResponseTimeHistogram != nil, "%s has an edge without start, end or histogram", name)
			p.wants(st != nil && st.ErrorStatistics != nil && st.FaultStatistics != nil && whole(st.TotalCount, st.OkCount, st.ErrorStatistics.ThrottleCount, st.ErrorStatistics.TotalCount, st.FaultStatistics.TotalCount) && st.TotalResponseTime != nil,
				"%s has an edge with statistics in part: %+v", name, st)
		}
	}
}

func whole(counts ...*int64) bool {
	for _, c := range counts {
		if c == nil {
			return false
		}
	}
	return true
}

// accounts is the list of accounts to choose from. Where no group is chosen the
// name is empty.
func (p *panels) accounts(ctx context.Context) error {
	out, err := p.api.GetServiceGraph(ctx, &xray.GetServiceGraphInput{StartTime: &p.from, EndTime: &p.to, GroupName: aws.String("")})
	if err != nil {
		return err
	}
	p.nodes("the map of no group", out.Services)
	accounts := map[string]bool{}
	for _, s := range out.Services {
		if s.AccountId != nil {
			accounts[*s.AccountId] = true
		}
	}
	p.wants(len(accounts) == 1 && accounts[accountID], "accounts %v, want %s", accounts, accountID)
	return nil
}

// statistics is the panel of series, all columns, and for the analytics the count
// of all traces.
func (p *panels) statistics(ctx context.Context) error {
	for _, selector := range []*string{nil, aws.String(`service("back")`)} {
		total := int64(0)
		pages := xray.NewGetTimeSeriesServiceStatisticsPaginator(p.api, &xray.GetTimeSeriesServiceStatisticsInput{
			StartTime: &p.from, EndTime: &p.to, Period: aws.Int32(60), EntitySelectorExpression: selector,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, row := range page.TimeSeriesServiceStatistics {
				at := aws.ToTime(row.Timestamp)
				if e := row.EdgeSummaryStatistics; e != nil {
					ok := e.ErrorStatistics != nil && e.FaultStatistics != nil && whole(e.TotalCount, e.OkCount, e.ErrorStatistics.ThrottleCount, e.ErrorStatistics.TotalCount, e.FaultStatistics.TotalCount) && e.TotalResponseTime != nil
					if p.wants(ok && *e.TotalCount > 0, "the row of %s is in part or empty: %+v", at, e) {
						total += *e.TotalCount
					}
				} else if s := row.ServiceSummaryStatistics; p.wants(s != nil, "the row of %s has no statistics", at) {
					ok := s.ErrorStatistics != nil && s.FaultStatistics != nil && whole(s.TotalCount, s.OkCount, s.ErrorStatistics.ThrottleCount, s.ErrorStatistics.TotalCount, s.FaultStatistics.TotalCount) && s.TotalResponseTime != nil
					if p.wants(ok && *s.TotalCount > 0, "the row of %s is in part or empty: %+v", at, s) {
						total += *s.TotalCount
					}
				}
				p.wants(row.Timestamp != nil, "a row without Timestamp")
			}
		}
		if selector == nil {
			p.wants(total == int64(len(p.ids)), "the series count %d traces, want %d", total, len(p.ids))
		} else {
			p.wants(total > 0, "the series of %s are empty", *selector)
		}
	}
	return nil
}

// analytics is the table of root causes, of traces of four quarters asked for at
// the same time, with a rate that is halved between pages.
func (p *panels) analytics(ctx context.Context) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	seen := map[string]int{}
	var failed error
	quarter := p.to.Sub(p.from) / 4
	for i := range 4 {
		wg.Go(func() {
			in := &xray.GetTraceSummariesInput{
				StartTime: aws.Time(p.from.Add(time.Duration(i) * quarter)), EndTime: aws.Time(p.from.Add(time.Duration(i+1) * quarter)),
				TimeRangeType: types.TimeRangeTypeEvent, Sampling: aws.Bool(true), SamplingStrategy: &types.SamplingStrategy{Name: types.SamplingStrategyNameFixedRate, Value: aws.Float64(1)},
			}
			for {
				out, err := p.api.GetTraceSummaries(ctx, in)
				mu.Lock()
				if err != nil {
					failed = errors.Join(failed, err)
				} else {
					for _, s := range out.TraceSummaries {
						seen[aws.ToString(s.Id)]++
						p.causes(s)
					}
				}
				mu.Unlock()
				if err != nil || aws.ToString(out.NextToken) == "" {
					return
				}
				in.NextToken, in.SamplingStrategy.Value = out.NextToken, aws.Float64(*in.SamplingStrategy.Value/2)
			}
		})
	}
	wg.Wait()
	for _, id := range p.ids {
		p.wants(seen[id] == 1, "trace %s is in %d quarters", id, seen[id])
	}
	return failed
}

// causes holds what the keys of the table are made of.
func (p *panels) causes(s types.TraceSummary) {
	id := aws.ToString(s.Id)
	exceptions := func(kind string, list []types.RootCauseException) {
		for _, e := range list {
			p.wants(e.Name != nil, "%s: a cause of an %s has an exception without name", id, kind)
		}
	}
	named := func(kind string, name, serviceType *string) {
		p.wants(name != nil && serviceType != nil, "%s: a cause of a %s has a service without name or type", id, kind)
	}
	for _, c := range s.FaultRootCauses {
		p.wants(len(c.Services) > 0, "%s: a cause of a fault has no services", id)
		for _, service := range c.Services {
			named("fault", service.Name, service.Type)
		}
	}
	for _, c := range s.ErrorRootCauses {
		p.wants(len(c.Services) > 0, "%s: a cause of an error has no services", id)
		for _, service := range c.Services {
			named("error", service.Name, service.Type)
			for _, path := range service.EntityPath {
				exceptions("error", path.Exceptions)
			}
		}
	}
	for _, c := range s.ResponseTimeRootCauses {
		p.wants(len(c.Services) > 0, "%s: a cause of its response time has no services", id)
		for _, service := range c.Services {
			named("response time", service.Name, service.Type)
			p.wants(len(service.EntityPath) > 0, "%s: a cause of its response time has an empty path", id)
			for _, path := range service.EntityPath {
				p.wants(path.Name != nil, "%s: a cause of its response time has a path without name", id)
			}
		}
	}
	p.wants(s.HasFault == nil || !*s.HasFault || len(s.FaultRootCauses) > 0, "%s has a fault without a cause", id)
	p.wants(s.HasError == nil || !*s.HasError || len(s.ErrorRootCauses) > 0, "%s has an error without a cause", id)
}

// insights is the table of incidents of the groups that look for them. It shows
// what stands between the first dot of a closed one's summary and the second.
func (p *panels) insights(ctx context.Context) error {
	if _, err := p.api.CreateGroup(ctx, &xray.CreateGroupInput{
		GroupName: aws.String("till"), FilterExpression: aws.String(`service("till")`), InsightsConfiguration: &types.InsightsConfiguration{InsightsEnabled: aws.Bool(true)},
	}); err != nil {
		return err
	}
	var documents []string
	for n := range 30 {
		documents = append(documents, encode(map[string]any{
			"trace_id": fmt.Sprintf("1-%08x-%024x", p.from.Unix(), 1000+n), "id": "00000000000000aa", "name": "till", "start_time": p.from.Unix(), "end_time": p.from.Unix() + 1, "fault": true,
		}))
	}
	if _, err := p.api.PutTraceSegments(ctx, &xray.PutTraceSegmentsInput{TraceSegmentDocuments: documents}); err != nil {
		return err
	}
	groups, err := p.api.GetGroups(ctx, &xray.GetGroupsInput{})
	if err != nil {
		return err
	}
	found := 0
	for _, g := range groups.Groups {
		if g.InsightsConfiguration == nil || !aws.ToBool(g.InsightsConfiguration.InsightsEnabled) {
			continue
		}
		out, err := p.api.GetInsightSummaries(ctx, &xray.GetInsightSummariesInput{StartTime: &p.from, EndTime: &p.to, GroupName: g.GroupName, States: []types.InsightState{}})
		if err != nil {
			return err
		}
		for _, in := range out.InsightSummaries {
			found++
			p.wants(in.InsightId != nil && in.StartTime != nil && in.GroupName != nil, "an insight without id, start or group: %+v", in)
			p.wants(in.RootCauseServiceId != nil, "insight %s has no RootCauseServiceId", aws.ToString(in.InsightId))
			p.wants(len(in.TopAnomalousServices) > 0 && in.TopAnomalousServices[0].ServiceId != nil, "insight %s has no TopAnomalousServices", aws.ToString(in.InsightId))
			p.wants(len(in.Categories) > 0, "insight %s has no category", aws.ToString(in.InsightId))
			sentences := strings.Split(aws.ToString(in.Summary), ".")
			p.wants(in.EndTime == nil || len(sentences) > 1 && strings.Contains(sentences[1], "fault"), "insight %s says %q", aws.ToString(in.InsightId), sentences)
		}
	}
	p.wants(found == 1, "%d insights, want 1", found)
	return nil
}
