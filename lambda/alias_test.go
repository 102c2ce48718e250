package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"radiograph"
)

func TestAliasPick(t *testing.T) {
	for _, test := range []struct {
		weight float64
		r      float64
		want   string
	}{
		{0, 0, "1"}, {0.1, 0.0999, "2"}, {0.1, 0.1, "1"}, {1, 0.9999999, "2"},
	} {
		a := Alias{Version: "1", Weights: map[string]float64{"2": test.weight}}
		if got := a.pick(test.r); got != test.want {
			t.Errorf("weight %v, r %v: version %s, want %s", test.weight, test.r, got, test.want)
		}
	}
}

// twoVersions makes fn with versions 1 and 2, the alias live to 1, and to 2 with
// a weight.
func (w *world) twoVersions(weight float64) {
	w.t.Helper()
	ctx := context.Background()
	w.create(someFunction("fn"))
	for _, timeout := range []int{1, 2} {
		_, err := w.UpdateConfiguration(ctx, home, "fn", func(f *radiograph.Function) error { f.Timeout = timeout; return nil }, "")
		if err == nil {
			_, err = w.PublishVersion(ctx, home, "fn", "", "", "")
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := w.CreateAlias(ctx, home, "fn", Alias{Name: "live", Version: "1", Weights: map[string]float64{"2": weight}}); err != nil {
		w.t.Fatal(err)
	}
}

// TestAliasDivides counts the versions that 2,000 invocations by an alias got: a
// share of 0.25 within five standard deviations.
func TestAliasDivides(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}))
		defer w.close()
		w.twoVersions(0.25)
		got := map[string]int{}
		for range 2000 {
			got[w.invoke(radiograph.InvokeRequest{Qualifier: "live"}).ExecutedVersion]++
		}
		if got["1"]+got["2"] != 2000 || got["2"] < 500-97 || got["2"] > 500+97 {
			t.Errorf("invocations by version: %v", got)
		}
	})
}

// TestAliasInSegments: the service segment's ARN is the alias's, as invoked; the
// function segment's is the version's that ran.
func TestAliasInSegments(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}))
		defer w.close()
		w.twoVersions(1)
		w.invoke(radiograph.InvokeRequest{Qualifier: "live", TraceHeader: "Root=" + someID + ";Sampled=1"})
		arns := map[string]string{}
		for _, body := range w.sink.bodies() {
			var d struct {
				Name, Origin string
				ResourceARN  string `json:"resource_arn"`
				AWS          struct {
					FunctionARN string `json:"function_arn"`
				}
			}
			if err := json.Unmarshal(body, &d); err != nil || d.Name != "fn" {
				t.Fatalf("%v in %s", err, body)
			}
			arns[d.Origin] = d.ResourceARN + d.AWS.FunctionARN
		}
		arn := radiograph.FunctionARN(home, "fn")
		if arns["AWS::Lambda"] != arn+":live" || arns["AWS::Lambda::Function"] != arn+":2" {
			t.Errorf("ARNs %v", arns)
		}
		if got := w.sandbox.process(1).event.FunctionARN; got != arn+":live" {
			t.Errorf("the runtime was told %s", got)
		}
	})
}

// TestAttachmentsAreDurable: what a function has outlives a crash, and nothing of
// it the function.
func TestAttachmentsAreDurable(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, echo(timing{}))
	w.twoVersions(0.5)
	limit := 7
	if err := w.ReserveConcurrency(ctx, home, "fn", &limit); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AddPermission(ctx, home, "fn", "live", Permission{StatementID: "s", Action: "lambda:InvokeFunction", Principal: "*"}); err != nil {
		t.Fatal(err)
	}
	if err := w.ChangeTags(ctx, home, "fn", map[string]string{"a": "1"}, nil); err != nil {
		t.Fatal(err)
	}
	before, _ := w.Alias(ctx, home, "fn", "live")
	after := newWorldOn(t, w.state.crashed(), echo(timing{}))
	defer after.close()
	w.close()
	a, err := after.Alias(ctx, home, "fn", "live")
	if err != nil || a.RevisionID != before.RevisionID || a.Weights["2"] != 0.5 {
		t.Errorf("alias %+v, %v", a, err)
	}
	if reserved, err := after.ReservedConcurrency(ctx, home, "fn"); err != nil || reserved == nil || *reserved != 7 {
		t.Errorf("reserved %v, %v", reserved, err)
	}
	if p, _, err := after.Policy(ctx, home, "fn", "live"); err != nil || !strings.Contains(p, `"Sid":"s"`) {
		t.Errorf("policy %s, %v", p, err)
	}
	if tags, err := after.Tags(ctx, home, "fn"); err != nil || tags["a"] != "1" {
		t.Errorf("tags %v, %v", tags, err)
	}
	if err := after.DeleteFunction(ctx, home, "fn", ""); err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{functionPrefix, attachmentsPrefix} {
		if keys := after.state.keys(prefix); len(keys) > 0 {
			t.Errorf("the deleted function left %v", keys)
		}
	}
	// One of the same name has nothing of it.
	after.create(someFunction("fn"))
	if as, err := after.Aliases(ctx, home, "fn", ""); err != nil || len(as) != 0 {
		t.Errorf("aliases of the new function: %v, %v", as, err)
	}
}

// TestTagsKeepEnvironments: a tag is no update.
func TestTagsKeepEnvironments(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{}))
		defer w.close()
		f := w.create(someFunction("fn"))
		w.invoke(radiograph.InvokeRequest{})
		if err := w.ChangeTags(context.Background(), home, "fn", map[string]string{"a": "1"}, nil); err != nil {
			t.Fatal(err)
		}
		w.invoke(radiograph.InvokeRequest{})
		if w.sandbox.count() != 1 {
			t.Errorf("%d environments", w.sandbox.count())
		}
		if now, err := w.Function(context.Background(), home, "fn", ""); err != nil || now.RevisionID != f.RevisionID {
			t.Errorf("revision %s, %v; was %s", now.RevisionID, err, f.RevisionID)
		}
	})
}

// TestReservedConcurrency: of three invocations at once two run and one is
// throttled; an event waits in the queue for its turn.
func TestReservedConcurrency(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{work: 500 * time.Millisecond}))
		defer w.close()
		f := someFunction("fn")
		f.Timeout = 5
		w.create(f)
		ctx, stop := context.WithCancel(context.Background())
		ran := make(chan error)
		go func() { ran <- w.Run(ctx) }()
		two := 2
		if err := w.ReserveConcurrency(ctx, home, "fn", &two); err != nil {
			t.Fatal(err)
		}
		answers := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := w.Invoke(ctx, w.request(radiograph.InvokeRequest{TraceHeader: "Root=" + someID + ";Sampled=1"}))
				answers <- err
			}()
		}
		synctest.Wait()
		err := <-answers
		limit := new(Throttle)
		if code(err) != "TooManyRequestsException" || !asThrottle(err, &limit) || limit.Reason != "ReservedFunctionConcurrentInvocationLimitExceeded" {
			t.Errorf("the third got %v, %+v", err, limit)
		}
		w.invoke(radiograph.InvokeRequest{Type: radiograph.Event, RequestID: "event"})
		for range 2 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		time.Sleep(10 * time.Second) // the bubble's time
		ds, err := w.Decisions(ctx, home, "fn", 0)
		if err != nil {
			t.Fatal(err)
		}
		var statuses []int
		for _, d := range ds {
			if d.RequestID == "event" && d.Attempt > 0 {
				statuses = append(statuses, d.Status)
			}
		}
		if len(statuses) != 2 || statuses[0] != 200 || statuses[1] != 429 {
			t.Errorf("attempts of the event, the last first: %v", statuses)
		}
		throttled := 0
		for _, g := range w.sink.segments(t) {
			if g.Throttle && g.HTTP.Response.Status == 429 && g.Error && !g.Fault {
				throttled++
			}
		}
		if throttled != 1 {
			t.Errorf("%d segments of throttled calls, want 1", throttled)
		}
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
	})
}

func asThrottle(err error, limit **Throttle) bool { return errors.As(err, limit) }
