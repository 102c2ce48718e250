package query

import (
	"context"
	"slices"
	"time"

	"radiograph"
	"radiograph/trace"
)

// ServiceGraph is the graph of the requests that began in [from, to), to the
// minute: the sums are kept by minute, and minutes that lie partly in the range
// count whole.
func (e *Engine) ServiceGraph(ctx context.Context, t radiograph.Tenant, from, to radiograph.Timestamp) (*radiograph.ServiceGraph, error) {
	return e.GroupGraph(ctx, t, nil, from, to)
}

// GroupGraph is the service graph of a group's traces; a nil group is that of all
// traces.
func (e *Engine) GroupGraph(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) (*radiograph.ServiceGraph, error) {
	if err := checkWindow(from, to); err != nil {
		return nil, err
	}
	var failed error
	old := false
	graph := trace.Graph(func(yield func(*radiograph.Contribution) bool) {
		for c, err := range e.sums(ctx, t, g, radiograph.SumsQuery{From: from, To: to, Total: true}) {
			if err != nil {
				failed = err
				return
			}
			old = old || outdated(g, c)
			if !yield(c) {
				return
			}
		}
		links, err := e.links(ctx, t, g, from, to)
		failed = err
		for _, c := range links {
			if !yield(c) {
				return
			}
		}
	}, from, to)
	if failed != nil {
		return nil, failed
	}
	graph.OldGroupVersions = old
	return graph, nil
}

// maxLinking bounds the traces whose links a service graph tells of, those of the
// latest hours, since sums by node cannot hold them: the other end of a link may
// come at any time, and these traces are read whole.
const maxLinking = 1000

// links are the edges that links make to segments that began in [from, to), to the
// minute; of a group's, both ends are in it.
func (e *Engine) links(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) ([]*radiograph.Contribution, error) {
	if from >= to {
		return nil, nil
	}
	q := radiograph.LinkQuery{From: floorMinute(from), To: floorMinute(to-1) + minute, Limit: maxLinking}
	if g != nil {
		q.Group = g.ID
	}
	var traces []*radiograph.Trace
	for tr, err := range e.store.Linked(ctx, t, q) {
		if err != nil {
			return nil, err
		}
		traces = append(traces, tr)
	}
	sums := radiograph.SumsQuery{From: q.From, To: q.To, Total: true}
	var within []*radiograph.Contribution
	for _, c := range trace.LinkContributions(traces) {
		if at := radiograph.Timestamp(c.Minute) * minute; at < q.From || at >= q.To {
			continue
		}
		if sums.Coarse() {
			c.Durations = c.Durations.Coarse()
		}
		within = append(within, c)
	}
	return within, nil
}

const minute = radiograph.Timestamp(time.Minute)

func floorMinute(t radiograph.Timestamp) radiograph.Timestamp {
	if t < 0 {
		return 0
	}
	return t - t%minute
}

// TraceGraph is the graph of some traces. Unknown ids add nothing; the window is
// that of the traces found.
func (e *Engine) TraceGraph(ctx context.Context, t radiograph.Tenant, ids []radiograph.TraceID) (*radiograph.ServiceGraph, error) {
	found, _, err := e.Traces(ctx, t, ids)
	if err != nil {
		return nil, err
	}
	return e.GraphOf(found), nil
}

// GraphOf is the graph of traces that are at hand, with the edges that links make
// between them.
func (e *Engine) GraphOf(traces []*radiograph.Trace) *radiograph.ServiceGraph {
	cs := trace.LinkContributions(traces)
	var from, to radiograph.Timestamp
	for i, tr := range traces {
		cs = append(cs, trace.Contributions(tr)...)
		s := trace.Summarize(tr)
		if i == 0 || s.Start < from {
			from = s.Start
		}
		to = max(to, s.End)
	}
	return trace.Graph(slices.Values(cs), from, to)
}
