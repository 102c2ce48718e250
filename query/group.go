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
	return e.sums(ctx, t, g, radiograph.SumsQuery{From: from, To: to})
}

// sums are the store's of the minutes that lie in [q.From, q.To), in part or whole:
// over all traces, or over those of a group when g is not nil.
func (e *Engine) sums(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, q radiograph.SumsQuery) iter.Seq2[*radiograph.Contribution, error] {
	if q.From >= q.To {
		return func(func(*radiograph.Contribution, error) bool) {}
	}
	if g != nil {
		q.Group = g.ID
	}
	q.From, q.To = floorMinute(q.From), floorMinute(q.To-1)+minute
	return e.store.Contributions(ctx, t, q)
}

// outdated reports whether c sums traces that are in g under an older version of
// its expression.
func outdated(g *radiograph.Group, c *radiograph.Contribution) bool {
	return g != nil && c.Version != g.Current().Number && c.Total() > 0
}
