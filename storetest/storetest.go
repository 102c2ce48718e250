package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/trace"
)

// The tenants of the suite.
var (
	home  = radiograph.Tenant{Account: "111111111111", Region: "eu-west-1"}
	other = radiograph.Tenant{Account: "111111111111", Region: "us-east-1"}
)

// all is a range that holds every fixture.
var all = radiograph.SummaryQuery{
	From: radiograph.TimestampOf(Epoch.Add(-time.Hour)),
	To:   radiograph.TimestampOf(Epoch.Add(2 * time.Hour)),
}

// Run is the suite. open makes an empty store that ends with its test.
func Run(t *testing.T, open func(t *testing.T) radiograph.TraceStore) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s *subject)
	}{
		{"UnknownTraceIsNil", unknownTrace},
		{"ReadAfterWrite", readAfterWrite},
		{"EqualRecordChangesNothing", idempotent},
		{"NewTraceIsToldOnce", newTrace},
		{"TenantsNeverCross", tenants},
		{"LateDocumentMovesCounts", lateDocument},
		{"CompleteBeatsInProgress", overwrite},
		{"LambdaIsNotReplaced", lambdaFirst},
		{"LambdaComesLater", lambdaLater},
		{"AnswersAreImmutable", immutable},
		{"SummariesComeInOrder", order},
		{"TokenSkipsNothing", tokens},
		{"GroupsAreMatchedWhenWritten", matchedWhenWritten},
		{"ConcurrentWritersAddUp", concurrent},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(t, newSubject(t, open(t)))
		})
	}
	t.Run("HistoriesAgreeWithTheModel", func(t *testing.T) { histories(t, open) })
}

// subject is the store under test with the model beside it: what is put goes to
// both.
type subject struct {
	t      testing.TB
	store  radiograph.TraceStore
	model  radiograph.TraceStore
	groups *groups // the store's; the model has its own, which are equal
}

func newSubject(t testing.TB, store radiograph.TraceStore) *subject {
	s := &subject{t: t, store: store, model: NewModel(), groups: &groups{}}
	s.groups.twin = &groups{}
	s.store.MatchGroups(s.groups)
	s.model.MatchGroups(s.groups.twin)
	return s
}

// record makes a record of one document.
func record(t testing.TB, door radiograph.Door, body []byte) *radiograph.Record {
	t.Helper()
	decoded, err := trace.Decode(body)
	if err != nil || len(decoded) != 1 {
		t.Fatalf("fixture %s: %d documents, %v", body, len(decoded), err)
	}
	return &radiograph.Record{Trace: decoded[0].Trace, Door: door, Received: radiograph.TimestampOf(Epoch), Root: decoded[0].Root}
}

// put writes documents to both stores, every other batch without waiting for the
// disk, and compares what was refused.
func (s *subject) put(tenant radiograph.Tenant, door radiograph.Door, durable bool, docs ...string) {
	s.t.Helper()
	var recs, again []*radiograph.Record
	for _, doc := range docs {
		recs = append(recs, record(s.t, door, []byte(doc)))
		again = append(again, record(s.t, door, []byte(doc)))
	}
	got, err := s.store.Put(context.Background(), tenant, recs, durable)
	if err != nil {
		s.t.Fatalf("Put: %v", err)
	}
	want, _ := s.model.Put(context.Background(), tenant, again, durable)
	ids := func(refused []radiograph.Refused, of []*radiograph.Record) (out []string) {
		for _, r := range refused {
			out = append(out, fmt.Sprintf("%s of document %d", r.ID, slices.Index(of, r.Record)))
		}
		slices.Sort(out)
		return out
	}
	if d := cmp.Diff(ids(want, again), ids(got, recs)); d != "" {
		s.t.Errorf("refused entities (-want +got):\n%s", d)
	}
	if d := cmp.Diff(firsts(again), firsts(recs)); d != "" {
		s.t.Errorf("new traces (-want +got):\n%s", d)
	}
}

// firsts counts, by trace, the records that were the first of theirs.
func firsts(recs []*radiograph.Record) map[radiograph.TraceID]int {
	n := make(map[radiograph.TraceID]int)
	for _, r := range recs {
		if r.First {
			n[r.Trace]++
		}
	}
	return n
}

// check compares everything a tenant can read with the model.
func (s *subject) check(tenant radiograph.Tenant, ids ...radiograph.TraceID) {
	s.t.Helper()
	for _, id := range ids {
		if d := cmp.Diff(Describe(fetch(s.t, s.model, tenant, id)), Describe(fetch(s.t, s.store, tenant, id))); d != "" {
			s.t.Errorf("trace %s (-want +got):\n%s", id, d)
		}
	}
	for _, rt := range []radiograph.TimeRangeType{radiograph.ByTraceID, radiograph.ByEvent, radiograph.ByService} {
		q := all
		q.RangeType = rt
		s.checkSummaries(tenant, q)
	}
	s.checkContributions(tenant, 0)
	for _, g := range s.groups.Matching(tenant) {
		s.checkContributions(tenant, g.ID)
	}
	if d := cmp.Diff(s.groups.twin.did(), s.groups.did()); d != "" {
		s.t.Errorf("matches told (-want +got):\n%s", d)
	}
}

// checkSummaries holds the store's answer, cut to what is in range, against the
// model's, which is exact.
func (s *subject) checkSummaries(tenant radiograph.Tenant, q radiograph.SummaryQuery) {
	s.t.Helper()
	exact := func(store radiograph.TraceStore) []*radiograph.Summary {
		var out []*radiograph.Summary
		for sum, err := range store.Summaries(context.Background(), tenant, q) {
			if err != nil {
				s.t.Fatalf("Summaries: %v", err)
			}
			if sum.MayMatch(q) {
				c := *sum
				c.Revision = 0 // how records are counted is the store's affair
				out = append(out, &c)
			}
		}
		return out
	}
	if d := cmp.Diff(exact(s.model), exact(s.store), sameEmpty); d != "" {
		s.t.Errorf("summaries of range type %d (-want +got):\n%s", q.RangeType, d)
	}
}

// sameEmpty takes nil and empty lists for the same.
var sameEmpty = cmp.FilterValues(func(a, b any) bool { return emptyList(a) && emptyList(b) }, cmp.Ignore())

func emptyList(v any) bool {
	switch v := v.(type) {
	case []string:
		return len(v) == 0
	case []radiograph.ServiceID:
		return len(v) == 0
	case []radiograph.SummaryAnnotation:
		return len(v) == 0
	case []radiograph.SummaryUser:
		return len(v) == 0
	case []radiograph.RootCause:
		return len(v) == 0
	case []radiograph.RootCauseService:
		return len(v) == 0
	case []radiograph.RootCauseEntity:
		return len(v) == 0
	case []radiograph.Exception:
		return len(v) == 0
	}
	return false
}

// checkContributions wants the model's counts exactly, and times at least as
// wide.
func (s *subject) checkContributions(tenant radiograph.Tenant, group radiograph.GroupID) {
	s.t.Helper()
	edges := func(c *radiograph.Contribution) bool { return c.Edge != radiograph.ServiceID{} }
	for _, q := range []radiograph.SumsQuery{
		{From: all.From, To: all.To},
		{From: all.From, To: all.To, Total: true},
		{From: radiograph.TimestampOf(Epoch.Add(3 * time.Minute)), To: radiograph.TimestampOf(Epoch.Add(8 * time.Minute)), Chooses: edges},
		{From: radiograph.TimestampOf(Epoch.Add(-time.Minute)), To: radiograph.TimestampOf(Epoch.Add(4 * time.Minute)), Total: true, Chooses: edges},
	} {
		q.Group = group
		want := Sum(contributions(s.t, s.model, tenant, q))
		list := contributions(s.t, s.store, tenant, q)
		got := Sum(list)
		if d := cmp.Diff(DescribeContributions(want), DescribeContributions(got)); d != "" {
			s.t.Errorf("contributions of %+v (-want +got):\n%s", q, d)
			continue
		}
		if len(list) > len(got) && !slices.ContainsFunc(list, (*radiograph.Contribution).IsZero) {
			s.t.Errorf("contributions of %+v: %d of %d keys", q, len(list), len(got))
		}
		for i, w := range want {
			if g := got[i]; g.Start > w.Start || g.End < w.End {
				s.t.Errorf("contribution of %v: [%d, %d] does not hold [%d, %d]", w.Key(), g.Start, g.End, w.Start, w.End)
			}
		}
	}
}

func contributions(t testing.TB, store radiograph.TraceStore, tenant radiograph.Tenant, q radiograph.SumsQuery) []*radiograph.Contribution {
	t.Helper()
	var out []*radiograph.Contribution
	for c, err := range store.Contributions(context.Background(), tenant, q) {
		if err != nil {
			t.Fatalf("Contributions: %v", err)
		}
		out = append(out, c)
	}
	return out
}

func fetch(t testing.TB, store radiograph.TraceStore, tenant radiograph.Tenant, id radiograph.TraceID) *radiograph.Trace {
	t.Helper()
	tr, err := store.Trace(context.Background(), tenant, id)
	if err != nil {
		t.Fatalf("Trace: %v", err)
	}
	return tr
}

// histories runs random histories of writes, told in random ways, against the
// model.
func histories(t *testing.T, open func(t *testing.T) radiograph.TraceStore) {
	store, round := open(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		// Fresh tenants of one store stand for fresh stores, which cost more.
		round++
		home := radiograph.Tenant{Account: home.Account, Region: radiograph.Region(fmt.Sprintf("home-%d", round))}
		other := radiograph.Tenant{Account: home.Account, Region: radiograph.Region(fmt.Sprintf("other-%d", round))}
		s := newSubject(t, store)
		var ids []radiograph.TraceID
		var docs []string
		for _, story := range rapid.SliceOfN(Stories(), 1, 3).Draw(rt, "stories") {
			ids = append(ids, story.ID)
			for _, d := range story.Tell(rt) {
				docs = append(docs, string(d))
			}
		}
		for len(docs) > 0 {
			if rapid.Bool().Draw(rt, "change groups") {
				s.groups.draw(rt)
			}
			n := rapid.IntRange(1, len(docs)).Draw(rt, "batch")
			tenant := rapid.SampledFrom([]radiograph.Tenant{home, home, other}).Draw(rt, "tenant")
			door := rapid.SampledFrom([]radiograph.Door{radiograph.DoorAPI, radiograph.DoorAPI, radiograph.DoorLambda}).Draw(rt, "door")
			s.put(tenant, door, false, docs[:n]...)
			docs = docs[n:]
			if rapid.IntRange(0, 3).Draw(rt, "look") == 0 {
				s.check(tenant, ids...)
			}
		}
		s.check(home, ids...)
		s.check(other, ids...)
		if t.Failed() {
			rt.Fatal("the store and the model disagree")
		}
	})
}

// concurrent writes many traces, each in pieces by several writers at once.
func concurrent(t *testing.T, s *subject) {
	const writers, traces = 8, 20
	var ids []radiograph.TraceID
	var wg sync.WaitGroup
	batches := make([][]*radiograph.Record, writers)
	for i := range traces {
		id := radiograph.NewTraceID(Epoch)
		ids = append(ids, id)
		docs := []string{segment(id, 1, 0, i)}
		for w := range writers {
			docs = append(docs, independent(id, byte(10+w), 1, i+w))
		}
		for w, doc := range docs {
			batches[w%writers] = append(batches[w%writers], record(t, radiograph.DoorAPI, []byte(doc)))
		}
	}
	errs := make([]error, writers)
	for w, batch := range batches {
		wg.Go(func() {
			for i, r := range batch {
				if _, err := s.store.Put(context.Background(), home, []*radiograph.Record{r}, i%4 == 0); err != nil {
					errs[w] = err
				}
				if _, err := s.store.Trace(context.Background(), home, r.Trace); err != nil {
					errs[w] = err
				}
			}
		})
	}
	wg.Wait()
	for w, err := range errs {
		if err != nil {
			t.Fatalf("writer %d: %v", w, err)
		}
		if _, err := s.model.Put(context.Background(), home, batches[w], true); err != nil {
			t.Fatal(err)
		}
	}
	s.check(home, ids...)
}
