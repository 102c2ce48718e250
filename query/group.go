package query

import (
	"context"
	"iter"
	"slices"

	"radiograph"
	"radiograph/trace"
)

// maxGroupTraces bounds the traces that are read to sum those of a group: the
// store keeps sums of all traces only.
const maxGroupTraces = 20_000

// contributions are the sums of the minutes that lie in [from, to), in part or
// whole: the store's, or those of a group's traces when g is not nil. The latter
// come one by one.
func (e *Engine) contributions(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) iter.Seq2[*radiograph.Contribution, error] {
	if from >= to {
		return func(func(*radiograph.Contribution, error) bool) {}
	}
	from, to = floorMinute(from), floorMinute(to-1)+minute
	if g == nil {
		return e.store.Contributions(ctx, t, from, to)
	}
	return func(yield func(*radiograph.Contribution, error) bool) {
		q := radiograph.SummaryQuery{From: from, To: to, RangeType: radiograph.ByEvent}
		read := 0
		for s, err := range e.store.Summaries(ctx, t, q) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !s.MayMatch(q) || !mayBelong(g, s, t.Account) {
				continue
			}
			if read++; read > maxGroupTraces {
				yield(nil, radiograph.Errorf(radiograph.KindInvalid, "More than %d traces of the time range may be of group %s: ask for a shorter range", maxGroupTraces, g.Name))
				return
			}
			tr, err := e.load(ctx, t, s.ID)
			if err != nil {
				yield(nil, err)
				return
			}
			if tr == nil || !belongs(g, tr, t.Account) {
				continue
			}
			for _, c := range trace.Contributions(tr) {
				if at := radiograph.Timestamp(c.Minute) * minute; from <= at && at < to && !yield(c, nil) {
					return
				}
			}
		}
	}
}

// mayBelong decides by the summary, which does not tell when the trace came: some
// version must perhaps want it.
func mayBelong(g *radiograph.Group, s *radiograph.Summary, account radiograph.AccountID) bool {
	v := &radiograph.FilterView{Summary: s, Account: account}
	return slices.ContainsFunc(g.Versions, func(version radiograph.GroupVersion) bool {
		return version.Filter != nil && version.Filter.Judge(v) != radiograph.No
	})
}

// belongs reports whether the version of the time a trace was last received wants
// it.
func belongs(g *radiograph.Group, tr *radiograph.Trace, account radiograph.AccountID) bool {
	version := g.At(tr.Received)
	return version != nil && version.Filter != nil &&
		version.Filter.Judge(trace.FilterView(tr, trace.Summarize(tr), account)) == radiograph.Yes
}

// ContainsOldVersions reports whether a range that begins at from reaches before
// the last change of a group's expression, into the time of another.
func ContainsOldVersions(g *radiograph.Group, from radiograph.Timestamp) bool {
	return g != nil && len(g.Versions) > 1 && from < g.Changed()
}
