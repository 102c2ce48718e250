package interop

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	rg "radiograph"
)

var updateRuntimes = flag.Bool("update-runtimes", false, "rewrite testdata/runtime.golden as Python draws it")

// managedRuntime is a language that Lambda has a runtime for.
type managedRuntime struct {
	language string
	// prepare tells the runtime's name, its function in testdata/runtime, and the
	// variable that leads it to the folder of its packages.
	prepare func(t testing.TB) (runtime, file, variable, packages string)
}

var managedRuntimes = []managedRuntime{
	{"python", func(t testing.TB) (string, string, string, string) {
		p := pythonClients(t)
		return p.Runtime, "app.py", "PYTHONPATH", p.sitePackages()
	}},
	{"node", func(t testing.TB) (string, string, string, string) {
		n := nodeClients(t)
		return n.runtime(t), "app.js", "NODE_PATH", n.modules()
	}},
}

// function is what a function of the language is made of.
func (m *managedRuntime) function(t testing.TB) (runtime string, code []byte, variables map[string]string) {
	t.Helper()
	runtime, file, variable, packages := m.prepare(t)
	source, err := os.ReadFile("testdata/runtime/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return runtime, packageOf(t, map[string][]byte{file: source}), map[string]string{variable: packages}
}

// TestRuntimes holds the traces of the managed runtimes, with the language's
// X-Ray SDK inside, against one golden for all: what Lambda and the SDK record
// does not depend on the language.
func TestRuntimes(t *testing.T) {
	t.Parallel()
	for _, m := range managedRuntimes {
		t.Run(m.language, func(t *testing.T) {
			t.Parallel()
			runtime, code, variables := m.function(t)
			s := start(t)
			got := drawRuntime(t, s, runtime, code, variables)
			const golden = "testdata/runtime.golden"
			if m.language == "python" && *updateRuntimes {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("not as in %s (-golden +drawn; -update-runtimes rewrites it):\n%s", golden, diff)
			}
		})
	}
}

// drawRuntime makes the function, has it do each of its deeds and draws the
// traces, one after the other.
func drawRuntime(t *testing.T, s *server, runtime string, code []byte, variables map[string]string) string {
	t.Helper()
	account := account(t.Name())
	f := s.function(t, account, "deeds", runtime, code)
	f.configure(t, map[string]any{"Timeout": 2, "MemorySize": 512, "Environment": map[string]any{"Variables": variables}})
	broken := s.function(t, account, "broken", runtime, code)
	broken.configure(t, map[string]any{"Handler": "absent.handler"})

	var b strings.Builder
	for _, deed := range []struct {
		about     string
		of        *deployed
		do        string
		decision  string
		eventType string
	}{
		{about: "cold", of: f, do: "work"},
		{about: "warm", of: f, do: "work"},
		{about: "http", of: f, do: "http"},
		{about: "error", of: f, do: "fail"},
		{about: "unsampled", of: f, do: "work", decision: "Sampled=0"},
		{about: "asynchronous", of: f, do: "work", eventType: "Event"},
		{about: "timeout", of: f, do: "sleep"},
		{about: "after the timeout", of: f, do: "work"},
		{about: "import error", of: broken, do: "work"},
	} {
		id := rg.NewTraceID(time.Now()).String()
		a := s.call(t, account, "lambda", "POST", "/2015-03-31/functions/"+deed.of.name+"/invocations", http.Header{
			"X-Amzn-Trace-Id":       {"Root=" + id + ";" + cmp.Or(deed.decision, "Sampled=1")},
			"X-Amz-Invocation-Type": {cmp.Or(deed.eventType, "RequestResponse")},
		}, fmt.Appendf(nil, `{"do":%q}`, deed.do))
		fmt.Fprintf(&b, "# %s: %d %s\n", deed.about, a.Status, a.Header.Get("X-Amz-Function-Error"))
		var docs documents
		switch {
		case deed.decision == "Sampled=0":
			docs = s.documents(t, account, id)
		default:
			docs = s.traceWith(t, account, id, "AWS::Lambda::Function")
		}
		slices.SortFunc(docs, func(a, b *entity) int {
			return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), cmp.Compare(a.Start, b.Start))
		})
		for _, d := range docs {
			drawEntity(&b, d, 0)
		}
	}
	return b.String()
}

// traceWith waits for a complete trace that has a segment of that origin.
func (s *server) traceWith(t testing.TB, account, id, origin string) documents {
	t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if docs := s.documents(t, account, id); slices.ContainsFunc(docs, func(e *entity) bool { return e.Origin == origin }) {
			return s.trace(t, account, id)
		}
		if time.Since(began) > 10*time.Second {
			t.Fatalf("trace %s has no segment of origin %s", id, origin)
		}
	}
}

// rankOf orders a trace's documents: Lambda's, the function's, the others.
func rankOf(e *entity) int {
	switch e.Origin {
	case "AWS::Lambda":
		return 0
	case "AWS::Lambda::Function":
		return 1
	}
	return 2
}

// drawEntity writes what an entity is, without what differs from run to run.
func drawEntity(b *strings.Builder, e *entity, depth int) {
	fmt.Fprint(b, strings.Repeat("  ", depth))
	if strings.HasPrefix(e.Name, "127.0.0.1") {
		b.WriteString("SERVER")
	} else {
		b.WriteString(e.Name)
	}
	for _, word := range []string{e.Origin, strings.ReplaceAll(e.Namespace, "local", "")} {
		if word != "" {
			b.WriteString(" " + word)
		}
	}
	for _, flag := range []struct {
		set  bool
		word string
	}{{e.Inferred, "inferred"}, {e.Error, "error"}, {e.Fault, "fault"}, {e.Throttle, "throttle"}, {e.InProgress, "in_progress"}} {
		if flag.set {
			b.WriteString(" " + flag.word)
		}
	}
	if e.HTTP.Response.Status != 0 {
		fmt.Fprintf(b, " %d", e.HTTP.Response.Status)
	}
	for name, value := range e.Annotations { // one at most
		fmt.Fprintf(b, " %s=%v", name, value)
	}
	var cause struct {
		Exceptions []struct{ Type, Message string }
	}
	if json.Unmarshal(e.Cause, &cause) == nil {
		for _, x := range cause.Exceptions {
			b.WriteString(" <" + x.Type)
			if x.Message == "on purpose" {
				b.WriteString(": " + x.Message)
			}
			b.WriteString(">")
		}
	}
	b.WriteString("\n")
	slices.SortStableFunc(e.Subsegments, func(a, b *entity) int { return cmp.Compare(a.Start, b.Start) })
	for _, s := range e.Subsegments {
		drawEntity(b, s, depth+1)
	}
}
