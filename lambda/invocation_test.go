package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

const requestID = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"

func TestInvokeAnswers(t *testing.T) {
	boot := func(p *process) { p.boot(0); p.next() }
	tests := []struct {
		name    string
		behave  func(*process)
		payload string
		want    string
		failed  bool
	}{
		{name: "Echo", behave: echo(timing{}), payload: `{"a":1}`, want: `{"a":1}`},
		{name: "NoPayload", behave: echo(timing{}), want: `{}`},
		{name: "HandlerError", behave: func(p *process) { boot(p); p.fail("ValueError", "boom"); p.next() }, want: `{"errorMessage":"boom","errorType":"ValueError"}`, failed: true},
		{name: "Timeout", behave: func(p *process) { boot(p); p.sleep(time.Hour) }, want: `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ` + requestID + ` Error: Task timed out after 1.00 seconds"}`, failed: true},
		{name: "ExitStatus", behave: func(p *process) { boot(p); p.exited("exit status 1") }, want: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + requestID + ` Error: Runtime exited with error: exit status 1"}`, failed: true},
		{name: "ExitZero", behave: func(p *process) { boot(p); p.exited("") }, want: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + requestID + ` Error: Runtime exited without providing a reason"}`, failed: true},
		{name: "ExitDuringInit", behave: func(p *process) { p.boot(0); p.exited("signal: segmentation fault") }, want: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + requestID + ` Error: Runtime exited with error: signal: segmentation fault"}`, failed: true},
		{name: "NeverStarted", behave: func(p *process) { p.exited("exit status 127") }, want: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + requestID + ` Error: Runtime exited with error: exit status 127"}`, failed: true},
		{name: "InitError", behave: func(p *process) {
			p.boot(0)
			p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeInitError, Payload: []byte(`{"errorType":"Runtime.ImportModuleError", "x":1}`)})
		}, want: `{"errorType":"Runtime.ImportModuleError", "x":1}`, failed: true},
		{name: "TooLarge", behave: func(p *process) {
			boot(p)
			p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, RequestID: p.event.RequestID, TooLarge: true})
			p.next()
		}, want: `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`, failed: true},
		{name: "AnotherRequestAnswered", behave: func(p *process) {
			boot(p)
			p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, RequestID: "another", Payload: []byte("1")})
			p.respond("2")
			p.next()
		}, want: "2"},
		{name: "NextWithoutAnswer", behave: func(p *process) { boot(p); p.next() }, want: `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ` + requestID + ` Error: Runtime exited without providing a reason"}`, failed: true},
		{name: "ExitAfterAnswer", behave: func(p *process) { boot(p); p.respond("1"); p.exited("exit status 3") }, want: "1"},
		{name: "StuckAfterAnswer", behave: func(p *process) { boot(p); p.respond("1"); p.sleep(time.Hour) }, want: "1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				w := newWorld(t, test.behave)
				defer w.close()
				w.create(someFunction("fn"))
				r := w.invoke(radiograph.InvokeRequest{Payload: []byte(test.payload)})
				if string(r.Payload) != test.want {
					t.Errorf("got  %s\nwant %s", r.Payload, test.want)
				}
				if (r.FunctionError == "Unhandled") != test.failed || r.Status != 200 || r.ExecutedVersion != "$LATEST" || r.RequestID != requestID {
					t.Errorf("result %+v", r)
				}
				time.Sleep(2 * time.Second) // what is left comes to its end
				synctest.Wait()
				if gs := w.sink.segments(t); len(gs) != 2 || gs[0].InProgress || gs[1].InProgress {
					t.Errorf("%d segments", len(gs))
				}
			})
		})
	}
}

func TestInvokeRefuses(t *testing.T) {
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.create(someFunction("fn"))
	large := strings.Repeat(" ", maxSyncPayload) + "1"
	tests := []struct {
		name string
		req  radiograph.InvokeRequest
		kind radiograph.Kind
		code string
		text string
	}{
		{"LargeSync", radiograph.InvokeRequest{Payload: []byte(large)}, radiograph.KindTooLarge, "RequestTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation"},
		{"LargeEvent", radiograph.InvokeRequest{Type: radiograph.Event, Payload: []byte(large[len(large)-1<<20-1:])}, radiograph.KindTooLarge, "RequestTooLargeException", "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"},
		{"NotJSON", radiograph.InvokeRequest{Payload: []byte("{\n nope}")}, radiograph.KindInvalid, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: Unexpected character ('n' (code 110)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') at [line: 2, column: 2]"},
		{"NotJSONAtAll", radiograph.InvokeRequest{Payload: []byte("\xff")}, radiograph.KindInvalid, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: Unexpected character ('?' (code 255)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') at [line: 1, column: 1]"},
		{"CutJSON", radiograph.InvokeRequest{Payload: []byte(`{"a":`)}, radiograph.KindInvalid, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: Unexpected end-of-input"},
		{"Type", radiograph.InvokeRequest{Type: "Later"}, radiograph.KindInvalid, "ValidationException", "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, Event, DryRun]"},
		{"ClientContext", radiograph.InvokeRequest{ClientContext: "%%%"}, radiograph.KindInvalid, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."},
		{"LargeClientContext", radiograph.InvokeRequest{ClientContext: strings.Repeat("A", 3584)}, radiograph.KindInvalid, "InvalidRequestContentException", "Client context must be no larger than 3583 bytes when base64-encoded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.Invoke(context.Background(), w.request(test.req))
			if radiograph.ErrorKind(err) != test.kind || code(err) != test.code || text(err) != test.text {
				t.Errorf("got  %s %.300v\nwant %s %s", code(err), err, test.code, test.text)
			}
		})
	}
	if n := w.sandbox.count(); n != 0 {
		t.Errorf("%d environments were started", n)
	}
	if _, err := w.Invoke(context.Background(), w.request(radiograph.InvokeRequest{Payload: []byte(large[1:])})); err != nil {
		t.Errorf("the largest payload: %v", err)
	}
}

func TestDryRun(t *testing.T) {
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.create(someFunction("fn"))
	if r := w.invoke(radiograph.InvokeRequest{Type: radiograph.DryRun}); r.Status != 204 || len(r.Payload) > 0 {
		t.Errorf("%+v", r)
	}
	if n := w.sandbox.count(); n != 0 {
		t.Errorf("%d environments were started", n)
	}
}

// TestRuntimeEvent checks what a runtime gets.
func TestRuntimeEvent(t *testing.T) {
	in(t, func(t *testing.T) {
		var got *radiograph.RuntimeEvent
		w := newWorld(t, func(p *process) {
			p.boot(0)
			p.next()
			got = p.event
			p.respond("{}")
			p.next()
		})
		defer w.close()
		w.create(someFunction("fn"))
		if _, err := w.PublishVersion(context.Background(), home, "fn", "", "", ""); err != nil {
			t.Fatal(err)
		}
		r := w.invoke(radiograph.InvokeRequest{
			Qualifier: "1", Payload: []byte("[1]"), ClientContext: "eyJhIjoxfQ==",
			TraceHeader: "Root=" + someID + ";Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:0",
		})
		gs := w.sink.segments(t)
		want := &radiograph.RuntimeEvent{
			RequestID: requestID, Payload: []byte("[1]"), ClientContext: `{"a":1}`,
			TraceHeader: "Root=" + someID + ";Parent=" + gs[1].sub("Invocation").ID + ";Sampled=1;Lineage=a87bd80c:0",
			Deadline:    got.Deadline, FunctionARN: "arn:aws:lambda:eu-west-1:123456789012:function:fn:1",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if d := time.Until(got.Deadline); d != time.Second {
			t.Errorf("the deadline is in %v", d)
		}
		if r.ExecutedVersion != "1" || r.TraceHeader != "Root="+someID+";Parent="+gs[0].ID+";Sampled=1;Lineage=a87bd80c:0" {
			t.Errorf("result %+v", r)
		}
		p := w.sandbox.process(1)
		if got := p.stamps[0]; got.Trace.String() != someID || got.Invocation.String() != gs[1].sub("Invocation").ID {
			t.Errorf("stamp %v", got)
		}
		if !regexp.MustCompile(`^2000/01/01/\[1\][0-9a-f]{32}$`).MatchString(p.spec.LogStream) || p.spec.Credentials.SessionToken != "t" || p.spec.Function.Version != "1" {
			t.Errorf("spec %+v", p.spec)
		}
	})
}

func TestLog(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, func(p *process) {
			p.boot(110*time.Millisecond + 100*time.Microsecond)
			p.log("importing")
			for {
				p.next()
				p.sleep(3*time.Millisecond + 10*time.Microsecond)
				p.log("hello")
				p.respond("{}")
			}
		})
		defer w.close()
		w.create(someFunction("fn"))
		traced := w.invoke(radiograph.InvokeRequest{Tail: true, TraceHeader: "Root=" + someID + ";Sampled=1"})
		plain := w.invoke(radiograph.InvokeRequest{Tail: true, TraceHeader: "Root=" + someID + ";Sampled=0"})
		invocation := w.sink.segments(t)[1].sub("Invocation").ID
		_, arn := RuntimeVersion(someFunction("fn"))
		if !regexp.MustCompile(`^arn:aws:lambda:eu-west-1::runtime:[0-9a-f]{64}$`).MatchString(arn) {
			t.Errorf("runtime version %s", arn)
		}
		want := "INIT_START Runtime Version: python:3.12.v1\tRuntime Version ARN: " + arn + "\n" +
			"importing\n" +
			"START RequestId: " + requestID + " Version: $LATEST\n" +
			"hello\n" +
			"END RequestId: " + requestID + "\n" +
			"REPORT RequestId: " + requestID + "\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n" +
			"XRAY TraceId: " + someID + "\tSegmentId: " + invocation + "\tSampled: true\n"
		if diff := cmp.Diff(want, string(traced.LogTail)); diff != "" {
			t.Errorf("traced, cold (-want +got):\n%s", diff)
		}
		want = "START RequestId: " + requestID + " Version: $LATEST\n" +
			"hello\n" +
			"END RequestId: " + requestID + "\n" +
			"REPORT RequestId: " + requestID + "\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n"
		if diff := cmp.Diff(want, string(plain.LogTail)); diff != "" {
			t.Errorf("not traced, warm (-want +got):\n%s", diff)
		}
		if r := w.invoke(radiograph.InvokeRequest{}); r.LogTail != nil {
			t.Errorf("a tail nobody asked for: %s", r.LogTail)
		}
	})
}

func TestLogOfFailures(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, func(p *process) {
			p.boot(0)
			p.next()
			if p.number == 1 {
				p.sleep(time.Hour)
			}
			p.exit.OutOfMemory = true
			p.exited("signal: killed")
		})
		defer w.close()
		w.create(someFunction("fn"))
		late := w.invoke(radiograph.InvokeRequest{Tail: true, TraceHeader: "Sampled=0;Root=" + someID})
		if want := "2000-01-01T00:00:01.000Z " + requestID + " Task timed out after 1.00 seconds\nEND RequestId: " + requestID + "\nREPORT RequestId: " + requestID + "\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t"; !strings.Contains(string(late.LogTail), want) {
			t.Errorf("got\n%s\nwant in it\n%s", late.LogTail, want)
		}
		killed := w.invoke(radiograph.InvokeRequest{Tail: true, TraceHeader: "Sampled=0;Root=" + someID})
		if want := "RequestId: " + requestID + " Error: Runtime exited with error: signal: killed\nRuntime.ExitError\nEND RequestId: "; !strings.Contains(string(killed.LogTail), want) {
			t.Errorf("got\n%s\nwant in it\n%s", killed.LogTail, want)
		}
		if !strings.Contains(string(killed.LogTail), "Max Memory Used: 128 MB") {
			t.Errorf("out of memory, yet\n%s", killed.LogTail)
		}
	})
}

func TestTailIsTheLast4KB(t *testing.T) {
	w := newWorld(t, func(p *process) {
		p.boot(0)
		for {
			p.next()
			for i := range 1000 {
				p.log(fmt.Sprintf("line %d", i))
			}
			p.log(strings.Repeat("x", 5000))
			p.log("last")
			p.respond("{}")
		}
	})
	defer w.close()
	w.create(someFunction("fn"))
	r := w.invoke(radiograph.InvokeRequest{Tail: true})
	if len(r.LogTail) != 4096 || !strings.Contains(string(r.LogTail), "xxx\nlast\nEND") {
		t.Errorf("%d bytes, ending %q", len(r.LogTail), r.LogTail[max(0, len(r.LogTail)-300):])
	}
}

// TestRightsLost: a role that loses the right later has its segments dropped,
// and the decision says so.
func TestRightsLost(t *testing.T) {
	ctx := context.Background()
	w := newWorld(t, echo(timing{}))
	defer w.close()
	w.create(someFunction("fn"))
	w.roles.deny(putTraceSegments)
	w.invoke(radiograph.InvokeRequest{})
	if n := len(w.sink.bodies()); n != 0 {
		t.Errorf("%d documents", n)
	}
	ds, err := w.Decisions(ctx, home, "fn", 0)
	if err != nil || len(ds) != 1 {
		t.Fatal(ds, err)
	}
	want := []string{"The role " + goodRole + " does not allow xray:PutTraceSegments, so Lambda's segments were not sent."}
	if diff := cmp.Diff(want, ds[0].Dropped); diff != "" {
		t.Error(diff)
	}
	if !ds[0].Sampled {
		t.Error("it was sampled, though dropped")
	}
}

// TestCallerGoesAway: a function that has begun comes to its end.
func TestCallerGoesAway(t *testing.T) {
	in(t, func(t *testing.T) {
		w := newWorld(t, echo(timing{work: 100 * time.Millisecond}))
		defer w.close()
		w.create(someFunction("fn"))
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		r, err := w.Invoke(ctx, w.request(radiograph.InvokeRequest{Payload: []byte("7")}))
		if err != nil || string(r.Payload) != "7" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// TestCauseIsCut: whatever a runtime posts, the documents stay within what the
// door in takes.
func TestCauseIsCut(t *testing.T) {
	frame := `{"path":"` + strings.Repeat("p", 100) + `","line":1,"label":"l"}`
	for name, posted := range map[string]string{
		"DeepStack":      `{"exceptions":[{"message":"m","type":"T","stack":[` + strings.Repeat(frame+",", 2000) + frame + `]}]}`,
		"ManyExceptions": `{"exceptions":[` + strings.Repeat(`{"message":"`+strings.Repeat("m", 500)+`","type":"T"},`, 500) + `{"message":"last"}]}`,
		"LongMessage":    `{"exceptions":[{"message":"` + strings.Repeat("é", 40000) + `","type":"T"}]}`,
		"LongPaths":      `{"working_directory":"` + strings.Repeat("w", 40000) + `","paths":["` + strings.Repeat("p", 40000) + `"]}`,
		"Escapes":        `{"working_directory":"` + strings.Repeat(`\u0001`, 5000) + `","exceptions":[{"message":"` + strings.Repeat(`\u0001`, 5000) + `","type":"T` + strings.Repeat(`\u0001`, 5000) + `"}]}`,
		"LongFrame":      `{"exceptions":[{"type":"T","stack":[{"path":"` + strings.Repeat("p", 40000) + `"}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := readCause([]byte(posted))
			var c cause
			if err := json.Unmarshal(got, &c); err != nil || len(got) > maxCause {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			for _, e := range c.Exceptions {
				if e.ID.IsZero() {
					t.Error("an exception without id")
				}
			}
			if strings.Contains(posted, "exceptions") && (len(c.Exceptions) == 0 || c.Exceptions[0].Type[:1] != "T") {
				t.Errorf("the first exception is lost: %s", got)
			}
		})
	}
	for _, none := range []string{"", "{}", "[]", "nope", `{"exceptions":[]}`} {
		if got := readCause([]byte(none)); got != nil {
			t.Errorf("%q became %s", none, got)
		}
	}
}

func TestDecisions(t *testing.T) {
	in(t, func(t *testing.T) {
		ctx := context.Background()
		w := newWorld(t, func(p *process) {
			p.boot(0)
			for {
				p.next()
				p.log("hello")
				p.mu.Lock()
				p.report = radiograph.DatagramReport{Datagrams: 2, Bytes: 300, Dropped: []string{"too large"}}
				p.mu.Unlock()
				p.fail("ValueError", "boom")
				p.sleep(50 * time.Millisecond)
			}
		})
		w.create(someFunction("fn"))
		w.invoke(radiograph.InvokeRequest{TraceHeader: "Root=" + someID + ";Sampled=1"})
		early, err := w.Decisions(ctx, home, "fn", 10)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		w.invoke(radiograph.InvokeRequest{TraceHeader: "Root=" + someID + ";Sampled=0"})
		time.Sleep(time.Second)
		ds, err := w.Decisions(ctx, home, "fn", 10)
		if err != nil || len(ds) != 2 || len(early) != 1 {
			t.Fatal(early, ds, err)
		}
		root, _ := radiograph.ParseTraceID(someID)
		want := &radiograph.Decision{
			Time: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), Tenant: home, Function: "fn", Version: "$LATEST", RequestID: requestID,
			Type: radiograph.RequestResponse, Attempt: 1, HeaderIn: "Root=" + someID + ";Sampled=1", Mode: "Active", Trace: root,
			Sampled: true, Reason: "The caller decided to sample (Sampled=1).", Cold: true, Status: 200, FunctionError: "ValueError: boom",
			Datagrams: 2, DatagramBytes: 300, Dropped: []string{"too large"}, LogTail: ds[1].LogTail,
		}
		if diff := cmp.Diff(want, ds[1]); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}
		if ds[0].Sampled || ds[0].Cold || ds[0].Reason != "The caller decided not to sample (Sampled=0)." || !strings.Contains(ds[0].LogTail, "hello") {
			t.Errorf("second %+v", ds[0])
		}
		if one, _ := w.Decisions(ctx, home, "fn", 1); len(one) != 1 || !one[0].Time.Equal(ds[0].Time) {
			t.Errorf("newest first: %v", one)
		}
		// Bounded, and counted on by the next process.
		for range maxDecisions + 10 {
			w.journal.add(&radiograph.Decision{Tenant: home, Function: "fn"})
		}
		w.close()
		if n := len(w.state.keys(decisionPrefix)); n != maxDecisions {
			t.Errorf("%d decisions are kept", n)
		}
		after := newWorldOn(t, w.state, echo(timing{}))
		defer after.close()
		after.journal.add(&radiograph.Decision{Tenant: home, Function: "fn", RequestID: "newest"})
		if ds, _ := after.Decisions(ctx, home, "fn", 0); len(ds) != maxDecisions || ds[0].RequestID != "newest" {
			t.Errorf("%d decisions, newest %+v", len(ds), ds[0])
		}
	})
}
