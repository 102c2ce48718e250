// Package query is the one door out: traces, summaries, graphs and timelines, as
// the APIs, the console and the command line show them.
//
// Questions come in with a tenant and leave as the root package's words. Stores
// may answer too much; this package decides exactly. It never writes, and knows
// no wire format.
package query

import (
	"context"
	"time"

	"radiograph"
)

// maxWindow is the longest range a question may span: the time traces are kept
// (X-Ray service quotas: 30 days).
const maxWindow = 30 * 24 * time.Hour

// Engine answers questions about traces. Its methods may be called from any
// goroutine.
type Engine struct {
	store radiograph.TraceStore
	clock radiograph.Clock
}

// New makes an engine on a store.
func New(store radiograph.TraceStore, clock radiograph.Clock) *Engine {
	return &Engine{store: store, clock: clock}
}

// Now is the engine's time, for ranges that end now.
func (e *Engine) Now() radiograph.Timestamp { return radiograph.TimestampOf(e.clock()) }

// checkWindow refuses a range that is reversed or too long.
func checkWindow(from, to radiograph.Timestamp) error {
	switch {
	case from > to:
		return radiograph.Errorf(radiograph.KindInvalid, "StartTime must not be after EndTime")
	case to.Sub(from) > maxWindow:
		return radiograph.Errorf(radiograph.KindInvalid, "The time range must not be longer than %d days", int(maxWindow/(24*time.Hour)))
	}
	return nil
}

// load reads one trace; it is nil when the tenant has none of that id.
func (e *Engine) load(ctx context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Trace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return e.store.Trace(ctx, t, id)
}
