package interop

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var updateStory = flag.Bool("update-story", false, "rewrite the stories' golden files as boto3 tells them")

// storyStep is a line of a story, such as testdata/story.json: a call of X-Ray, told by each SDK
// with its own typed methods, paginators and exceptions.
//
// In the strings of In, "@-60" is the time 60 s before the story's own, "#1" the
// trace id of that number, "$name" what an earlier answer gave. A document is an
// object there and a string when it is sent. {"each": n, "of": x} stands for n
// times x, whose strings take the number.
type storyStep struct {
	About string            `json:"about,omitempty"` // a heading, no call
	Op    string            `json:"op"`
	In    any               `json:"in"`
	Times int               `json:"times,omitempty"` // as often, with its number in the strings
	Pages bool              `json:"pages,omitempty"` // by the SDK's paginator, all pages
	Until string            `json:"until,omitempty"` // path=value that the answer comes to have
	Keep  map[string]string `json:"keep,omitempty"`  // name: where in the answer
	Error string            `json:"error,omitempty"` // the exception's class
	Brief bool              `json:"brief,omitempty"` // lists count in the golden, no more
}

// storyAnswer is what a teller prints for a step.
type storyAnswer struct {
	Out     map[string]any   `json:"out,omitempty"`
	Pages   []map[string]any `json:"pages,omitempty"`
	Error   string           `json:"error,omitempty"`
	Message string           `json:"message,omitempty"`
}

// story is the steps as one teller gets them.
type story struct {
	name  string // in testdata
	base  time.Time
	steps []storyStep
}

// newStory reads the story for the last moment on which the longest period of its
// series begins.
func newStory(t testing.TB, name string) *story {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var told []storyStep
	if err := json.Unmarshal(b, &told); err != nil {
		t.Fatal(err)
	}
	s := &story{name: name, base: time.Now().Truncate(5 * time.Minute)}
	for _, step := range told {
		for i := range max(1, step.Times) {
			if step.About == "" {
				each := step
				each.In = s.render(step.In, i)
				s.steps = append(s.steps, each)
			}
		}
	}
	return s
}

// traceID is the trace id of a number, of the time when the story's traces begin.
func (s *story) traceID(n string) string {
	return fmt.Sprintf("1-%08x-%024s", s.base.Add(-2*time.Minute).Unix(), n)
}

var verb = regexp.MustCompile(`%\d*d`)

func (s *story) render(v any, n int) any {
	switch v := v.(type) {
	case string:
		if at, ok := strings.CutPrefix(v, "@"); ok {
			seconds, err := strconv.ParseFloat(at, 64)
			if err != nil {
				panic(err)
			}
			return float64(s.base.Unix()) + seconds
		}
		v = verb.ReplaceAllStringFunc(v, func(verb string) string { return fmt.Sprintf(verb, n) })
		if number, ok := strings.CutPrefix(v, "#"); ok {
			return s.traceID(number)
		}
		return v
	case []any:
		out := []any{}
		for _, e := range v {
			if m, ok := e.(map[string]any); ok && m["each"] != nil {
				for i := range int(m["each"].(float64)) {
					out = append(out, s.render(m["of"], i))
				}
				continue
			}
			out = append(out, s.render(e, n))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = s.render(e, n)
		}
		documents, _ := out["TraceSegmentDocuments"].([]any)
		for i, d := range documents {
			if _, ok := d.(map[string]any); ok {
				documents[i] = string(marshal(d))
			}
		}
		return out
	}
	return v
}

func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

// file is the story as a teller reads it.
func (s *story) file(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "story.json")
	if err := os.WriteFile(name, marshal(s.steps), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// hold compares what a teller printed with the golden: the answers with whatever
// differs from run to run replaced by how the story calls it, and without what
// the languages show differently when it is absent, false, zero or empty (the
// wire itself is the model oracle's matter).
func (s *story) hold(t *testing.T, account, printed string, rewrite bool) {
	t.Helper()
	var answers []storyAnswer
	if err := json.Unmarshal([]byte(printed), &answers); err != nil {
		t.Fatalf("printed %.2000s: %v", printed, err)
	}
	if len(answers) != len(s.steps) {
		t.Fatalf("%d answers, want %d", len(answers), len(s.steps))
	}
	names := []string{account, "${account}"}
	for i, step := range s.steps {
		for name, where := range step.Keep {
			if kept, ok := look(answers[i].Out, where).(string); ok && kept != "" {
				names = append(names, kept, "${"+name+"}")
			} else {
				t.Errorf("%s: nothing to keep at %s in %s", step.Op, where, marshal(answers[i]))
			}
		}
	}
	plain := &plainer{base: s.base, names: strings.NewReplacer(names...)}
	var got []string
	for i, step := range s.steps {
		answer := answers[i]
		if answer.Error != step.Error {
			t.Errorf("step %d, %s of %.300s: got exception %q %s, want %q", i, step.Op, marshal(step.In), answer.Error, answer.Message, step.Error)
		}
		if i+1 < len(s.steps) && step.Times > 1 && s.steps[i+1].Times > 1 && s.steps[i+1].Op == step.Op {
			continue // the last of many tells enough
		}
		line := map[string]any{"op": step.Op}
		switch {
		case answer.Error != "":
			line["error"], line["message"] = answer.Error, plain.value(answer.Message)
		case step.Pages:
			line["out"] = plain.value(joined(answer.Pages))
		default:
			line["out"] = plain.value(answer.Out)
		}
		if step.Brief {
			line["out"] = counted(line["out"])
		}
		b, err := json.MarshalIndent(json.RawMessage(marshal(line)), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b))
	}
	golden := "testdata/" + s.name + ".golden"
	if rewrite && *updateStory && !t.Failed() {
		if err := os.WriteFile(golden, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(strings.Join(got, "\n")+"\n", "\n")); diff != "" {
		t.Errorf("not the story of %s (-golden +told; -update-story rewrites it):\n%s", golden, diff)
	}
}

// joined are the pages as one: lists behind each other, the rest of the first.
func joined(pages []map[string]any) map[string]any {
	all := map[string]any{}
	for _, page := range pages {
		for k, v := range page {
			if list, ok := all[k].([]any); ok {
				next, _ := v.([]any)
				all[k] = slices.Concat(list, next)
			} else if all[k] == nil {
				all[k] = v
			}
		}
	}
	delete(all, "NextToken")
	return all
}

// counted has the length of each list instead of it.
func counted(v any) any {
	switch v := v.(type) {
	case []any:
		return float64(len(v))
	case map[string]any:
		for k, e := range v {
			v[k] = counted(e)
		}
	}
	return v
}

// look walks a path of names and indexes.
func look(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch container := v.(type) {
		case map[string]any:
			v = container[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(container) {
				return nil
			}
			v = container[i]
		default:
			return nil
		}
	}
	return v
}

// plainer takes from an answer what differs from run to run.
type plainer struct {
	base  time.Time
	names *strings.Replacer
}

const (
	// tellTime is how long a teller may take; times in it are the moment of the call.
	tellTime = 10 * time.Minute
	// storyTime is how long before its own time the story reaches.
	storyTime = time.Hour
)

var minutes = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d UTC`)

var traceIDs = regexp.MustCompile(`\b(?:1-)?([0-9a-f]{8})-?([0-9a-f]{24})\b`)

// value is v without what is absent: nil for all that is zero or empty.
func (p *plainer) value(v any) any {
	switch v := v.(type) {
	case float64:
		return p.number(v)
	case string:
		return p.text(v)
	case bool:
		if v {
			return v
		}
	case []any:
		var out []any
		for _, e := range v {
			if e = p.value(e); e == nil {
				e = map[string]any{}
			}
			out = append(out, e)
		}
		if len(out) > 0 {
			return out
		}
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if e = p.value(e); e != nil {
				out[k] = e
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// number tells times by the story's clock; nanoseconds are OpenTelemetry's.
func (p *plainer) number(f float64) any {
	seconds := f
	if f > 1e18 {
		seconds = f / 1e9
	}
	since := seconds - float64(p.base.Unix())
	switch {
	case f == 0:
		return nil
	case since >= 0 && since < tellTime.Seconds():
		return "now"
	case since < 0 && since > -storyTime.Seconds():
		return fmt.Sprintf("@%g", math.Round(since*1e3)/1e3)
	}
	return math.Round(f*1e6) / 1e6
}

// text opens documents and replaces ids.
func (p *plainer) text(s string) any {
	if strings.HasPrefix(s, "{") {
		var document map[string]any
		if json.Unmarshal([]byte(s), &document) == nil {
			return p.value(document)
		}
	}
	s = traceIDs.ReplaceAllStringFunc(s, func(id string) string {
		parts := traceIDs.FindStringSubmatch(id)
		if seconds, err := strconv.ParseInt(parts[1], 16, 64); err != nil || time.Unix(seconds, 0).Sub(p.base).Abs() > tellTime {
			return id
		}
		return "#" + strings.TrimLeft(parts[2], "0")
	})
	s = minutes.ReplaceAllStringFunc(s, func(text string) string {
		at, err := time.Parse("2006-01-02 15:04 UTC", text)
		if err != nil {
			return text
		}
		return fmt.Sprintf("@%g", at.Sub(p.base).Seconds())
	})
	if s = p.names.Replace(s); s == "" {
		return nil
	}
	return s
}

// TestStory has each SDK tell the same story of every X-Ray operation, and one of
// a server with limits.
func TestStory(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		limit []string
	}{{"story", nil}, {"story_limits", []string{"--limits", "aws,segments-per-second=10"}}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := start(t, c.limit...)
			for name, teller := range map[string]func(*testing.T) (args, env []string){
				"boto3": func(t *testing.T) ([]string, []string) {
					return []string{pythonClients(t).bin("python"), "testdata/story_boto3.py"}, nil
				},
				"awscli": func(t *testing.T) ([]string, []string) {
					return []string{pythonClients(t).bin("python"), "testdata/story_cli.py"}, nil
				},
				"go": func(t *testing.T) ([]string, []string) { return []string{filepath.Join(goPrograms(t), "story")}, nil },
				"node": func(t *testing.T) ([]string, []string) {
					n := nodeClients(t)
					return []string{n.program, "clients/node/story.cjs"}, n.env()
				},
				"java": func(t *testing.T) ([]string, []string) {
					j := javaClients(t)
					return append([]string{j.program}, j.args("Story")...), nil
				},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					args, env := teller(t)
					account, story := account(t.Name()), newStory(t, c.name)
					env = append(s.env(account, "PYTHONDONTWRITEBYTECODE=1", "AWS_MAX_ATTEMPTS=1"), env...)
					story.hold(t, account, client(t, env, args[0], append(args[1:], story.file(t))...), name == "boto3")
				})
			}
		})
	}
}

// TestStoryTellsAll: every operation that is served has an answer and, where its
// input can be wrong, an exception in the story.
func TestStoryTellsAll(t *testing.T) {
	told, refused := map[string]bool{}, map[string]bool{}
	for _, step := range newStory(t, "story").steps {
		if step.Error == "" {
			told[step.Op] = true
		} else {
			refused[step.Op] = true
		}
	}
	for _, service := range services() {
		if service.Name != "xray" {
			continue
		}
		for i := range service.Operations {
			name := service.Operations[i].Name
			if !told[name] {
				t.Errorf("the story has no answer of %s", name)
			}
			if !refused[name] && !slices.Contains([]string{
				"PutTraceSegments",                                  // tells what is wrong in its answer
				"GetEncryptionConfig", "GetTraceSegmentDestination", // have no input
			}, name) {
				t.Errorf("the story has no exception of %s", name)
			}
		}
	}
}
