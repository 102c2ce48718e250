package query

import (
	"context"

	"radiograph"
	"radiograph/trace"
)

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
