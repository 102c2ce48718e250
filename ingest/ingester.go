// Package ingest is the one door in: every segment document, whoever made it,
// and every daemon's telemetry.
//
// Bytes enter, records leave to the store. A document is decoded and checked
// once, by package trace; a bad one is told and counted and never fails its
// neighbours. This package holds no traces, reads none and answers no questions
// about them.
package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"radiograph"
	"radiograph/trace"
)

// CodeReservedEntity is the code of what DoorEnvironment tried to write over an
// entity of Lambda's own segments. It is ours: the service has no such answer.
const CodeReservedEntity = "ReservedEntity"

// Ingester implements radiograph.Sink and radiograph.TelemetrySink.
type Ingester struct {
	store radiograph.TraceStore
	log   *slog.Logger
	clock radiograph.Clock

	counts    counters
	telemetry telemetry
}

// New makes the door to a store; telemetry is kept in state.
func New(store radiograph.TraceStore, state radiograph.State, log *slog.Logger, clock radiograph.Clock) *Ingester {
	return &Ingester{
		store: store, log: log.With("component", "ingest"), clock: clock,
		telemetry: telemetry{state: state, tenants: make(map[radiograph.Tenant]*telemetryKeys)},
	}
}

// Put implements radiograph.Sink.
func (g *Ingester) Put(ctx context.Context, t radiograph.Tenant, door radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	return g.take(ctx, t, door, docs, true)
}

// Offer implements radiograph.Sink.
func (g *Ingester) Offer(ctx context.Context, t radiograph.Tenant, door radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	return g.take(ctx, t, door, docs, false)
}

func (g *Ingester) take(ctx context.Context, t radiograph.Tenant, door radiograph.Door, docs []radiograph.Document, durable bool) ([]radiograph.Rejection, error) {
	var rejected []radiograph.Rejection
	recs := make([]*radiograph.Record, 0, len(docs))
	from := make([]int, 0, len(docs)) // the document each record is of
	received := radiograph.TimestampOf(g.clock())
	for i, doc := range docs {
		decoded, err := trace.Decode(doc.Body)
		if err != nil {
			rejected = append(rejected, rejection(i, err))
			continue
		}
		for _, d := range decoded {
			recs = append(recs, &radiograph.Record{
				Trace: d.Trace, Door: door, Stamp: doc.Stamp, Received: received, Root: d.Root,
			})
			from = append(from, i)
		}
	}
	var refused []radiograph.Refused
	if len(recs) > 0 {
		var err error
		if refused, err = g.store.Put(ctx, t, recs, durable); err != nil {
			return nil, err
		}
	}
	g.counts.accepted(door, len(docs)-len(rejected))
	for _, r := range rejected {
		g.counts.rejected(r.Code)
		g.log.Debug("document rejected", "op", "put", "door", door.String(), "code", r.Code, "segment_id", r.ID)
	}
	return append(rejected, g.refused(door, recs, from, refused)...), nil
}

// rejection words an error of Decode.
func rejection(index int, err error) radiograph.Rejection {
	var bad *trace.InvalidError
	if errors.As(err, &bad) {
		return radiograph.Rejection{Index: index, ID: bad.ID, Code: bad.Code, Message: bad.Message}
	}
	return radiograph.Rejection{Index: index, Code: "InternalFailure", Message: "Internal failure"}
}

// refused counts and logs entities that DoorLambda wrote first. The rest of
// their documents is stored, and the service itself says nothing, so only an
// environment's daemon hears of it, for the invocation's decision record.
func (g *Ingester) refused(door radiograph.Door, recs []*radiograph.Record, from []int, refused []radiograph.Refused) []radiograph.Rejection {
	var out []radiograph.Rejection
	for _, r := range refused {
		g.counts.rejected(CodeReservedEntity)
		g.log.Warn("entity of Lambda's segments left as it is", "op", "put", "door", door.String(),
			"trace_id", r.Record.Trace.String(), "segment_id", r.ID.String())
		if door != radiograph.DoorEnvironment {
			continue
		}
		for i, rec := range recs {
			if rec == r.Record {
				out = append(out, radiograph.Rejection{
					Index: from[i], ID: r.ID.String(), Code: CodeReservedEntity,
					Message: "segment " + r.ID.String() + " is Lambda's own and cannot be replaced by code",
				})
			}
		}
	}
	return out
}

// Counts is how many documents came and what became of them.
type Counts struct {
	Accepted map[string]int64 // by door
	Rejected map[string]int64 // by code; ReservedEntity counts entities
}

// Counts is a copy of the counts since the start.
func (g *Ingester) Counts() Counts { return g.counts.copy() }

// counters are written by every request.
type counters struct {
	mu sync.Mutex
	Counts
}

func (c *counters) accepted(door radiograph.Door, n int) {
	if n == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.Accepted, door.String(), n)
}

func (c *counters) rejected(code string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.Rejected, code, 1)
}

func count(m *map[string]int64, key string, n int) {
	if *m == nil {
		*m = make(map[string]int64)
	}
	(*m)[key] += int64(n)
}

func (c *counters) copy() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := Counts{Accepted: make(map[string]int64), Rejected: make(map[string]int64)}
	for k, n := range c.Accepted {
		out.Accepted[k] = n
	}
	for k, n := range c.Rejected {
		out.Rejected[k] = n
	}
	return out
}
