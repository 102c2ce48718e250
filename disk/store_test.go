package disk

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/storetest"
	"radiograph/trace"
)

// now is the moment tests happen at.
func now() time.Time { return storetest.Epoch.Add(15 * time.Minute) }

func testOptions() Options { return Options{Clock: now} }

// open opens a store that the test closes.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

var home1 = radiograph.Tenant{Account: "000000000000", Region: "us-east-1"}

// records decodes documents.
func records(t interface{ Fatalf(string, ...any) }, door radiograph.Door, docs ...[]byte) []*radiograph.Record {
	var recs []*radiograph.Record
	for _, d := range docs {
		decoded, err := trace.Decode(d)
		if err != nil {
			t.Fatalf("decode %s: %v", d, err)
		}
		for _, d := range decoded {
			recs = append(recs, &radiograph.Record{Trace: d.Trace, Door: door, Received: radiograph.TimestampOf(now()), Root: d.Root})
		}
	}
	return recs
}

// segment is a small document: the nth segment of the nth trace begun at Epoch.
func segment(trace, n int, members string) []byte {
	id := radiograph.NewTraceID(storetest.Epoch)
	copy(id[4:], fmt.Sprintf("%012d", trace))
	start := storetest.Epoch.Add(time.Duration(trace) * time.Millisecond)
	return fmt.Appendf(nil, `{"trace_id":%q,"id":"%016x","name":"shop","start_time":%s%s}`, id, n+1,
		radiograph.TimestampOf(start).AppendSeconds(nil), members)
}

const ended = `,"end_time":1772366500.5`

func collect[T any](t interface{ Fatalf(string, ...any) }, seq iter.Seq2[T, error]) []T {
	var list []T
	for v, err := range seq {
		if err != nil {
			t.Fatalf("%v", err)
		}
		list = append(list, v)
	}
	return list
}

// view is all that a store shows of a tenant.
type view struct {
	Traces        map[radiograph.TraceID]*seen
	Summaries     map[radiograph.TimeRangeType][]*radiograph.Summary
	Contributions map[radiograph.ContributionKey]*radiograph.Contribution
}

// seen is a trace in a form that can be compared.
type seen struct {
	Revision      int
	LimitExceeded bool
	Documents     []string
}

func look(t interface{ Fatalf(string, ...any) }, s radiograph.TraceStore, tenant radiograph.Tenant, ids []radiograph.TraceID, q radiograph.SummaryQuery) view {
	v := view{map[radiograph.TraceID]*seen{}, map[radiograph.TimeRangeType][]*radiograph.Summary{}, map[radiograph.ContributionKey]*radiograph.Contribution{}}
	ctx := context.Background()
	for _, id := range ids {
		tr, err := s.Trace(ctx, tenant, id)
		if err != nil {
			t.Fatalf("trace %s: %v", id, err)
		}
		if tr == nil {
			v.Traces[id] = nil
			continue
		}
		d := &seen{Revision: tr.Revision, LimitExceeded: tr.LimitExceeded}
		for _, n := range tr.Segments {
			d.Documents = append(d.Documents, string(trace.Document(tr, n)))
		}
		v.Traces[id] = d
	}
	for _, rt := range []radiograph.TimeRangeType{radiograph.ByTraceID, radiograph.ByEvent, radiograph.ByService} {
		q := q
		q.RangeType = rt
		list := collect(t, s.Summaries(ctx, tenant, q))
		if !slices.IsSortedFunc(list, func(a, b *radiograph.Summary) int { return a.Position(rt).Compare(b.Position(rt)) }) {
			t.Fatalf("summaries of range type %d are out of order", rt)
		}
		// A store may yield too many.
		v.Summaries[rt] = slices.DeleteFunc(list, func(s *radiograph.Summary) bool { return !s.MayMatch(q) })
	}
	for _, c := range collect(t, s.Contributions(ctx, tenant, radiograph.SumsQuery{Group: 0, From: q.From, To: q.To})) {
		if v.Contributions[c.Key()] != nil {
			t.Fatalf("two contributions of %+v", c.Key())
		}
		if !c.IsZero() {
			v.Contributions[c.Key()] = c
		}
	}
	return v
}

// equateEmpty takes nil and empty lists for the same.
var equateEmpty = cmpopts.EquateEmpty()

// equateNaN takes coverages that are no numbers for the same.
var equateNaN = cmpopts.EquateNaNs()

// compare tells in what two views differ. The times of contributions only widen
// in a store, so there they may be wider than they need to be.
func compare(want, got view) string {
	for k, w := range want.Contributions {
		if g := got.Contributions[k]; g != nil && g.Start <= w.Start && g.End >= w.End {
			g.Start, g.End = w.Start, w.End
		}
	}
	return gocmp.Diff(want, got, equateEmpty)
}

// TestAgreesWithModel plays random histories, with reopenings in between and
// with hardly any memory for open traces, and compares everything that can be
// asked with a store that keeps records and merges at each reading.
func TestAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs := vfs.NewMem()
		o := testOptions()
		o.Dir, o.FS = "data", fs
		o.pending = rapid.IntRange(1, 20).Draw(t, "pending")
		o.OpenTraceBytes = rapid.SampledFrom([]int64{1, 20_000, 0}).Draw(t, "budget")
		s, err := Open(o)
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer func() { _ = s.Close() }()
		model := storetest.NewModel()
		ctx := context.Background()
		tenants := []radiograph.Tenant{home1, {Account: "111111111111", Region: "eu-west-1"}}
		ids := map[radiograph.TraceID]bool{}

		stories := rapid.SliceOfN(storetest.Stories(), 1, 4).Draw(t, "stories")
		var pending [][]byte
		for _, story := range stories {
			ids[story.ID] = true
			pending = append(pending, story.Tell(t)...)
		}
		pending = rapid.Permutation(pending).Draw(t, "order")
		for len(pending) > 0 {
			n := rapid.IntRange(1, len(pending)).Draw(t, "batch")
			door := rapid.SampledFrom([]radiograph.Door{radiograph.DoorAPI, radiograph.DoorAPI, radiograph.DoorLambda, radiograph.DoorEnvironment}).Draw(t, "door")
			tenant := rapid.SampledFrom(tenants).Draw(t, "tenant")
			durable := rapid.Bool().Draw(t, "durable")
			var refused [2][]radiograph.SegmentID
			for i, st := range []radiograph.TraceStore{model, s} {
				list, err := st.Put(ctx, tenant, records(t, door, pending[:n]...), durable)
				if err != nil {
					t.Fatalf("Put: %v", err)
				}
				for _, r := range list {
					refused[i] = append(refused[i], r.ID)
				}
				slices.SortFunc(refused[i], func(a, b radiograph.SegmentID) int { return cmp.Compare(a.String(), b.String()) })
			}
			if d := gocmp.Diff(refused[0], refused[1]); d != "" && door != radiograph.DoorLambda {
				t.Fatalf("refused (-model +store):\n%s", d)
			}
			pending = pending[n:]
			if rapid.IntRange(0, 2).Draw(t, "repack") == 0 {
				if err := repackOver(s); err != nil {
					t.Fatalf("repack: %v", err)
				}
			}
			if rapid.IntRange(0, 3).Draw(t, "reopen") == 0 {
				if err := s.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
				if s, err = Open(o); err != nil {
					t.Fatalf("reopen: %v", err)
				}
			}
			if rapid.Bool().Draw(t, "seal") {
				if err := s.seal(ctx, true); err != nil {
					t.Fatalf("seal: %v", err)
				}
			}
			from := radiograph.TimestampOf(storetest.Epoch).Add(time.Duration(rapid.IntRange(-1000, 700_000).Draw(t, "from")) * time.Millisecond)
			q := radiograph.SummaryQuery{From: from, To: from.Add(time.Duration(rapid.IntRange(1, 700_000).Draw(t, "length")) * time.Millisecond)}
			for _, tenant := range tenants {
				list := slices.Collect(maps.Keys(ids))
				if d := compare(look(t, model, tenant, list, q), look(t, s, tenant, list, q)); d != "" {
					t.Fatalf("tenant %s (-model +store):\n%s", tenant, d)
				}
			}
		}
	})
}
