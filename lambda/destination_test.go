package lambda

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// TestDestinations: an event's end, each in its own way, is told to the function
// that the configuration names, once, in the same trace and below the segment of
// the event.
func TestDestinations(t *testing.T) {
	zero, two := 0, 2
	tests := []struct {
		name    string
		payload string
		config  EventInvokeConfig // without destinations
		zero    bool              // no concurrency is left
		told    string            // the destination
		want    map[string]any    // the record without version and timestamp
		after   time.Duration
	}{
		{
			name: "Success", payload: `{"a":1}`, told: "success", after: time.Second, config: EventInvokeConfig{MaximumRetryAttempts: &two},
			want: map[string]any{
				"requestContext": requestContext("Success", 1), "requestPayload": map[string]any{"a": 1.0},
				"responseContext": map[string]any{"statusCode": 200.0, "executedVersion": "$LATEST"}, "responsePayload": map[string]any{"a": 1.0},
			},
		},
		{
			name: "NoRetry", payload: `"fail"`, told: "failure", after: time.Second, config: EventInvokeConfig{MaximumRetryAttempts: &zero},
			want: map[string]any{
				"requestContext": requestContext("RetriesExhausted", 1), "requestPayload": "fail",
				"responseContext": map[string]any{"statusCode": 200.0, "executedVersion": "$LATEST", "functionError": "Unhandled"},
				"responsePayload": map[string]any{"errorType": "ValueError", "errorMessage": "boom"},
			},
		},
		{
			name: "TwoRetries", payload: `"fail"`, told: "failure", after: 4 * time.Minute,
			want: map[string]any{
				"requestContext": requestContext("RetriesExhausted", 3), "requestPayload": "fail",
				"responseContext": map[string]any{"statusCode": 200.0, "executedVersion": "$LATEST", "functionError": "Unhandled"},
				"responsePayload": map[string]any{"errorType": "ValueError", "errorMessage": "boom"},
			},
		},
		{
			// The second retry would begin three minutes after acceptance.
			name: "Age", payload: `"fail"`, told: "failure", after: 2 * time.Minute, config: EventInvokeConfig{MaximumEventAge: new(100)},
			want: map[string]any{
				"requestContext": requestContext("EventAgeExceeded", 2), "requestPayload": "fail",
				"responseContext": map[string]any{"statusCode": 200.0, "executedVersion": "$LATEST", "functionError": "Unhandled"},
				"responsePayload": map[string]any{"errorType": "ValueError", "errorMessage": "boom"},
			},
		},
		{
			name: "NoConcurrency", payload: `{}`, told: "failure", after: time.Second, zero: true,
			want: map[string]any{"requestContext": requestContext("ZeroReservedConcurrency", 0), "requestPayload": map[string]any{}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				ctx := context.Background()
				told := make(chan [2]string, 10)
				w := newWorld(t, func(p *process) {
					p.boot(0)
					for {
						p.next()
						switch {
						case p.spec.Function.Name != "fn":
							told <- [2]string{p.spec.Function.Name, string(p.event.Payload)}
							p.respond("null")
						case string(p.event.Payload) == `"fail"`:
							p.fail("ValueError", "boom")
						default:
							p.respond(string(p.event.Payload))
						}
					}
				})
				defer w.close()
				for _, name := range []string{"fn", "success", "failure"} {
					w.create(someFunction(name))
				}
				test.config.Destinations = &Destinations{OnSuccess: radiograph.FunctionARN(home, "success"), OnFailure: radiograph.FunctionARN(home, "failure")}
				if _, err := w.PutEventInvokeConfig(ctx, home, "fn", test.config, false); err != nil {
					t.Fatal(err)
				}
				if test.zero {
					if err := w.ReserveConcurrency(ctx, home, "fn", &zero); err != nil {
						t.Fatal(err)
					}
				}
				stop := w.run()
				w.invoke(radiograph.InvokeRequest{Type: radiograph.Event, Payload: []byte(test.payload), TraceHeader: "Root=" + someID + ";Sampled=1"})
				time.Sleep(test.after)
				synctest.Wait()
				if len(told) != 1 {
					t.Fatalf("%d destinations were told", len(told))
				}
				got := <-told
				var record map[string]any
				if err := json.Unmarshal([]byte(got[1]), &record); err != nil || record["version"] != "1.0" {
					t.Fatalf("%v in %s", err, got[1])
				}
				if at, err := time.Parse("2006-01-02T15:04:05.000Z", record["timestamp"].(string)); err != nil || time.Since(at) > test.after {
					t.Errorf("timestamp %v", record["timestamp"])
				}
				delete(record, "version")
				delete(record, "timestamp")
				if diff := cmp.Diff(test.want, record); diff != "" || got[0] != test.told {
					t.Errorf("%s was told (-want +got):\n%s", got[0], diff)
				}
				// One trace: the destination's segment hangs below the event's.
				var from, to *segment
				for _, g := range w.sink.segments(t) {
					switch {
					case g.Origin == "AWS::Lambda" && g.Name == "fn":
						from = g
					case g.Origin == "AWS::Lambda" && g.Name == test.told:
						to = g
					}
				}
				if from == nil || to == nil || to.Parent != from.ID || to.TraceID != from.TraceID {
					t.Errorf("segments %+v and %+v", from, to)
				}
				stop()
				if keys := w.state.keys(eventPrefix); len(keys) > 0 {
					t.Errorf("left %v", keys)
				}
			})
		})
	}
}

// requestContext is a record's requestContext.
func requestContext(condition string, count float64) map[string]any {
	return map[string]any{
		"requestId": "8f507cfc-xmpl-4697-b07a-ac58fc914c95", "functionArn": radiograph.FunctionARN(home, "fn") + ":$LATEST",
		"condition": condition, "approximateInvokeCount": count,
	}
}

// TestDestinationRefused: a role that may not invoke the destination is refused
// when it is set, and told of when it lost the right since.
func TestDestinationRefused(t *testing.T) {
	in(t, func(t *testing.T) {
		ctx := context.Background()
		w := newWorld(t, echo(timing{}))
		defer w.close()
		w.create(someFunction("fn"))
		w.create(someFunction("other"))
		config := EventInvokeConfig{Destinations: &Destinations{OnSuccess: radiograph.FunctionARN(home, "other")}}
		if _, err := w.PutEventInvokeConfig(ctx, home, "fn", config, false); err != nil {
			t.Fatal(err)
		}
		w.roles.deny("lambda:InvokeFunction")
		_, err := w.PutEventInvokeConfig(ctx, home, "fn", config, false)
		if want := "The function's execution role does not have permissions to call InvokeFunction on " + config.Destinations.OnSuccess; text(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
		stop := w.run()
		w.invoke(event)
		synctest.Wait()
		stop()
		ds, err := w.Decisions(ctx, home, "fn", 1)
		want := "The destination " + config.Destinations.OnSuccess + " was not told: the role " + goodRole + " does not allow lambda:InvokeFunction."
		if err != nil || len(ds) != 1 || len(ds[0].Dropped) != 1 || ds[0].Dropped[0] != want {
			t.Errorf("decisions %+v, %v", ds, err)
		}
	})
}
