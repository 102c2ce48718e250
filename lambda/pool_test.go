package lambda

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"radiograph"
)

// together starts invocations at once and returns their errors.
func (w *world) together(reqs ...radiograph.InvokeRequest) []error {
	errs := make([]error, len(reqs))
	var all sync.WaitGroup
	for i, req := range reqs {
		all.Go(func() { _, errs[i] = w.Invoke(context.Background(), w.request(req)) })
	}
	all.Wait()
	return errs
}

func TestWarmReuse(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{init: time.Millisecond, work: time.Millisecond, overhead: time.Millisecond}))
		defer w.close()
		w.create(someFunction("fn"))
		for range 5 {
			w.invoke(radiograph.InvokeRequest{})
		}
		if n := w.sandbox.count(); n != 1 {
			t.Errorf("%d environments for invocations one after the other", n)
		}
		w.together(radiograph.InvokeRequest{}, radiograph.InvokeRequest{}, radiograph.InvokeRequest{})
		if n := w.sandbox.count(); n != 3 {
			t.Errorf("%d environments for three at once", n)
		}
	})
}

func TestThrottle(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{work: 700 * time.Millisecond}), func(c *Config) { c.MaxEnvironments = 1 })
		defer w.close()
		f := someFunction("fn")
		f.Timeout = 60
		w.create(f)
		begin := time.Now()
		errs := w.together(radiograph.InvokeRequest{}, radiograph.InvokeRequest{}, radiograph.InvokeRequest{})
		throttled := 0
		for _, err := range errs {
			if err == nil {
				continue
			}
			throttled++
			var limit *Throttle
			if radiograph.ErrorKind(err) != radiograph.KindThrottled || code(err) != "TooManyRequestsException" || text(err) != "Rate Exceeded." ||
				!errors.As(err, &limit) || limit.Reason != "ConcurrentInvocationLimitExceeded" || limit.RetryAfter != time.Second {
				t.Errorf("got %s %v", code(err), err)
			}
		}
		// One runs, one gets its environment after 0.7 s, one has waited 1 s in vain.
		if throttled != 1 || time.Since(begin) != 1400*time.Millisecond || w.sandbox.count() != 1 {
			t.Errorf("%d throttled after %v in %d environments", throttled, time.Since(begin), w.sandbox.count())
		}
	})
}

// TestMakesRoom: an idle environment of another function gives its place up.
func TestMakesRoom(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}), func(c *Config) { c.MaxEnvironments = 2 })
		defer w.close()
		for _, name := range []string{"a", "b", "c"} {
			w.create(someFunction(name))
			w.invoke(radiograph.InvokeRequest{Function: name})
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if p := w.sandbox.process(1); p.stoppedFor() != "another function needs its place" {
			t.Errorf("the one idle longest: %q", p.stoppedFor())
		}
		if p := w.sandbox.process(2); p.stoppedFor() != "" {
			t.Errorf("the other: %q", p.stoppedFor())
		}
	})
}

// TestBusyMakesRoom: with all busy, the one released first is ended for a
// function that has none.
func TestBusyMakesRoom(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{work: 500 * time.Millisecond}), func(c *Config) { c.MaxEnvironments = 1 })
		defer w.close()
		w.create(someFunction("a"))
		w.create(someFunction("b"))
		for i, err := range w.together(radiograph.InvokeRequest{Function: "a"}, radiograph.InvokeRequest{Function: "b"}) {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
		if n := w.sandbox.count(); n != 2 {
			t.Errorf("%d environments", n)
		}
	})
}

func TestRetired(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(w *world) error{
		"Configuration": func(w *world) error {
			_, err := w.UpdateConfiguration(ctx, home, "fn", func(f *radiograph.Function) error {
				f.Tracing = radiograph.TracingPassThrough
				return nil
			}, "")
			return err
		},
		"Code": func(w *world) error {
			_, err := w.UpdateCode(ctx, home, "fn", zipOf(w.t, map[string]string{"app.py": "2"}), false, "")
			return err
		},
		"Delete": func(w *world) error {
			if err := w.DeleteFunction(ctx, home, "fn", ""); err != nil {
				return err
			}
			w.create(someFunction("fn"))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				w := newWorld(t, echo(timing{work: 100 * time.Millisecond}))
				defer w.close()
				w.create(someFunction("fn"))
				w.together(radiograph.InvokeRequest{}, radiograph.InvokeRequest{}) // two environments
				var busy sync.WaitGroup
				busy.Go(func() { w.invoke(radiograph.InvokeRequest{Payload: []byte("1")}) })
				time.Sleep(10 * time.Millisecond)
				if err := change(w); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				stopped := func() (n int) {
					for i := range w.sandbox.count() {
						p := w.sandbox.process(i + 1)
						if p.stoppedFor() != "" {
							n++
						}
					}
					return n
				}
				if n := stopped(); n != 1 {
					t.Errorf("%d environments stopped while one is busy", n)
				}
				busy.Wait()
				synctest.Wait()
				if n := stopped(); n != 2 {
					t.Errorf("%d environments stopped", n)
				}
				w.invoke(radiograph.InvokeRequest{})
				if n := w.sandbox.count(); n != 3 {
					t.Errorf("%d environments after the change", n)
				}
			})
		})
	}
}

func TestIdleEnvironmentEnds(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}), func(c *Config) { c.IdleTimeout = time.Minute })
		defer w.close()
		w.create(someFunction("fn"))
		w.invoke(radiograph.InvokeRequest{})
		time.Sleep(59 * time.Second)
		w.invoke(radiograph.InvokeRequest{})
		time.Sleep(59 * time.Second)
		if p := w.sandbox.process(1); p.stoppedFor() != "" {
			t.Fatalf("stopped too early: %s", p.stoppedFor())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if p := w.sandbox.process(1); p.stoppedFor() == "" {
			t.Error("still there")
		}
		w.pool.mu.Lock()
		defer w.pool.mu.Unlock()
		if w.pool.slots != 0 || w.pool.idle.Len() != 0 {
			t.Errorf("%d slots, %d idle", w.pool.slots, w.pool.idle.Len())
		}
	})
}

// TestDiesWhileIdle: the next invocation gets another environment, not an error.
func TestDiesWhileIdle(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, func(p *process) {
			p.boot(0)
			p.next()
			p.respond("1")
			p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeAskedNext})
			p.log("between invocations")
			p.sleep(time.Second)
			p.exited("signal: killed")
		})
		defer w.close()
		w.create(someFunction("fn"))
		w.invoke(radiograph.InvokeRequest{})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if r := w.invoke(radiograph.InvokeRequest{}); r.FunctionError != "" || w.sandbox.count() != 2 {
			t.Errorf("%+v", r)
		}
	})
}

// TestRefusesDelivery: an environment that takes no event hands it to another.
func TestRefusesDelivery(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, func(p *process) {
			if p.number > 1 {
				echo(timing{})(p)
			}
			p.boot(0)
			p.next()
			p.respond("1")
			p.mu.Lock()
			p.deaf = true
			p.mu.Unlock()
			p.next()
		})
		defer w.close()
		w.create(someFunction("fn"))
		w.invoke(radiograph.InvokeRequest{})
		p := w.sandbox.process(1)
		if r := w.invoke(radiograph.InvokeRequest{Payload: []byte("2")}); string(r.Payload) != "2" || p.stoppedFor() != "it takes no events" {
			t.Errorf("%+v, stopped since %q", r, p.stoppedFor())
		}
	})
}

func TestOldEnvironmentIsReplaced(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}), func(c *Config) { c.IdleTimeout = 100 * time.Hour })
		defer w.close()
		w.create(someFunction("fn"))
		w.invoke(radiograph.InvokeRequest{})
		time.Sleep(12 * time.Hour) // its keys are no longer good
		w.invoke(radiograph.InvokeRequest{})
		if n := w.sandbox.count(); n != 2 {
			t.Errorf("%d environments", n)
		}
	})
}

func TestRoleGone(t *testing.T) {
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.create(someFunction("fn"))
	w.roles.mu.Lock()
	w.roles.unassumable = true
	w.roles.mu.Unlock()
	_, err := w.Invoke(context.Background(), w.request(radiograph.InvokeRequest{}))
	if radiograph.ErrorKind(err) != radiograph.KindDenied || text(err) != "The role defined for the function cannot be assumed by Lambda." {
		t.Errorf("got %v", err)
	}
}

func TestCannotStart(t *testing.T) {
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.create(someFunction("fn"))
	w.sandbox.fail = &radiograph.Error{Kind: radiograph.KindInvalid, Code: "Runtime.InvalidEntrypoint", Message: "no file named bootstrap"}
	r := w.invoke(radiograph.InvokeRequest{})
	if want := `{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: ` + requestID + ` Error: no file named bootstrap"}`; string(r.Payload) != want || r.FunctionError == "" {
		t.Errorf("got %s", r.Payload)
	}
	for _, test := range []struct {
		fail error
		code string
		text string
	}{
		{radiograph.Errorf(radiograph.KindUnsupported, "python3.12 is not on this machine"), "InvalidRuntimeException", "python3.12 is not on this machine"},
		{radiograph.Errorf(radiograph.KindUnavailable, "the server stops"), "ServiceException", "the server stops"},
		{radiograph.Errorf(radiograph.KindInvalid, "the package holds too many files"), "InvalidZipFileException", "the package holds too many files"},
		{errors.New("fork: out of memory"), "ServiceException", "The environment could not be started."},
	} {
		w.sandbox.fail = test.fail
		_, err := w.Invoke(context.Background(), w.request(radiograph.InvokeRequest{}))
		if code(err) != test.code || text(err) != test.text {
			t.Errorf("got %s %v, want %s %s", code(err), err, test.code, test.text)
		}
	}
	w.pool.mu.Lock()
	defer w.pool.mu.Unlock()
	if w.pool.slots != 0 {
		t.Errorf("%d slots are taken", w.pool.slots)
	}
}

// TestClose lets what runs end, gives up what takes too long, and takes nothing
// new.
func TestClose(t *testing.T) {
	for name, test := range map[string]struct {
		work time.Duration
		err  string
		took time.Duration
	}{
		"Drains":  {work: 3 * time.Second, took: 3 * time.Second},
		"GivesUp": {work: 30 * time.Second, took: 5 * time.Second, err: "The server is shutting down."},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				w := newWorld(t, echo(timing{work: test.work}))
				f := someFunction("fn")
				f.Timeout = 60
				w.create(f)
				var busy sync.WaitGroup
				busy.Go(func() {
					if _, err := w.Invoke(context.Background(), w.request(radiograph.InvokeRequest{})); text(err) != test.err {
						t.Errorf("got %v", err)
					}
				})
				synctest.Wait()
				begin := time.Now()
				w.close()
				if took := time.Since(begin); took != test.took {
					t.Errorf("closed after %v", took)
				}
				busy.Wait()
				if _, err := w.Invoke(context.Background(), w.request(radiograph.InvokeRequest{})); text(err) != "The server is shutting down." {
					t.Errorf("after Close: %v", err)
				}
				if gs := w.sink.segments(t); len(gs) != 2 || gs[0].InProgress || gs[1].InProgress || gs[0].Fault != (test.err != "") {
					t.Errorf("segments %+v", gs)
				}
				w.close() // again, harmless
			})
		})
	}
}
