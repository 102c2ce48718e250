package query

import (
	"context"

	"radiograph"
)

// MatchedEvent is the event that puts a trace in a range of TimeRangeType Event
// that ends at to: the last start or end of one of its segments that is not after
// it. The trace is read only when it went on after the range.
func (e *Engine) MatchedEvent(ctx context.Context, t radiograph.Tenant, s *radiograph.Summary, to radiograph.Timestamp) (radiograph.Timestamp, error) {
	if s.End <= to {
		return s.End, nil
	}
	tr, err := e.load(ctx, t, s.ID)
	if err != nil || tr == nil {
		return min(s.Start, to), err
	}
	last := min(s.Start, to)
	for _, n := range tr.Segments {
		if n.Start <= to {
			last = max(last, n.Start)
		}
		if !n.InProgress && n.End <= to {
			last = max(last, n.End)
		}
	}
	return last, nil
}
