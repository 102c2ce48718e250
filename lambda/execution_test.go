package lambda

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"radiograph"
)

// deed is one thing a chaotic environment does, after a pause.
type deed struct {
	Pause time.Duration
	Kind  radiograph.EnvironmentEventKind
	Right bool // it names the request delivered last; else another
	Large bool
	Cause bool
}

// chaos is an environment that does its deeds whatever the Runtime API's order
// says, and exits, or hangs, after the last.
type chaos struct {
	events  chan radiograph.EnvironmentEvent
	stopped chan struct{}
	stop    sync.Once
	deaf    bool

	mu   sync.Mutex
	last string
}

func (c *chaos) Events() <-chan radiograph.EnvironmentEvent { return c.events }

func (c *chaos) Deliver(ev *radiograph.RuntimeEvent, _ radiograph.Stamp) error {
	if c.deaf {
		return errors.New("it does not listen")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = ev.RequestID
	return nil
}

func (c *chaos) Drain(context.Context) radiograph.DatagramReport {
	return radiograph.DatagramReport{Datagrams: 1}
}

func (c *chaos) Stop(string) { c.stop.Do(func() { close(c.stopped) }) }

func (c *chaos) live(deeds []deed, hang bool) {
	defer close(c.events)
	exit := radiograph.EnvironmentEvent{Kind: radiograph.EnvironmentExited, At: time.Now()}
	for _, d := range deeds {
		select {
		case <-time.After(d.Pause):
		case <-c.stopped:
			c.events <- exit
			return
		}
		ev := radiograph.EnvironmentEvent{Kind: d.Kind, At: time.Now(), RequestID: "another", TooLarge: d.Large, Payload: []byte("{}")}
		if d.Right {
			c.mu.Lock()
			ev.RequestID = c.last
			c.mu.Unlock()
		}
		if d.Cause {
			ev.Cause = []byte(postedCause)
		}
		select {
		case c.events <- ev:
		case <-c.stopped:
			c.events <- exit
			return
		}
	}
	if hang {
		<-c.stopped
	}
	c.events <- exit
}

// chaoticSandbox starts environments by a plan, over and over.
type chaoticSandbox struct {
	plans []plan

	mu      sync.Mutex
	started int
}

type plan struct {
	Fail  bool
	Hang  bool
	Deaf  bool
	Deeds []deed
}

func (s *chaoticSandbox) Start(context.Context, *radiograph.EnvironmentSpec) (radiograph.Environment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plans[s.started%len(s.plans)]
	s.started++
	if p.Fail {
		return nil, errors.New("no process")
	}
	c := &chaos{events: make(chan radiograph.EnvironmentEvent), stopped: make(chan struct{}), deaf: p.Deaf}
	go c.live(p.Deeds, p.Hang)
	return c, nil
}

// drawPlan mixes deeds that follow the Runtime API with ones that do not, so
// that both long lives and nonsense come up.
func drawPlan(t *rapid.T) plan {
	pause := rapid.Custom(func(t *rapid.T) time.Duration {
		return rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, 19 * time.Millisecond, 21 * time.Millisecond, 300 * time.Millisecond, 1100 * time.Millisecond, 10100 * time.Millisecond}).Draw(t, "pause")
	})
	p := plan{
		Fail: rapid.IntRange(0, 19).Draw(t, "fail") == 0,
		Deaf: rapid.IntRange(0, 9).Draw(t, "deaf") == 0,
		Hang: rapid.Bool().Draw(t, "hang"),
	}
	polite := rapid.Bool().Draw(t, "polite")
	if polite {
		p.Deeds = append(p.Deeds, deed{Kind: radiograph.ProcessStarted}, deed{Kind: radiograph.RuntimeAskedNext, Pause: pause.Draw(t, "init")})
	}
	for range rapid.IntRange(0, 6).Draw(t, "deeds") {
		d := deed{Pause: pause.Draw(t, "pause"), Right: true, Cause: rapid.Bool().Draw(t, "cause")}
		if polite {
			d.Kind = rapid.SampledFrom([]radiograph.EnvironmentEventKind{radiograph.RuntimeResponse, radiograph.RuntimeError, radiograph.LogLine}).Draw(t, "kind")
			p.Deeds = append(p.Deeds, d, deed{Kind: radiograph.RuntimeAskedNext, Pause: pause.Draw(t, "overhead")})
			continue
		}
		d.Kind = rapid.SampledFrom([]radiograph.EnvironmentEventKind{
			radiograph.ProcessStarted, radiograph.RuntimeAskedNext, radiograph.RuntimeAskedNext, radiograph.RuntimeInitError,
			radiograph.RuntimeResponse, radiograph.RuntimeError, radiograph.LogLine,
		}).Draw(t, "kind")
		d.Right, d.Large = rapid.Bool().Draw(t, "right"), rapid.Bool().Draw(t, "large")
		p.Deeds = append(p.Deeds, d)
	}
	return p
}

// TestChaos: whatever environments do, every invocation gets an answer, every
// traced one exactly its segments, complete in the end, and nothing is left.
func TestChaos(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plans := rapid.SliceOfN(rapid.Custom(drawPlan), 1, 5).Draw(rt, "plans")
		limit := rapid.IntRange(1, 3).Draw(rt, "limit")
		arrivals := rapid.SliceOfN(rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, time.Second, 20 * time.Second}), 1, 6).Draw(rt, "arrivals")
		event := rapid.SliceOfN(rapid.Bool(), len(arrivals), len(arrivals)).Draw(rt, "asynchronous")
		closing := rapid.SampledFrom([]time.Duration{0, 500 * time.Millisecond, time.Hour}).Draw(rt, "closing")
		var failures []string
		synctest.Test(t, func(t *testing.T) {
			failures = chaoticRun(t, &chaoticSandbox{plans: plans}, limit, arrivals, event, closing)
		})
		for _, f := range failures {
			rt.Error(f)
		}
	})
}

func chaoticRun(t *testing.T, sandbox *chaoticSandbox, limit int, arrivals []time.Duration, event []bool, closing time.Duration) (failures []string) {
	w := newWorld(t, nil, func(c *Config) {
		c.Sandbox, c.MaxEnvironments, c.AsyncBackoff = sandbox, limit, []time.Duration{time.Second}
	})
	f := someFunction("fn")
	f.Timeout = 3
	w.create(f)
	stop := w.run()
	var mu sync.Mutex
	fail := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		failures = append(failures, fmt.Sprintf(format, args...))
	}
	ran := map[string]bool{} // traces whose function segment must be there
	refused := map[string]bool{}
	var all sync.WaitGroup
	for i, wait := range arrivals {
		time.Sleep(wait)
		all.Go(func() {
			trace := radiograph.NewTraceID(time.Now())
			req := radiograph.InvokeRequest{Function: "fn", RequestID: fmt.Sprintf("request-%d", i), TraceHeader: "Root=" + trace.String() + ";Sampled=1"}
			if event[i] {
				req.Type = radiograph.Event
			}
			r, err := w.Invoke(context.Background(), w.request(req))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				refused[trace.String()] = true
			case !event[i]:
				ran[trace.String()] = true
				if r.Status != 200 || r.RequestID != req.RequestID {
					failures = append(failures, fmt.Sprintf("result %+v", r))
				}
			}
		})
	}
	synctest.Wait()
	time.Sleep(closing)
	w.close()
	all.Wait()
	stop()
	w.pool.mu.Lock()
	if w.pool.slots != 0 || w.pool.idle.Len() != 0 || w.pool.waiters.Len() != 0 {
		fail("%d slots taken, %d idle, %d waiting", w.pool.slots, w.pool.idle.Len(), w.pool.waiters.Len())
	}
	w.pool.mu.Unlock()

	services, functions := map[string]int{}, map[string]int{}
	for _, g := range w.sink.segments(t) {
		switch g.Origin {
		case "AWS::Lambda":
			services[g.TraceID]++
		case "AWS::Lambda::Function":
			functions[g.TraceID]++
		}
		if g.InProgress || g.End < g.Start {
			fail("%s segment %s is not complete: %v to %v", g.Origin, g.ID, g.Start, g.End)
		}
		var before radiograph.Timestamp
		for _, s := range g.Subsegments {
			if s.Name == "Dwell Time" && s.InProgress {
				continue // never attempted
			}
			if s.End < s.Start || s.Start < before || s.InProgress {
				fail("%s %s of %s: %v to %v after %v", s.Name, s.ID, g.ID, s.Start, s.End, before)
			}
			before = s.Start
			if g.Origin == "AWS::Lambda::Function" && s.End > g.End {
				fail("%s ends after its segment", s.Name)
			}
		}
	}
	for trace := range ran {
		if services[trace] != 1 || functions[trace] != 1 {
			fail("trace %s has %d service and %d function segments", trace, services[trace], functions[trace])
		}
	}
	for trace := range refused {
		if services[trace] > 1 || functions[trace] > services[trace] {
			fail("refused trace %s has %d service and %d function segments", trace, services[trace], functions[trace])
		}
	}
	for trace, n := range services {
		if n != 1 {
			fail("trace %s has %d service segments", trace, n)
		}
	}
	return failures
}
