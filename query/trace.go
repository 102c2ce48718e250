package query

import (
	"context"

	"radiograph"
	"radiograph/trace"
)

// SegmentDocument is one entry of a trace in BatchGetTraces.
type SegmentDocument struct {
	ID       radiograph.SegmentID
	Document []byte
}

// Traces finds traces in the order of ids; an id that is named twice is answered
// once.
func (e *Engine) Traces(ctx context.Context, t radiograph.Tenant, ids []radiograph.TraceID) (found []*radiograph.Trace, missing []radiograph.TraceID, err error) {
	asked := make(map[radiograph.TraceID]bool, len(ids))
	for _, id := range ids {
		if asked[id] {
			continue
		}
		asked[id] = true
		tr, err := e.load(ctx, t, id)
		switch {
		case err != nil:
			return nil, nil, err
		case tr == nil:
			missing = append(missing, id)
		default:
			found = append(found, tr)
		}
	}
	return found, missing, nil
}

// Documents are a trace's segment documents, inferred ones included, with
// subsegments folded in.
func (e *Engine) Documents(tr *radiograph.Trace) []SegmentDocument {
	docs := make([]SegmentDocument, len(tr.Segments))
	for i, n := range tr.Segments {
		docs[i] = SegmentDocument{ID: n.ID, Document: trace.Document(tr, n)}
	}
	return docs
}

// Duration is the time from a trace's earliest start to its latest known end.
func (e *Engine) Duration(tr *radiograph.Trace) radiograph.Timestamp {
	return trace.Summarize(tr).Duration
}

// Summary is what a listing says of one trace that is at hand.
func (e *Engine) Summary(tr *radiograph.Trace) *radiograph.Summary { return trace.Summarize(tr) }

// Timeline lays a trace out as rows. An unknown id is an Error of KindNotFound.
func (e *Engine) Timeline(ctx context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Timeline, *radiograph.Trace, error) {
	tr, err := e.load(ctx, t, id)
	if err != nil {
		return nil, nil, err
	}
	if tr == nil {
		return nil, nil, radiograph.Errorf(radiograph.KindNotFound, "trace %s is not there", id)
	}
	return trace.Lay(tr), tr, nil
}
