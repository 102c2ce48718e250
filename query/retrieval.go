package query

import (
	"context"
	"slices"

	"radiograph"
	"radiograph/trace"
)

// TracesWithin finds those of some traces that were active in [from, to), in the
// order of ids.
func (e *Engine) TracesWithin(ctx context.Context, t radiograph.Tenant, ids []radiograph.TraceID, from, to radiograph.Timestamp) ([]*radiograph.Trace, error) {
	found, _, err := e.Traces(ctx, t, ids)
	if err != nil {
		return nil, err
	}
	q := radiograph.SummaryQuery{From: from, To: to, RangeType: radiograph.ByEvent}
	return slices.DeleteFunc(found, func(tr *radiograph.Trace) bool { return !trace.Summarize(tr).MayMatch(q) }), nil
}

// Spans are a trace's segments and subsegments as OpenTelemetry spans.
func (e *Engine) Spans(tr *radiograph.Trace) []SegmentDocument {
	spans := trace.Spans(tr)
	docs := make([]SegmentDocument, len(spans))
	for i, s := range spans {
		docs[i] = SegmentDocument(s)
	}
	return docs
}

// Links are the links of a trace's services to other traces.
func (e *Engine) Links(tr *radiograph.Trace) []trace.ServiceLinks { return trace.Links(tr) }
