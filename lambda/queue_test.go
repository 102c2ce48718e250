package lambda

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// run works through the queue until the returned function is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
}

var event = radiograph.InvokeRequest{Type: radiograph.Event, Payload: []byte(`{"n":1}`), TraceHeader: "Root=" + someID + ";Parent=53995c3f42cd8ad8;Sampled=1"}

func TestEventIsDurableBeforeItsAnswer(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}))
		defer w.close()
		w.create(someFunction("fn"))
		r := w.invoke(event)
		if r.Status != 202 || len(r.Payload) != 0 || r.FunctionError != "" || !strings.HasPrefix(r.TraceHeader, "Root="+someID) {
			t.Errorf("%+v", r)
		}
		if keys := w.state.crashed().keys(eventPrefix); len(keys) != 1 {
			t.Errorf("durable: %v", keys)
		}
		// Its segment is visible at the answer.
		if gs := w.sink.segments(t); len(gs) != 1 || gs[0].HTTP.Response.Status != 202 || !gs[0].sub("Dwell Time").InProgress {
			t.Errorf("segments %+v", gs)
		}
		w.state.fail = radiograph.Errorf(radiograph.KindUnavailable, "disk full")
		if _, err := w.Invoke(context.Background(), w.request(event)); radiograph.ErrorKind(err) != radiograph.KindUnavailable {
			t.Errorf("not stored, yet %v", err)
		}
		w.state.fail = nil
		if len(w.queue.known) != 1 {
			t.Errorf("%d tickets", len(w.queue.known))
		}
	})
}

// TestAcceptedEventsRunAfterACrash kills the server three times: before an event
// has run, between its attempts, and after its end.
func TestAcceptedEventsRunAfterACrash(t *testing.T) {
	in(t, func(t *testing.T) {
		failing := func(p *process) {
			p.boot(0)
			for {
				p.next()
				p.fail("ValueError", "boom")
			}
		}
		first := newWorld(t, failing)
		first.create(someFunction("fn"))
		accepted := time.Now()
		first.invoke(event)
		afterAccept := first.state.crashed()
		first.close()

		time.Sleep(10 * time.Second)
		second := newWorldOn(t, afterAccept, failing)
		stop := second.run()
		synctest.Wait() // one attempt has failed
		afterAttempt := second.state.crashed()
		stop()
		second.close()
		if n := second.sandbox.count(); n != 1 {
			t.Fatalf("%d environments", n)
		}

		third := newWorldOn(t, afterAttempt, echo(timing{work: time.Millisecond}))
		stop = third.run()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if n := third.sandbox.count(); n != 0 {
			t.Fatal("the second attempt did not wait")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		stop()
		third.close()
		gs := third.sink.segments(t)
		if len(gs) != 2 {
			t.Fatalf("%d segments", len(gs))
		}
		before := first.sink.segments(t)[0]
		service := gs[0]
		if service.ID != before.ID || service.TraceID != someID || service.Parent != "53995c3f42cd8ad8" || service.Start != before.Start {
			t.Errorf("another service segment: %+v", service)
		}
		if d := service.sub("Dwell Time").duration(); d != 10*time.Second {
			t.Errorf("dwell time %v", d)
		}
		one, two := service.sub("Attempt #1"), service.sub("Attempt #2")
		if one == nil || !one.Error || two == nil || two.Error || two.HTTP.Response.Status != 200 || two.Start.Time().Sub(accepted) != 70*time.Second {
			t.Errorf("attempts %+v, %+v", one, two)
		}
		if gs[1].Parent != two.ID || gs[1].TraceID != someID {
			t.Errorf("function segment %+v", gs[1])
		}
		if left := third.state.crashed(); len(left.keys(eventPrefix))+len(left.keys(progressPrefix)) != 0 {
			t.Errorf("left: %v %v", left.keys(eventPrefix), left.keys(progressPrefix))
		}
		fourth := newWorldOn(t, third.state.crashed(), failing)
		stop = fourth.run()
		time.Sleep(time.Hour)
		stop()
		fourth.close()
		if n := fourth.sandbox.count(); n != 0 {
			t.Error("it ran again")
		}
	})
}

func TestThreeAttempts(t *testing.T) {
	in(t, func(t *testing.T) {
		var headers []string
		w := newWorld(t, func(p *process) {
			p.boot(0)
			for {
				p.next()
				headers = append(headers, p.event.TraceHeader+" "+p.event.RequestID)
				p.fail("ValueError", "boom")
			}
		}, func(c *Config) { c.AsyncBackoff = []time.Duration{100 * time.Millisecond, 200 * time.Millisecond} })
		defer w.close()
		w.create(someFunction("fn"))
		stop := w.run()
		defer stop()
		begin := time.Now()
		w.invoke(event)
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(headers) != 3 {
			t.Fatalf("%d attempts", len(headers))
		}
		gs := w.sink.segments(t)
		if len(gs) != 4 {
			t.Fatalf("%d segments", len(gs))
		}
		for i, at := range []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond} {
			a := gs[0].sub("Attempt #" + string(rune('1'+i)))
			if a == nil || a.Start.Time().Sub(begin) != at || !a.Error || a.Cause == nil || gs[i+1].Parent != a.ID {
				t.Errorf("attempt %d: %+v", i+1, a)
			}
			if want := "Root=" + someID + ";Parent=" + gs[i+1].sub("Invocation").ID + ";Sampled=1 " + requestID; headers[i] != want {
				t.Errorf("attempt %d got %q, want %q", i+1, headers[i], want)
			}
		}
		ds, err := w.Decisions(context.Background(), home, "fn", 0)
		if err != nil || len(ds) != 4 || ds[3].Status != 202 || ds[3].Attempt != 0 || ds[0].Attempt != 3 || ds[0].Status != 200 || ds[0].FunctionError != "ValueError: boom" {
			t.Errorf("decisions %+v, %v", ds, err)
		}
		if keys := w.state.keys(eventPrefix); len(keys) != 0 {
			t.Errorf("left: %v", keys)
		}
	})
}

// TestDwellTime: an event that waits for a busy server shows its wait.
func TestDwellTime(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{work: 300 * time.Millisecond}), func(c *Config) { c.MaxEnvironments = 1 })
		defer w.close()
		w.create(someFunction("fn"))
		w.invoke(event)
		w.invoke(event)
		stop := w.run()
		defer stop()
		time.Sleep(time.Minute)
		synctest.Wait()
		var dwells []time.Duration
		for _, g := range w.sink.segments(t) {
			if g.Origin == "AWS::Lambda" {
				dwells = append(dwells, g.sub("Dwell Time").duration())
				if g.duration() != 0 || g.sub("Attempt #1").End <= g.End {
					t.Errorf("the service segment is not over at its 202: %+v", g)
				}
			}
		}
		slices.Sort(dwells)
		if diff := cmp.Diff([]time.Duration{0, 300 * time.Millisecond}, dwells); diff != "" {
			t.Error(diff)
		}
	})
}

// TestThrottledEventIsRequeued: such attempts are drawn and not counted.
func TestThrottledEventIsRequeued(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, func(p *process) {
			p.boot(0)
			for {
				p.next()
				p.sleep(5 * time.Second)
				p.fail("ValueError", "boom")
			}
		}, func(c *Config) { c.MaxEnvironments = 1 })
		defer w.close()
		f := someFunction("fn")
		f.Timeout = 60
		w.create(f)
		stop := w.run()
		defer stop()
		var busy sync.WaitGroup
		busy.Go(func() { w.invoke(radiograph.InvokeRequest{TraceHeader: "Root=" + someID + ";Sampled=0"}) })
		synctest.Wait()
		w.invoke(event)
		busy.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		service := w.sink.segments(t)[0]
		var statuses []int
		for _, a := range service.Subsegments[1:] {
			statuses = append(statuses, a.HTTP.Response.Status)
			if (a.HTTP.Response.Status == 429) != a.Throttle || !a.Error {
				t.Errorf("%+v", a)
			}
		}
		// Throttled at 1 s and 3 s, then run at 5 s and failed three times.
		if diff := cmp.Diff([]int{429, 429, 200, 200, 200}, statuses); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRequeueWait(t *testing.T) {
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300}
	for before, seconds := range want {
		if got := requeueWait(before); got != seconds*time.Second {
			t.Errorf("after %d: %v", before, got)
		}
	}
}

// TestDropped: events that can never run end, and the decisions tell why.
func TestDropped(t *testing.T) {
	in(t, func(t *testing.T) {
		ctx := context.Background()
		w := newWorld(t, echo(timing{}))
		defer w.close()
		w.create(someFunction("fn"))
		w.create(someFunction("old"))
		w.invoke(event)
		w.invoke(radiograph.InvokeRequest{Function: "old", Type: radiograph.Event})
		if err := w.DeleteFunction(ctx, home, "fn", ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6*time.Hour + time.Second)
		stop := w.run()
		synctest.Wait()
		stop()
		for name, want := range map[string]string{
			"fn":  "The event was dropped: Function not found: arn:aws:lambda:eu-west-1:123456789012:function:fn",
			"old": "The event was dropped: The event is older than 6h0m0s, its maximum age.",
		} {
			if ds, err := w.Decisions(ctx, home, name, 1); err != nil || len(ds) != 1 || ds[0].FunctionError != want {
				t.Errorf("%s: %+v, %v", name, ds, err)
			}
		}
		if keys := w.state.keys(eventPrefix); len(keys) != 0 || w.sandbox.count() != 0 {
			t.Errorf("left %v, %d environments", keys, w.sandbox.count())
		}
	})
}

// TestStopWhileAttempting: an attempt the server gives up runs again after the
// next start.
func TestStopWhileAttempting(t *testing.T) {
	in(t, func(t *testing.T) {
		f := someFunction("fn")
		f.Timeout = 600
		w := newWorld(t, echo(timing{work: 5 * time.Minute}))
		w.create(f)
		stop := w.run()
		w.invoke(event)
		time.Sleep(time.Second)
		begin := time.Now()
		stop()
		if took := time.Since(begin); took != defaultDrainTimeout {
			t.Errorf("stopped after %v", took)
		}
		w.close()
		if keys := w.state.keys(eventPrefix); len(keys) != 1 {
			t.Fatalf("left: %v", keys)
		}
		after := newWorldOn(t, w.state.crashed(), echo(timing{}))
		defer after.close()
		defer after.run()()
		synctest.Wait()
		if gs := after.sink.segments(t); len(gs) != 2 || gs[0].sub("Attempt #1") == nil {
			t.Errorf("segments %+v", gs)
		}
	})
}

// TestUnreadableEvent: one damaged record stops nobody else.
func TestUnreadableEvent(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}))
		w.create(someFunction("fn"))
		w.invoke(event)
		w.invoke(event)
		w.close()
		broken := w.state.keys(eventPrefix)[0]
		if err := w.state.Apply(context.Background(), radiograph.Change{Key: progressPrefix + strings.TrimPrefix(broken, eventPrefix), Value: []byte("{")}); err != nil {
			t.Fatal(err)
		}
		after := newWorldOn(t, w.state.crashed(), echo(timing{}))
		defer after.close()
		stop := after.run()
		synctest.Wait()
		stop()
		if gs := after.sink.segments(t); len(gs) != 2 {
			t.Errorf("%d segments", len(gs))
		}
		if keys := after.state.keys(eventPrefix); len(keys) != 1 || keys[0] != broken {
			t.Errorf("left: %v", keys)
		}
	})
}

func TestRunTwice(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}))
		stop := w.run()
		synctest.Wait()
		if err := w.Run(context.Background()); err == nil {
			t.Error("two at once")
		}
		w.close() // ends Run as well
		stop()
	})
}

// TestManyEvents: nothing is lost when many wait for few environments.
func TestManyEvents(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{work: 20 * time.Millisecond}))
		defer w.close()
		w.create(someFunction("fn"))
		stop := w.run()
		defer stop()
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() { w.invoke(event) })
		}
		all.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		done := 0
		for _, g := range w.sink.segments(t) {
			if g.Origin == "AWS::Lambda" && !g.Error && len(g.Subsegments) > 1 {
				done++
			}
		}
		if keys := w.state.keys(eventPrefix); done != 200 || len(keys) != 0 {
			t.Errorf("%d done, %d left", done, len(keys))
		}
	})
}
