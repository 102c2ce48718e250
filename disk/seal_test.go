package disk

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
)

// TestSealingHidesNothing: while traces are sealed, written to again and chunks
// rewritten, each reading finds each trace once, whatever it asks and however the
// pages fall.
func TestSealingHidesNothing(t *testing.T) {
	const traces = 60
	s := open(t, testOptions())
	var first [][]byte
	for i := range traces {
		first = append(first, segment(i, 1, ended))
	}
	mustPut(t, s, records(t, radiograph.DoorAPI, first...))
	ctx, stop := context.WithCancel(context.Background())
	var writers sync.WaitGroup
	writers.Go(func() {
		for n := 2; ctx.Err() == nil; n++ {
			mustPut(t, s, records(t, radiograph.DoorAPI, segment(n*7%traces, n, ended)))
		}
	})
	writers.Go(func() {
		for ctx.Err() == nil {
			if err := s.seal(context.Background(), true); err != nil {
				t.Errorf("seal: %v", err)
			}
		}
	})
	for round := range 60 {
		q := radiograph.SummaryQuery{From: 0, To: 1 << 62, RangeType: radiograph.TimeRangeType(round % 2)} // an end moves
		seen := map[radiograph.TraceID]int{}
		for page := 0; ; page++ {
			n := 0
			for sum, err := range s.Summaries(context.Background(), home1, q) {
				if err != nil {
					t.Fatal(err)
				}
				if q.Token = sum.Position(q.RangeType).Token(); n == 17 {
					break
				}
				seen[sum.ID]++
				n++
				if n == 17 {
					break
				}
			}
			if n < 17 {
				break
			}
		}
		if n, err := s.CountSummaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62}, nil); err != nil || n != traces {
			t.Fatalf("round %d: %d traces counted, %v", round, n, err)
		}
		for id, n := range seen {
			if n != 1 {
				t.Fatalf("round %d: trace %s was listed %d times", round, id, n)
			}
		}
		if len(seen) != traces {
			t.Fatalf("round %d: %d traces were listed, want %d", round, len(seen), traces)
		}
	}
	stop()
	writers.Wait()
	if err := s.seal(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	if n := len(keys(t, s, chunkSpace)); n > smallChunks {
		t.Errorf("%d small chunks are left", n)
	}
}

// chosen is a filter as a store sees one.
type chosen struct{ condition filter.Condition }

func (chosen) String() string                                  { return "" }
func (c chosen) Condition() filter.Condition                   { return c.condition }
func (chosen) Judge(*radiograph.FilterView) radiograph.Verdict { return radiograph.Undecided }

// TestSearchAgreesWithFullScan: of any traces, sealed or open or sealed and open
// again, and any condition, range and token, a search finds all that hold in
// order, and the count tells how many were in question.
func TestSearchAgreesWithFullScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Open(testOptions())
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer func() { _ = s.Close() }()
		ctx := context.Background()
		for range rapid.IntRange(1, 6).Draw(t, "writes") {
			var docs [][]byte
			for range rapid.IntRange(1, 12).Draw(t, "documents") {
				docs = append(docs, anyDocument(t))
			}
			if _, err := s.Put(ctx, home1, records(t, radiograph.DoorAPI, docs...), false); err != nil {
				t.Fatalf("%v", err)
			}
			if rapid.Bool().Draw(t, "seal") {
				if err := s.seal(ctx, true); err != nil {
					t.Fatalf("%v", err)
				}
			}
		}
		everything := radiograph.SummaryQuery{From: 0, To: 1 << 62}
		list := collect(t, s.Summaries(ctx, home1, everything))
		for range 10 {
			from := radiograph.TimestampOf(storetest.Epoch).Add(time.Duration(rapid.IntRange(-1, 4).Draw(t, "from")) * time.Second)
			cond := anyCondition(t, 2)
			q := radiograph.SummaryQuery{
				From: from, To: from.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "length")) * time.Second),
				RangeType: radiograph.TimeRangeType(rapid.IntRange(0, 2).Draw(t, "by")), Preselect: true, Filter: chosen{cond},
			}
			slices.SortFunc(list, func(a, b *radiograph.Summary) int { return a.Position(q.RangeType).Compare(b.Position(q.RangeType)) })
			token, last := radiograph.Position{Time: 1 << 62}, (*radiograph.Position)(nil)
			if rapid.Bool().Draw(t, "token") {
				token = rapid.SampledFrom(list).Draw(t, "after").Position(q.RangeType)
				q.Token = token.Token()
			}
			if rapid.Bool().Draw(t, "last") {
				p := rapid.SampledFrom(list).Draw(t, "last one").Position(q.RangeType)
				last = &p
			}
			var want []string
			count := int64(0)
			for _, sum := range list {
				p := sum.Position(q.RangeType)
				if !sum.MayMatch(q) || token.Compare(p) >= 0 {
					continue
				}
				if cond.Holds(sum) || !sum.Decides(q) {
					want = append(want, sum.ID.String())
				}
				if sum.Decides(q) && (last == nil || p.Compare(*last) <= 0) {
					count++
				}
			}
			var got []string
			for _, sum := range collect(t, s.Summaries(ctx, home1, q)) {
				if cond.Holds(sum) || !sum.Decides(q) { // it may find too many
					got = append(got, sum.ID.String())
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v, %+v: found %v, want %v", q, cond, got, want)
			}
			if n, err := s.CountSummaries(ctx, home1, q, last); err != nil || n != count {
				t.Fatalf("%+v up to %v: %d counted, %v, want %d", q, last, n, err, count)
			}
		}
	})
}

// anyDocument is a segment of one of few traces, in the words of anyCondition.
func anyDocument(t *rapid.T) []byte {
	draw := func(label string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label) }
	n := rapid.IntRange(0, 20).Draw(t, "trace")
	id := radiograph.NewTraceID(storetest.Epoch.Add(time.Duration(n%4) * time.Second))
	copy(id[4:], fmt.Sprintf("%012d", n))
	start := radiograph.TimestampOf(storetest.Epoch.Add(time.Duration(n) * 200 * time.Millisecond))
	end := start.Add(rapid.SampledFrom([]time.Duration{0, 300 * time.Millisecond, 2 * time.Second}).Draw(t, "length"))
	return fmt.Appendf(nil, `{"trace_id":%q,"id":"%016x","name":%q,"start_time":%s%s%s%s%s}`, id, 1+rapid.IntRange(0, 3).Draw(t, "segment"),
		draw("name", "a", "b", "x"), start.AppendSeconds(nil),
		draw("end", `,"in_progress":true`, `,"end_time":`+string(end.AppendSeconds(nil)), `,"end_time":`+string(end.AppendSeconds(nil))),
		draw("outcome", "", `,"fault":true`, `,"error":true,"throttle":true`),
		draw("http", "", `,"http":{"request":{"url":"http://x/1","method":"GET"},"response":{"status":503}}`, `,"user":"a"`),
		draw("annotations", "", `,"annotations":{"a":"b"}`, `,"annotations":{"a":1,"key-7":true}`, `,"annotations":{"b":"pro"}`))
}
