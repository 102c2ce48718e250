package query

import (
	"context"
	"iter"

	"radiograph"
	"radiograph/filter"
)

// Contributions are the sums of a group's traces by minute, of the minutes that
// lie in [from, to), in part or whole, in no particular order. Several may have the
// same key.
func (e *Engine) Contributions(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) iter.Seq2[*radiograph.Contribution, error] {
	if g.Name == filter.DefaultGroup { // which has every trace
		g = nil
	}
	return e.contributions(ctx, t, g, from, to)
}

// contributions are the sums of the minutes that lie in [from, to), in part or
// whole: over all traces, or over those of a group when g is not nil.
func (e *Engine) contributions(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) iter.Seq2[*radiograph.Contribution, error] {
	if from >= to {
		return func(func(*radiograph.Contribution, error) bool) {}
	}
	var id radiograph.GroupID
	if g != nil {
		id = g.ID
	}
	return e.store.Contributions(ctx, t, id, floorMinute(from), floorMinute(to-1)+minute)
}

// outdated reports whether c sums traces that are in g under an older version of
// its expression.
func outdated(g *radiograph.Group, c *radiograph.Contribution) bool {
	return g != nil && c.Version != g.Current().Number && c.Total() > 0
}
