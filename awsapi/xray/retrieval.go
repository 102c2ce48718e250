package xray

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/query"
	"radiograph/retrieval"
)

// Page sizes of the public model.
const (
	maxRetrievedTraces   = 5
	maxRetrievedSpans    = 100 // of one entry; a trace of more has several
	maxRetrievedServices = 1000
	maxRetrievedLinks    = 100 // of one service
)

type startTraceRetrievalInput struct {
	TraceIDs  []string              `name:"TraceIds" required:"true" max:"100" eachmin:"1" eachmax:"35"`
	StartTime *radiograph.Timestamp `required:"true"`
	EndTime   *radiograph.Timestamp `required:"true"`
}

type startTraceRetrievalOutput struct {
	RetrievalToken string
}

type listRetrievedTracesInput struct {
	RetrievalToken string `required:"true" max:"1020"`
	TraceFormat    string `enum:"XRAY,OTEL"`
	NextToken      string
}

type listRetrievedTracesOutput struct {
	RetrievalStatus string
	TraceFormat     string
	Traces          []retrievedTrace
	NextToken       string `omit:"empty"`
}

type retrievedTrace struct {
	ID       string `name:"Id"`
	Duration float64
	Spans    []segmentDocument
}

type getRetrievedTracesGraphInput struct {
	RetrievalToken string `required:"true" max:"1020"`
	NextToken      string
}

type getRetrievedTracesGraphOutput struct {
	RetrievalStatus string
	Services        []retrievedService
	NextToken       string `omit:"empty"`
}

type retrievedService struct {
	Service service
	Links   []graphLink
}

type graphLink struct {
	ReferenceType       string
	SourceTraceID       string   `name:"SourceTraceId"`
	DestinationTraceIDs []string `name:"DestinationTraceIds"`
}

type cancelTraceRetrievalInput struct {
	RetrievalToken string `required:"true" max:"1020"`
}

// startTraceRetrieval is complete at once: the traces are at hand. What is no
// trace id is not found, as an unknown one.
func (a *api) startTraceRetrieval(ctx context.Context, r *awsapi.Request, in *startTraceRetrievalInput) (*startTraceRetrievalOutput, error) {
	var ids []radiograph.TraceID
	for _, spelled := range in.TraceIDs {
		if id, err := radiograph.ParseTraceID(spelled); err == nil {
			ids = append(ids, id)
		}
	}
	started, err := a.retrievals.Start(ctx, r.Tenant, ids, *in.StartTime, *in.EndTime)
	if err != nil {
		return nil, err
	}
	found, err := a.engine.TracesWithin(ctx, r.Tenant, ids, *in.StartTime, *in.EndTime)
	if err != nil {
		return nil, err
	}
	a.meter.Count(r.Tenant, radiograph.TracesRetrieved, len(found))
	return &startTraceRetrievalOutput{started.Token}, nil
}

func (a *api) cancelTraceRetrieval(ctx context.Context, r *awsapi.Request, in *cancelTraceRetrievalInput) (*struct{}, error) {
	return nil, aboutResource(a.retrievals.Cancel(ctx, r.Tenant, in.RetrievalToken), in.RetrievalToken)
}

// retrieved is the state of a retrieval and, when that is COMPLETE, its traces.
func (a *api) retrieved(ctx context.Context, t radiograph.Tenant, token string) (status string, found []*radiograph.Trace, err error) {
	rt, err := a.retrievals.Retrieval(ctx, t, token)
	if err != nil {
		return "", nil, aboutResource(err, token)
	}
	if rt.Complete() {
		found, err = a.engine.TracesWithin(ctx, t, rt.Traces, rt.From, rt.To)
	}
	return retrievalStatus(rt), found, err
}

func retrievalStatus(rt *retrieval.Retrieval) string {
	switch {
	case rt.Cancelled:
		return "CANCELLED"
	case rt.TimedOut:
		return "TIMEOUT"
	}
	return "COMPLETE"
}

// listRetrievedTraces answers segment documents, or spans for the format OTEL.
// The documents of a trace that has many come in several entries.
func (a *api) listRetrievedTraces(ctx context.Context, r *awsapi.Request, in *listRetrievedTracesInput) (*listRetrievedTracesOutput, error) {
	status, found, err := a.retrieved(ctx, r.Tenant, in.RetrievalToken)
	if err != nil {
		return nil, err
	}
	out := &listRetrievedTracesOutput{RetrievalStatus: status, TraceFormat: "XRAY"}
	documents := a.engine.Documents
	if in.TraceFormat == "OTEL" {
		out.TraceFormat, documents = in.TraceFormat, a.engine.Spans
	}
	var entries []retrievedTrace
	for _, tr := range found {
		docs := documents(tr)
		for from := 0; from < len(docs); from += maxRetrievedSpans {
			entries = append(entries, a.newRetrievedTrace(tr, docs[from:min(from+maxRetrievedSpans, len(docs))]))
		}
	}
	from, err := parseToken(in.NextToken, len(entries))
	if err != nil {
		return nil, err
	}
	to := min(from+maxRetrievedTraces, len(entries))
	if out.Traces = entries[from:to]; to < len(entries) {
		out.NextToken = token(to)
	}
	return out, nil
}

func (a *api) newRetrievedTrace(tr *radiograph.Trace, docs []query.SegmentDocument) retrievedTrace {
	w := retrievedTrace{ID: tr.ID.String(), Duration: seconds(a.engine.Duration(tr))}
	for _, d := range docs {
		w.Spans = append(w.Spans, segmentDocument{ID: d.ID.String(), Document: d.Document})
	}
	return w
}

func (a *api) getRetrievedTracesGraph(ctx context.Context, r *awsapi.Request, in *getRetrievedTracesGraphInput) (*getRetrievedTracesGraphOutput, error) {
	status, found, err := a.retrieved(ctx, r.Tenant, in.RetrievalToken)
	if err != nil {
		return nil, err
	}
	graph := a.engine.GraphOf(found)
	links := make(map[radiograph.ServiceID][]graphLink)
	for _, tr := range found {
		for _, l := range a.engine.Links(tr) {
			if len(links[l.Service]) == maxRetrievedLinks {
				continue
			}
			w := graphLink{ReferenceType: l.Type, SourceTraceID: tr.ID.String()}
			for _, id := range l.Targets {
				w.DestinationTraceIDs = append(w.DestinationTraceIDs, id.String())
			}
			links[l.Service] = append(links[l.Service], w)
		}
	}
	from, err := parseToken(in.NextToken, len(graph.Services))
	if err != nil {
		return nil, err
	}
	to := min(from+maxRetrievedServices, len(graph.Services))
	out := &getRetrievedTracesGraphOutput{RetrievalStatus: status}
	for i, s := range newServices(graph)[from:to] {
		out.Services = append(out.Services, retrievedService{Service: s, Links: links[graph.Services[from+i].ServiceID]})
	}
	if to < len(graph.Services) {
		out.NextToken = token(to)
	}
	return out, nil
}
