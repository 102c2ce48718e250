package lambda

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"radiograph"
)

// instantSandbox answers from within Deliver: what is left is Invoke's own work.
type instantSandbox struct{}

type instantProcess struct {
	events chan radiograph.EnvironmentEvent
}

func (instantSandbox) Start(context.Context, *radiograph.EnvironmentSpec) (radiograph.Environment, error) {
	e := instantProcess{make(chan radiograph.EnvironmentEvent, 8)}
	e.events <- radiograph.EnvironmentEvent{Kind: radiograph.ProcessStarted, At: time.Now()}
	e.events <- radiograph.EnvironmentEvent{Kind: radiograph.RuntimeAskedNext, At: time.Now()}
	return e, nil
}

func (e instantProcess) Events() <-chan radiograph.EnvironmentEvent { return e.events }

func (e instantProcess) Deliver(ev *radiograph.RuntimeEvent, _ radiograph.Stamp) error {
	now := time.Now()
	e.events <- radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, At: now, RequestID: ev.RequestID, Payload: ev.Payload}
	e.events <- radiograph.EnvironmentEvent{Kind: radiograph.RuntimeAskedNext, At: now}
	return nil
}

func (instantProcess) Drain(context.Context) radiograph.DatagramReport {
	return radiograph.DatagramReport{}
}

func (e instantProcess) Stop(string) {
	e.events <- radiograph.EnvironmentEvent{Kind: radiograph.EnvironmentExited, At: time.Now()}
	close(e.events)
}

// countingSink takes segments and keeps none.
type countingSink struct{ documents atomic.Int64 }

func (s *countingSink) Put(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, nil
}

func (s *countingSink) Offer(_ context.Context, _ radiograph.Tenant, _ radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	s.documents.Add(int64(len(docs)))
	return nil, nil
}

// BenchmarkInvoke is the warm path without a process and without a store.
func BenchmarkInvoke(b *testing.B) {
	for _, sampled := range []string{"sampled=0", "sampled=1"} {
		header := "Root=" + someID + ";Parent=53995c3f42cd8ad8;S" + sampled[1:]
		b.Run(sampled, func(b *testing.B) {
			sink := &countingSink{}
			w := newWorld(b, nil, func(c *Config) { c.Sandbox, c.Sink = instantSandbox{}, sink })
			defer w.close()
			w.create(someFunction("fn"))
			ctx := context.Background()
			req := w.request(radiograph.InvokeRequest{TraceHeader: header, Payload: []byte(`{"hello":"world"}`)})
			if _, err := w.Invoke(ctx, req); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Invoke(ctx, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
