package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/trace"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestSegmentShapes holds the documents of each case, with ids numbered by their
// first appearance and times as seconds since the first invocation.
func TestSegmentShapes(t *testing.T) {
	const sampled = "Root=" + someID + ";Parent=53995c3f42cd8ad8;Sampled=1"
	usual := timing{init: 300 * time.Millisecond, work: 40 * time.Millisecond, overhead: time.Millisecond}
	twice := func(w *world) {
		w.invoke(radiograph.InvokeRequest{TraceHeader: sampled})
		w.invoke(radiograph.InvokeRequest{TraceHeader: sampled})
	}
	once := func(w *world) { w.invoke(radiograph.InvokeRequest{TraceHeader: sampled}) }
	async := func(w *world) {
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		w.invoke(radiograph.InvokeRequest{TraceHeader: sampled, Type: radiograph.Event})
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		stop()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
	tests := []struct {
		name    string
		behave  func(*process)
		run     func(*world)
		change  func(*radiograph.Function)
		options func(*Config)
	}{
		{name: "sync_cold_then_warm", behave: echo(usual), run: twice},
		{name: "sync_new_trace", behave: echo(usual), run: func(w *world) { w.invoke(radiograph.InvokeRequest{}) }},
		{name: "sync_unsampled", behave: echo(usual), run: func(w *world) {
			w.invoke(radiograph.InvokeRequest{TraceHeader: "Root=" + someID + ";Parent=53995c3f42cd8ad8;Sampled=0"})
		}},
		{name: "sync_late_next", behave: echo(timing{work: 10 * time.Millisecond, overhead: 50 * time.Millisecond}), run: func(w *world) {
			once(w)
			time.Sleep(time.Second)
		}},
		{name: "passthrough_sampled", behave: echo(usual), run: once, change: passThrough},
		{name: "passthrough_new", behave: echo(usual), run: once, change: passThrough, options: func(c *Config) { c.PassThroughNew = true }},
		{name: "published_version", behave: echo(usual), run: func(w *world) {
			if _, err := w.PublishVersion(context.Background(), home, "fn", "", "", ""); err != nil {
				w.t.Fatal(err)
			}
			w.invoke(radiograph.InvokeRequest{TraceHeader: sampled, Qualifier: "1"})
		}},
		{name: "error", run: once, behave: func(p *process) {
			p.boot(0)
			for {
				p.next()
				p.sleep(10 * time.Millisecond)
				p.fail("ValueError", "boom")
			}
		}},
		{name: "error_as_fault", run: once, options: func(c *Config) { c.ErrorsAsFault = true }, behave: func(p *process) {
			p.boot(0)
			for {
				p.next()
				p.fail("ValueError", "boom")
			}
		}},
		{name: "timeout_then_reset", behave: func(p *process) {
			p.boot(100 * time.Millisecond)
			for {
				p.next()
				p.sleep(2 * time.Second)
				p.respond("{}")
			}
		}, run: twice},
		{name: "crash", run: once, behave: func(p *process) {
			p.boot(0)
			p.next()
			p.sleep(10 * time.Millisecond)
			p.exited("exit status 1")
		}},
		{name: "init_error", run: once, behave: func(p *process) {
			p.boot(50 * time.Millisecond)
			p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeInitError, Payload: []byte(`{"errorMessage":"no module","errorType":"Runtime.ImportModuleError"}`), Cause: []byte(postedCause)})
			p.exited("exit status 1")
		}},
		{name: "init_too_long_then_repeated", change: func(f *radiograph.Function) { f.Timeout = 30 }, run: once, behave: func(p *process) {
			p.boot(11 * time.Second)
			for {
				p.next()
				p.respond("{}")
			}
		}},
		{name: "response_too_large", run: once, behave: func(p *process) {
			p.boot(0)
			for {
				p.next()
				p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, RequestID: p.event.RequestID, TooLarge: true})
			}
		}},
		{name: "throttled", options: func(c *Config) { c.MaxEnvironments = 1 }, change: func(f *radiograph.Function) { f.Timeout = 10 }, behave: echo(timing{work: 3 * time.Second}), run: func(w *world) {
			go w.invoke(radiograph.InvokeRequest{})
			synctest.Wait()
			_, err := w.Invoke(context.Background(), w.request(radiograph.InvokeRequest{TraceHeader: sampled}))
			if radiograph.ErrorKind(err) != radiograph.KindThrottled {
				w.t.Errorf("got %v", err)
			}
			// Its own segments are of no interest here.
			w.sink.mu.Lock()
			defer w.sink.mu.Unlock()
			if len(w.sink.docs) != 1 {
				w.t.Errorf("%d documents before the other invocation ends", len(w.sink.docs))
			}
			w.roles.deny(putTraceSegments)
		}},
		{name: "platform_failure", behave: echo(usual), run: func(w *world) {
			w.sandbox.fail = errors.New("fork: resource temporarily unavailable")
			_, err := w.Invoke(context.Background(), w.request(radiograph.InvokeRequest{TraceHeader: sampled}))
			if code(err) != "ServiceException" || strings.Contains(text(err), "fork") {
				w.t.Errorf("got %v", err)
			}
		}},
		{name: "async", behave: echo(usual), run: async},
		{name: "async_retried", behave: func(p *process) {
			p.boot(0)
			for try := 1; ; try++ {
				p.next()
				p.sleep(10 * time.Millisecond)
				if try < 3 {
					p.fail("ValueError", "boom")
				} else {
					p.respond("{}")
				}
			}
		}, run: async},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				w := newWorld(t, test.behave, func(c *Config) {
					if test.options != nil {
						test.options(c)
					}
				})
				f := someFunction("fn")
				if test.change != nil {
					test.change(f)
				}
				w.create(f)
				test.run(w)
				w.close()
				golden(t, filepath.Join("testdata", "segments", test.name+".golden"), normalize(t, w.sink.bodies()))
			})
		})
	}
}

func passThrough(f *radiograph.Function) { f.Tracing = radiograph.TracingPassThrough }

var (
	idPattern    = regexp.MustCompile(`"[0-9a-f]{16}"`)
	tracePattern = regexp.MustCompile(`"1-[0-9a-f]{8}-[0-9a-f]{24}"`)
	timePattern  = regexp.MustCompile(`(_time": )([0-9.]+)`)
)

// normalize makes documents of a bubble comparable: its time begins with the
// year 2000.
func normalize(t *testing.T, docs [][]byte) []byte {
	t.Helper()
	origin := radiograph.TimestampOf(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	var out bytes.Buffer
	for _, doc := range docs {
		if _, err := trace.Decode(doc); err != nil {
			t.Errorf("the door in refuses %s: %v", doc, err)
		}
		if err := json.Indent(&out, doc, "", "  "); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		out.WriteByte('\n')
	}
	ids := map[string]string{`"53995c3f42cd8ad8"`: `"caller"`}
	number := func(kind string) func([]byte) []byte {
		return func(id []byte) []byte {
			if ids[string(id)] == "" {
				ids[string(id)] = fmt.Sprintf(`"%s %d"`, kind, len(ids))
			}
			return []byte(ids[string(id)])
		}
	}
	b := idPattern.ReplaceAllFunc(out.Bytes(), number("id"))
	b = tracePattern.ReplaceAllFunc(b, func(id []byte) []byte {
		if string(id) == `"`+someID+`"` {
			return []byte(`"the caller's"`)
		}
		return number("trace")(id)
	})
	return timePattern.ReplaceAllFunc(b, func(m []byte) []byte {
		key, value, _ := bytes.Cut(m, []byte(": "))
		ts, err := radiograph.ParseSeconds(value)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(nil, "%s: %s", key, (ts - origin).AppendSeconds(nil))
	})
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
