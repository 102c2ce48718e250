package otlp

import (
	"context"
	"fmt"
	"log/slog"

	"radiograph"
)

// Config is what a Receiver works with. Sink is required.
type Config struct {
	Sink radiograph.Sink
	// Annotations are the attributes to index besides those a span lists in
	// aws.xray.annotations; a resource's begin with "otel.resource.". With
	// AnnotateAll all are that can be.
	Annotations []string
	AnnotateAll bool
	Log         *slog.Logger // nil: nothing is logged
}

// Receiver takes export requests. Its methods may be called from any goroutine.
type Receiver struct{ cfg Config }

// New makes a Receiver.
func New(c Config) *Receiver {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = c.Log.With("component", "otlp")
	return &Receiver{c}
}

// maxBatch bounds the documents given to the Sink at once.
const maxBatch = 1000

// outcome is what an answer tells of spans that were not taken.
type outcome struct {
	rejected int
	message  string
}

func (o *outcome) reject(id []byte, why string) {
	o.rejected++
	if o.rejected == 1 {
		o.message = fmt.Sprintf("span %x: %s", id[:min(len(id), 8)], why)
	}
}

// text is the message of a partial success.
func (o *outcome) text() string {
	if o.rejected > 1 {
		return fmt.Sprintf("%s (and %d more)", o.message, o.rejected-1)
	}
	return o.message
}

// put stores the spans of a request; they are durable when it returns. An error
// means that nothing is promised: the request should come again.
func (r *Receiver) put(ctx context.Context, t radiograph.Tenant, request []resourceSpans) (outcome, error) {
	var (
		o     outcome
		batch = make([]radiograph.Document, 0, min(maxBatch, 64))
		from  = make([]*span, 0, cap(batch)) // the span each document is of
		last  *span
		m     = mapper{cfg: &r.cfg}
	)
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		refused, err := r.cfg.Sink.Put(ctx, t, radiograph.DoorOTLP, batch)
		if err != nil {
			return err
		}
		for _, x := range refused {
			if s := from[x.Index]; s != last { // a span of two documents counts once
				o.reject(s.spanID, x.Message)
				last = s
			}
		}
		batch, from = make([]radiograph.Document, 0, cap(batch)), from[:0]
		return nil
	}
	for i := range request {
		rs := newResource(request[i].resource)
		for j := range request[i].spans {
			s := &request[i].spans[j]
			bodies, err := m.documents(rs, s)
			if err != nil {
				o.reject(s.spanID, err.Error())
				continue
			}
			if len(batch)+len(bodies) > maxBatch {
				if err := flush(); err != nil {
					return o, err
				}
			}
			for _, b := range bodies {
				batch, from = append(batch, radiograph.Document{Body: b}), append(from, s)
			}
		}
	}
	if err := flush(); err != nil {
		return o, err
	}
	if o.rejected > 0 {
		r.cfg.Log.Debug("spans rejected", "op", "export", "count", o.rejected, "first", o.message)
	}
	return o, nil
}
