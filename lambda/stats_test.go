package lambda

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

func TestStats(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, func(p *process) {
			p.boot(0)
			for n := 0; ; n++ {
				p.next()
				if n == 0 {
					p.fail("ValueError", "boom")
				} else {
					p.respond("{}")
				}
			}
		})
		defer w.close()
		w.create(someFunction("fn"))
		w.invoke(radiograph.InvokeRequest{})
		synctest.Wait()
		w.invoke(radiograph.InvokeRequest{})
		synctest.Wait()
		w.invoke(event) // nobody works through the queue
		time.Sleep(3 * time.Second)
		want := Stats{
			Environments: 1, Idle: 1, Events: 1, EventsDue: 1, OldestWaited: 3 * time.Second,
			Invocations: map[InvocationOutcome]int64{
				{radiograph.RequestResponse, "error"}: 1,
				{radiograph.RequestResponse, "ok"}:    1,
				{radiograph.Event, "accepted"}:        1,
			},
		}
		if d := cmp.Diff(want, w.Stats()); d != "" {
			t.Errorf("while the event waits (-want +got):\n%s", d)
		}
		stop := w.run()
		synctest.Wait()
		want.Events, want.EventsDue, want.OldestWaited = 0, 0, 0
		want.Invocations[InvocationOutcome{radiograph.Event, "ok"}] = 1
		if d := cmp.Diff(want, w.Stats()); d != "" {
			t.Errorf("after it has run (-want +got):\n%s", d)
		}
		stop()
	})
}

func TestOutcomeOf(t *testing.T) {
	for _, test := range []struct {
		status int
		err    string
		want   string
	}{
		{200, "", "ok"}, {200, "T: m", "error"}, {202, "", "accepted"}, {429, "", "throttled"}, {502, "", "failed"}, {500, "dropped", "failed"},
	} {
		got := outcomeOf(&radiograph.Decision{Type: radiograph.Event, Status: test.status, FunctionError: test.err})
		if got != (InvocationOutcome{radiograph.Event, test.want}) {
			t.Errorf("%d %q is %v, want %s", test.status, test.err, got, test.want)
		}
	}
}
