package query

import (
	"context"

	"radiograph"
	"radiograph/filter"
	"radiograph/trace"
)

// Filter reads a filter expression of a tenant; an empty one wants every trace. A
// wrong one is an Error of KindInvalid that wraps a *filter.InvalidError.
func (e *Engine) Filter(t radiograph.Tenant, expression string) (radiograph.Filter, error) {
	f, err := filter.Parse(expression, filter.BuiltIn(t))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// wants reports whether a filter wants a trace. Only when its summary does not
// tell, the trace is read, and counted in read.
func (e *Engine) wants(ctx context.Context, t radiograph.Tenant, s *radiograph.Summary, f radiograph.Filter, read *int) (bool, error) {
	verdict := f.Judge(&radiograph.FilterView{Summary: s, Account: t.Account})
	if verdict == radiograph.Undecided {
		*read++
		tr, err := e.load(ctx, t, s.ID)
		if err != nil || tr == nil {
			return false, err
		}
		verdict = f.Judge(trace.FilterView(tr, s, t.Account))
	}
	return verdict == radiograph.Yes, nil
}
