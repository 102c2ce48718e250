package truth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph/testserver"
	"radiograph/truth"
)

// began is when the generated traces begin; they spread over spread.
var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const spread = 3 * time.Hour

// setting reads a number from the environment: CI runs more than a test run does.
func setting(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// house is a running server with the ledger of what it was sent.
type house struct {
	*testing.T
	rand   *rand.Rand
	dir    string
	now    atomic.Int64 // the server's clock
	srv    *testserver.Server
	ledger truth.Ledger
	traces []*truth.Trace

	// widened tells that documents came after their trace was summed. Start and
	// EndTime of a node and an edge only ever widen, so they may then tell of what
	// was taken back.
	widened bool
}

func newHouse(t *testing.T, seed int) *house {
	h := &house{T: t, rand: rand.New(rand.NewPCG(uint64(seed), 0)), dir: t.TempDir()}
	h.now.Store(began.Add(spread).UnixNano())
	h.start()
	for _, name := range []string{"slow", "slower"} {
		h.ask("CreateGroup", object{"GroupName": name, "FilterExpression": truth.Groups[name]})
	}
	return h
}

func (h *house) start() {
	h.srv = testserver.Start(h.T, testserver.WithDir(h.dir), testserver.WithClock(func() time.Time { return time.Unix(0, h.now.Load()) }))
}

type object = map[string]any

// rest lets some time pass by the server's clock, and the store a moment to seal
// what was quiet for so long, which it looks for each second.
func (h *house) rest(d time.Duration) {
	h.now.Add(int64(d))
	<-time.After(1500 * time.Millisecond)
}

// ask calls an operation of the API.
func (h *house) ask(operation string, input object) object {
	h.Helper()
	path := map[string]string{
		"PutTraceSegments": "TraceSegments", "GetTraceSummaries": "TraceSummaries", "GetServiceGraph": "ServiceGraph", "GetTraceGraph": "TraceGraph",
		"GetTimeSeriesServiceStatistics": "TimeSeriesServiceStatistics", "BatchGetTraces": "Traces", "CreateGroup": "CreateGroup",
	}[operation]
	body, err := json.Marshal(input)
	if err != nil {
		h.Fatal(err)
	}
	req, err := http.NewRequestWithContext(h.Context(), http.MethodPost, h.srv.Endpoint+"/"+path, bytes.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+truth.Account+"/20260301/eu-west-1/xray/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		h.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		h.Fatalf("%s %s\n%d %s", operation, body, resp.StatusCode, answer)
	}
	var output object
	if err := json.Unmarshal(answer, &output); err != nil {
		h.Fatalf("%s: %v in %s", operation, err, answer)
	}
	return output
}

// pages asks until there is no token, and joins a list of all pages.
func (h *house) pages(operation, list string, input object) (all []any, last object) {
	h.Helper()
	for {
		out := h.ask(operation, input)
		all = append(all, out[list].([]any)...)
		processed, _ := out["TracesProcessedCount"].(float64)
		if last != nil {
			before, _ := last["TracesProcessedCount"].(float64)
			processed += before
		}
		last = out
		last["TracesProcessedCount"] = processed
		if out["NextToken"] == nil {
			return all, last
		}
		input["NextToken"] = out["NextToken"]
	}
}

// put sends documents in order, in requests of as many as n says.
func (h *house) put(docs []string, n func() int) {
	h.Helper()
	for len(docs) > 0 {
		some := docs[:min(len(docs), n())]
		docs = docs[len(some):]
		out := h.ask("PutTraceSegments", object{"TraceSegmentDocuments": some})
		if bad := out["UnprocessedTraceSegments"].([]any); len(bad) > 0 {
			h.Fatalf("%v of %s", bad, some)
		}
		for _, d := range some {
			h.ledger.Put(d)
		}
	}
}

func seconds(ns int64) json.Number {
	return json.Number(fmt.Sprintf("%d.%09d", ns/1e9, ns%1e9))
}

// window is a random range of time, half of them cut at minutes; some are empty of
// traces.
func (h *house) window() (from, to int64) {
	at := func() int64 {
		ns := began.UnixNano() + h.rand.Int64N(int64(spread+time.Minute))
		if h.rand.IntN(2) == 0 {
			ns -= ns % int64(time.Minute)
		}
		return ns
	}
	from, to = at(), at()
	return min(from, to), max(from, to)
}

// all is a range that holds everything.
func all() (from, to int64) {
	return began.Add(-time.Hour).UnixNano(), began.Add(spread + time.Hour).UnixNano()
}

// same compares an answer with the oracle's.
func (h *house) same(got, want any, format string, args ...any) {
	h.Helper()
	if diff := cmp.Diff(truth.Canonical(want), truth.Canonical(got)); diff != "" {
		h.Errorf("%s (-want +got):\n%s", fmt.Sprintf(format, args...), diff)
	}
}

// summaries holds a listing against the oracle, with every member of each
// summary.
func (h *house) summaries(rangeType string, from, to int64, expression string, wants func(*truth.Trace) bool) {
	h.Helper()
	input := object{"StartTime": seconds(from), "EndTime": seconds(to), "FilterExpression": expression}
	if rangeType != "TraceId" || h.rand.IntN(2) == 0 {
		input["TimeRangeType"] = rangeType
	}
	what := fmt.Sprintf("%s of %d to %d, %s", rangeType, from, to, expression)
	got, last := h.pages("GetTraceSummaries", "TraceSummaries", input)
	processed := 0
	var want []*truth.Trace
	for _, t := range h.traces {
		if t.Within(rangeType, from, to) {
			processed++
			if wants(t) {
				want = append(want, t)
			}
		}
	}
	slices.SortStableFunc(want, func(a, b *truth.Trace) int { return int(b.Time(rangeType) - a.Time(rangeType)) })
	ids := func(n int, of func(int) any) []any {
		list := make([]any, n)
		for i := range list {
			list[i] = of(i)
		}
		return list
	}
	gotIDs := ids(len(got), func(i int) any { return got[i].(object)["Id"] })
	wantIDs := ids(len(want), func(i int) any { return want[i].ID })
	if diff := cmp.Diff(wantIDs, gotIDs); diff != "" {
		h.Errorf("%s (-want +got):\n%s", what, diff)
		return
	}
	if n := last["TracesProcessedCount"].(float64); int(n) != processed {
		h.Errorf("%s: TracesProcessedCount %v, want %d", what, n, processed)
	}
	for i, t := range want {
		if (expression != "" || rangeType != "TraceId") && h.rand.IntN(len(want)) > 10 { // few, as they were compared once
			continue
		}
		h.same(got[i], t.Summary(rangeType, to), "summary of %s, %s", t.ID, what)
		if h.Failed() {
			return
		}
	}
}

func any1(*truth.Trace) bool { return true }

// check holds every kind of answer against the oracle: all traces by every range
// type, then random questions.
func (h *house) check(questions int) {
	h.Helper()
	h.traces = h.ledger.Traces()
	from, to := all()
	for _, rangeType := range truth.TimeRangeTypes {
		h.summaries(rangeType, from, to, "", any1)
	}
	h.graph(from, to)
	yes, no := 0, 0
	for range questions {
		if h.Failed() {
			return
		}
		q := truth.NewQuestion(h.rand)
		from, to := all()
		if h.rand.IntN(2) == 0 {
			from, to = h.window()
		}
		h.summaries(truth.TimeRangeTypes[h.rand.IntN(3)], from, to, q.Text, func(t *truth.Trace) bool {
			if q.Eval(t) {
				yes++
				return true
			}
			no++
			return false
		})
	}
	if share := float64(yes) / float64(yes+no); share < 0.1 || share > 0.9 {
		h.Errorf("%d traces were wanted, %d not: the questions tell little", yes, no)
	}
	if i := slices.IndexFunc(h.traces, func(t *truth.Trace) bool { return t.Truncated }); i >= 0 {
		h.documents(h.traces[i])
	}
	for range questions / 10 {
		h.graph(h.window())
		h.traceGraph()
		h.series()
		h.documents(h.some()...)
	}
}

func (h *house) graph(from, to int64) {
	h.Helper()
	group, traces := h.group()
	input := object{"StartTime": seconds(from), "EndTime": seconds(to)}
	if group != "" {
		input["GroupName"] = group
	}
	out := h.ask("GetServiceGraph", input)
	if out["ContainsOldGroupVersions"] != false {
		h.Error("the graph tells of old versions of a group that never changed")
	}
	for _, s := range out["Services"].([]any) {
		if s := s.(object); s["SummaryStatistics"] == nil && len(s["Edges"].([]any)) == 0 {
			h.Errorf("%v has neither numbers nor edges, which Grafana takes for granted", s["Name"])
		}
	}
	got, want := truth.Canonical(truth.ByName(out["Services"].([]any))).(object), truth.Canonical(truth.ServiceGraph(traces, from, to)).(object)
	if h.widened {
		narrow(got, want)
	}
	h.same(got, want, "service graph of group %q, %d to %d", group, from, to)
}

// group is a group, or "", with its traces.
func (h *house) group() (name string, traces []*truth.Trace) {
	name = []string{"", "slow", "slower"}[h.rand.IntN(3)]
	for _, t := range h.traces {
		if t.InGroup(name) {
			traces = append(traces, t)
		}
	}
	return name, traces
}

// narrow gives what is in both the narrower times of want.
func narrow(got, want object) {
	for name, g := range got {
		g := g.(object)
		w, ok := want[name].(object)
		if !ok {
			continue
		}
		if g["StartTime"].(float64) < w["StartTime"].(float64) {
			g["StartTime"] = w["StartTime"]
		}
		if g["EndTime"].(float64) > w["EndTime"].(float64) {
			g["EndTime"] = w["EndTime"]
		}
		if edges, ok := g["Edges"].(object); ok {
			narrow(edges, w["Edges"].(object))
		}
	}
}

func (h *house) traceGraph() {
	h.Helper()
	some := h.some()
	out := h.ask("GetTraceGraph", object{"TraceIds": idsOf(some)})
	h.same(truth.ByName(out["Services"].([]any)), truth.TraceGraph(some), "graph of %v", idsOf(some))
}

// some are up to five traces.
func (h *house) some() []*truth.Trace {
	var some []*truth.Trace
	for range 1 + h.rand.IntN(5) {
		if t := h.traces[h.rand.IntN(len(h.traces))]; !slices.Contains(some, t) {
			some = append(some, t)
		}
	}
	return some
}

func idsOf(traces []*truth.Trace) []string {
	var ids []string
	for _, t := range traces {
		ids = append(ids, t.ID)
	}
	return ids
}

func (h *house) series() {
	h.Helper()
	from, to := h.window()
	selector, period := truth.Clients, int64(1)
	input := object{"StartTime": seconds(from), "EndTime": seconds(to)}
	if h.rand.IntN(4) > 0 {
		selector = truth.NewSelector(h.rand)
		input["EntitySelectorExpression"] = selector.Text
	}
	if h.rand.IntN(3) > 0 {
		period = []int64{1, 5, 7, 60}[h.rand.IntN(4)]
		input["Period"] = 60 * period
	}
	group, traces := h.group()
	if group != "" {
		input["GroupName"] = group
	}
	got, _ := h.pages("GetTimeSeriesServiceStatistics", "TimeSeriesServiceStatistics", input)
	if got == nil {
		got = []any{}
	}
	h.same(got, truth.Series(traces, selector, period, from, to), "series of %s in group %q by %d min, %d to %d", selector.Text, group, period, from, to)
}

// documents asks for whole traces.
func (h *house) documents(some ...*truth.Trace) {
	h.Helper()
	got, _ := h.pages("BatchGetTraces", "Traces", object{"TraceIds": append(idsOf(some), "1-00000000-000000000000000000000000")})
	var want []any
	for _, t := range some {
		want = append(want, t.Documents())
	}
	for _, one := range got {
		truth.Outline(one.(object))
	}
	h.same(got, want, "documents of %v", idsOf(some))
}

// generate makes the documents of n traces, those of a trace together.
func (h *house) generate(n int) [][]string {
	g := truth.NewGenerator(h.rand)
	out := [][]string{tooLarge()}
	for range n {
		out = append(out, g.Trace(began.UnixNano()+h.rand.Int64N(int64(spread))))
	}
	return out
}

// tooLarge is a trace of more than the 500 KB that are kept of one: what comes last
// is left out.
func tooLarge() []string {
	at := began.Add(spread / 2)
	var docs []string
	for i := range 12 {
		docs = append(docs, fmt.Sprintf(`{"trace_id":"1-%08x-000000000000000000000001","id":"%016x","parent_id":"%016x","name":"stock","start_time":%d,"end_time":%d,"metadata":{"default":{"all":%q}}}`,
			at.Unix(), i+2, i+1, at.Unix()+int64(i), at.Unix()+20, strings.Repeat("x", 60_000)))
	}
	return docs
}

// TestAnswers puts a generated data set as its clients would, and holds the
// answers of the API against the oracle; once more after a restart, and a day
// later.
func TestAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setting("RADIOGRAPH_TRUTH_SEED", 1))
	for _, docs := range h.generate(setting("RADIOGRAPH_TRUTH_TRACES", 200)) {
		h.put(docs, func() int { return len(docs) })
	}
	questions := setting("RADIOGRAPH_TRUTH_QUESTIONS", 100)
	h.check(questions)
	h.srv.Close(t)
	h.start()
	h.check(questions / 4)
	h.rest(24 * time.Hour)
	h.check(questions / 4)
}

// TestAnyOrder puts a data set in a random order, split into requests at random,
// parts of it again, with questions and a restart between: the answers are those
// about what was sent, among versions that differ the last.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, setting("RADIOGRAPH_TRUTH_SEED", 2))
	h.widened = true
	docs := slices.Concat(h.generate(setting("RADIOGRAPH_TRUTH_TRACES", 200))...)
	h.rand.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
	upTo := func(n int) func() int { return func() int { return 1 + h.rand.IntN(n) } }
	questions := setting("RADIOGRAPH_TRUTH_QUESTIONS", 100)
	for len(docs) > 0 {
		some := docs[:min(len(docs), 1+len(docs)/3+h.rand.IntN(50))]
		docs = docs[len(some):]
		h.put(some, upTo(20))
		h.put(some[h.rand.IntN(len(some)):], upTo(7))
		h.check(questions / 10)
		h.rest(10 * time.Minute)
		if h.rand.IntN(3) == 0 {
			h.srv.Close(t)
			h.start()
		}
	}
	h.check(questions / 2)
	h.srv.Close(t)
	h.start()
	h.rest(24 * time.Hour)
	h.check(questions / 10)
}
