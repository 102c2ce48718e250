package trace_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/ingest"
	"radiograph/query"
	"radiograph/storetest"
)

var update = flag.Bool("update", false, "rewrite the expected answers in testdata")

// TestScripts runs testdata/*.txt. A script is a list of
//
//	command argument key=value
//	input, one document a line; a line that begins with a blank goes on
//	----
//	the answer, up to an empty line
//
// The commands are put, trace, summaries, graph, tracegraph and timeline; they
// go through ingest and query to the brute-force store. T1 to T9 stand for trace
// ids, @12.5 for the epoch of the scripts plus 12.5 s, in both directions.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			after := newScript(t).run(string(before))
			if *update {
				if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(strings.Split(string(before), "\n"), strings.Split(after, "\n")); d != "" {
				t.Errorf("%s (-want +got):\n%s", file, d)
			}
		})
	}
}

// script is one running script.
type script struct {
	t      *testing.T
	sink   *ingest.Ingester
	engine *query.Engine
}

var scriptTenant = radiograph.Tenant{Account: "000000000000", Region: "eu-west-1"}

// scriptEpoch is @0.
const scriptEpoch = 1772366400

func newScript(t *testing.T) *script {
	store := storetest.NewModel()
	clock := func() time.Time { return time.Unix(scriptEpoch+3600, 0) }
	return &script{
		t: t, engine: query.New(store, clock),
		sink: ingest.New(ingest.Config{Store: store, Limits: radiograph.LocalLimits(), Clock: clock}),
	}
}

// run gives the script with the answers it got.
func (s *script) run(text string) string {
	var out strings.Builder
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var input []string
		for lines.Scan() && lines.Text() != "----" {
			out.WriteString(lines.Text() + "\n")
			if l := lines.Text(); strings.HasPrefix(l, " ") && len(input) > 0 {
				input[len(input)-1] += "\n" + l
			} else {
				input = append(input, l)
			}
		}
		out.WriteString("----\n")
		for lines.Scan() && lines.Text() != "" {
		}
		out.WriteString(shorten(s.command(strings.Fields(line), input)) + "\n\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

var (
	longTime  = regexp.MustCompile(`\b17723[6-7]\d{4}\b`)
	shortTime = regexp.MustCompile(`@-?\d+`)
	longID    = regexp.MustCompile(`1-69a42a40-00000000000000000000000([1-9])`)
	shortID   = regexp.MustCompile(`\bT([1-9])\b`)
)

func lengthen(s string) string {
	s = shortID.ReplaceAllString(s, "1-69a42a40-00000000000000000000000$1")
	return shortTime.ReplaceAllStringFunc(s, func(m string) string {
		n, _ := strconv.ParseInt(m[1:], 10, 64)
		return strconv.FormatInt(scriptEpoch+n, 10)
	})
}

func shorten(s string) string {
	s = longID.ReplaceAllString(s, "T$1")
	s = longTime.ReplaceAllStringFunc(s, func(m string) string {
		n, _ := strconv.ParseInt(m, 10, 64)
		return fmt.Sprintf("@%d", n-scriptEpoch)
	})
	return strings.TrimSuffix(s, "\n")
}

// command runs one command.
func (s *script) command(words, input []string) string {
	var out strings.Builder
	args := make(map[string]string)
	var ids []radiograph.TraceID
	for _, w := range words[1:] {
		if key, value, ok := strings.Cut(w, "="); ok {
			args[key] = lengthen(value)
		} else if id, err := radiograph.ParseTraceID(lengthen(w)); err == nil {
			ids = append(ids, id)
		} else {
			s.t.Fatalf("%q is no argument", w)
		}
	}
	var err error
	switch words[0] {
	case "put":
		err = s.put(&out, args, input)
	case "trace":
		err = s.trace(&out, ids)
	case "timeline":
		err = s.timeline(&out, ids[0])
	case "summaries":
		err = s.summaries(&out, args)
	case "graph":
		from, to := s.window(args)
		var g *radiograph.ServiceGraph
		if g, err = s.engine.ServiceGraph(s.t.Context(), scriptTenant, from, to); err == nil {
			writeGraph(&out, g)
		}
	case "tracegraph":
		var g *radiograph.ServiceGraph
		if g, err = s.engine.TraceGraph(s.t.Context(), scriptTenant, ids); err == nil {
			writeGraph(&out, g)
		}
	default:
		s.t.Fatalf("%q is no command", words[0])
	}
	if err != nil {
		fmt.Fprintf(&out, "error %s: %v\n", radiograph.ErrorKind(err), err)
	}
	return out.String()
}

// window reads from= and to=; without them it is all there is.
func (s *script) window(args map[string]string) (from, to radiograph.Timestamp) {
	read := func(key string, otherwise int64) radiograph.Timestamp {
		if args[key] == "" {
			return radiograph.Timestamp(otherwise) * radiograph.Timestamp(time.Second)
		}
		v, err := radiograph.ParseSeconds(args[key])
		if err != nil {
			s.t.Fatal(err)
		}
		return v
	}
	return read("from", scriptEpoch-86400), read("to", scriptEpoch+86400)
}

func (s *script) put(out io.Writer, args map[string]string, input []string) error {
	doors := map[string]radiograph.Door{
		"": radiograph.DoorAPI, "lambda": radiograph.DoorLambda,
		"environment": radiograph.DoorEnvironment, "otlp": radiograph.DoorOTLP,
	}
	door, ok := doors[args["door"]]
	if !ok {
		return errors.New("no such door")
	}
	var stamp radiograph.Stamp
	if id, inv, ok := strings.Cut(args["stamp"], ","); ok {
		var err, err2 error
		stamp.Trace, err = radiograph.ParseTraceID(id)
		stamp.Invocation, err2 = radiograph.ParseSegmentID(inv)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
	}
	var docs []radiograph.Document
	for _, doc := range input {
		docs = append(docs, radiograph.Document{Body: []byte(lengthen(doc)), Stamp: stamp})
	}
	rejected, err := s.sink.Put(context.Background(), scriptTenant, door, docs)
	for _, r := range rejected {
		fmt.Fprintf(out, "document %d id %q %s: %s\n", r.Index, r.ID, r.Code, r.Message)
	}
	if len(rejected) == 0 && err == nil {
		fmt.Fprintln(out, "ok")
	}
	return err
}

func (s *script) trace(out io.Writer, ids []radiograph.TraceID) error {
	found, missing, err := s.engine.Traces(s.t.Context(), scriptTenant, ids)
	for _, tr := range found {
		fmt.Fprintf(out, "%s duration %s\n", tr.ID, ms(s.engine.Duration(tr)))
		for _, d := range s.engine.Documents(tr) {
			fmt.Fprintf(out, "%s\n", d.Document)
		}
	}
	for _, id := range missing {
		fmt.Fprintf(out, "%s is not there\n", id)
	}
	return err
}

func (s *script) timeline(out io.Writer, id radiograph.TraceID) error {
	tl, _, err := s.engine.Timeline(s.t.Context(), scriptTenant, id)
	if err != nil {
		return err
	}
	for _, r := range tl.Rows {
		fmt.Fprintf(out, "%s%s", strings.Repeat("  ", r.Depth), r.Name)
		if r.Type != "" {
			fmt.Fprintf(out, " (%s)", r.Type)
		}
		fmt.Fprintf(out, " %s..%s %s", ms(r.Start-tl.Start), ms(r.End-tl.Start), r.Status)
		if r.HTTPStatus != 0 {
			fmt.Fprintf(out, " %d", r.HTTPStatus)
		}
		for _, mark := range []struct {
			on   bool
			name string
		}{{r.Segment, "segment"}, {r.Inferred, "inferred"}, {r.Replaced, "replaced"}} {
			if mark.on {
				fmt.Fprintf(out, " %s", mark.name)
			}
		}
		if r.Message != "" {
			fmt.Fprintf(out, " %q", r.Message)
		}
		fmt.Fprintln(out)
	}
	return nil
}

// ms writes a span of time.
func ms(t radiograph.Timestamp) string { return time.Duration(t).String() }

func (s *script) summaries(out io.Writer, args map[string]string) error {
	q := radiograph.SummaryQuery{Token: args["token"]}
	q.From, q.To = s.window(args)
	q.Limit, _ = strconv.Atoi(args["limit"])
	q.FixedRate, _ = strconv.ParseFloat(args["rate"], 64)
	q.RangeType = map[string]radiograph.TimeRangeType{"event": radiograph.ByEvent, "service": radiograph.ByService}[args["by"]]
	page, err := s.engine.Summaries(s.t.Context(), scriptTenant, q)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "processed %d from %s", page.TracesProcessed, page.ApproximateTime.AppendSeconds(nil))
	if page.Token != "" {
		fmt.Fprintf(out, " token %s", page.Token)
	}
	fmt.Fprintln(out)
	for _, sum := range page.Summaries {
		writeSummary(out, sum, args["short"] != "")
	}
	return nil
}
