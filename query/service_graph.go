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
	}, from, to)
	if failed != nil {
		return nil, failed
	}
	graph.OldGroupVersions = old
	return graph, nil
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
