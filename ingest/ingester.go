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
	"maps"
	"slices"
	"sync"
	"time"

	"radiograph"
	"radiograph/trace"
)

// CodeReservedEntity is the code of what DoorEnvironment tried to write over an
// entity of Lambda's own segments. It is ours: the service has no such answer.
const CodeReservedEntity = "ReservedEntity"

// Config is what an Ingester works with. Meter and Log may be nil.
type Config struct {
	Store  radiograph.TraceStore
	State  radiograph.State // of telemetry
	Meter  radiograph.Meter // told of new traces
	Limits radiograph.Limits
	Log    *slog.Logger
	Clock  radiograph.Clock
}

// Ingester implements radiograph.Sink and radiograph.TelemetrySink.
type Ingester struct {
	store  radiograph.TraceStore
	meter  radiograph.Meter
	limits radiograph.Limits
	log    *slog.Logger
	clock  radiograph.Clock

	throttle  throttle
	counts    counters
	telemetry telemetry
}

// New makes the door to a store.
func New(c Config) *Ingester {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Ingester{
		store: c.Store, meter: c.Meter, limits: c.Limits, log: c.Log.With("component", "ingest"), clock: c.Clock,
		throttle:  throttle{rate: c.Limits.SegmentsPerSecond},
		telemetry: telemetry{state: c.State, tenants: make(map[radiograph.Tenant]*telemetryKeys)},
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
	now := g.clock()
	// What Lambda writes is the service's own, and counts for no quota.
	if door != radiograph.DoorLambda && !g.throttle.admit(t, len(docs), now) {
		g.counts.throttled(door, len(docs))
		return nil, &radiograph.Error{Kind: radiograph.KindThrottled, Message: "Rate exceeded"}
	}
	var rejected []radiograph.Rejection
	recs := make([]*radiograph.Record, 0, len(docs))
	from := make([]int, 0, len(docs)) // the document each record is of
	received := radiograph.TimestampOf(now)
	for i, doc := range docs {
		decoded, err := g.decode(doc.Body, received)
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
	rejected = append(rejected, late(from, recs, refused)...)
	g.count(t, recs)
	g.counts.accepted(door, len(docs)-len(rejected))
	for _, r := range rejected {
		g.counts.rejected(r.Code)
		g.log.Debug("document rejected", "op", "put", "door", door.String(), "code", r.Code, "segment_id", r.ID)
	}
	return append(rejected, g.refused(door, recs, from, refused)...), nil
}

// decode reads a document that is within the limits.
func (g *Ingester) decode(body []byte, now radiograph.Timestamp) ([]trace.Decoded, error) {
	if radiograph.Over(len(body), g.limits.SegmentBytes) {
		return nil, trace.TooLarge(body)
	}
	decoded, err := trace.Decode(body)
	if err != nil || g.limits.DataDays == 0 {
		return decoded, err
	}
	for _, d := range decoded {
		if now.Sub(d.Root.Start) > time.Duration(g.limits.DataDays)*24*time.Hour {
			return nil, trace.TooOld(d.Root)
		}
	}
	return decoded, nil
}

// count tells the meter of the traces that records have made.
func (g *Ingester) count(t radiograph.Tenant, recs []*radiograph.Record) {
	if g.meter == nil {
		return
	}
	made := 0
	for _, r := range recs {
		if r.First {
			made++
		}
	}
	g.meter.Count(t, radiograph.TracesRecorded, made)
}

// rejection words an error of decode.
func rejection(index int, err error) radiograph.Rejection {
	var bad *trace.InvalidError
	if errors.As(err, &bad) {
		return radiograph.Rejection{Index: index, ID: bad.ID, Code: bad.Code, Message: bad.Message}
	}
	return radiograph.Rejection{Index: index, Code: "InternalFailure", Message: "Internal failure"}
}

// late tells of documents whose traces no longer change.
func late(from []int, recs []*radiograph.Record, refused []radiograph.Refused) []radiograph.Rejection {
	var out []radiograph.Rejection
	for _, r := range refused {
		if !r.Late {
			continue
		}
		// An array of subsegments is one document, told once.
		index := from[slices.Index(recs, r.Record)]
		if !slices.ContainsFunc(out, func(o radiograph.Rejection) bool { return o.Index == index }) {
			out = append(out, rejection(index, trace.TooOld(r.Record.Root)))
		}
	}
	return out
}

// refused counts and logs entities that DoorLambda wrote first. The rest of
// their documents is stored, and the service itself says nothing, so only an
// environment's daemon hears of it, for the invocation's decision record.
func (g *Ingester) refused(door radiograph.Door, recs []*radiograph.Record, from []int, refused []radiograph.Refused) []radiograph.Rejection {
	var out []radiograph.Rejection
	for _, r := range refused {
		if r.Late {
			continue
		}
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
	Accepted  map[string]int64 // by door
	Rejected  map[string]int64 // by code; ReservedEntity counts entities
	Throttled map[string]int64 // by door
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

func (c *counters) throttled(door radiograph.Door, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	count(&c.Throttled, door.String(), n)
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
	return Counts{Accepted: maps.Clone(c.Accepted), Rejected: maps.Clone(c.Rejected), Throttled: maps.Clone(c.Throttled)}
}
