package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// sid is a small segment id.
func sid(n byte) radiograph.SegmentID { return radiograph.SegmentID{7: n} }

// at is a time of the fixtures, in milliseconds after Epoch.
func at(ms int) string { return seconds(Epoch.Add(time.Duration(ms) * time.Millisecond)) }

// segment is a finished segment with a call to a table; parent 0 is none.
func segment(id radiograph.TraceID, n, parent byte, ms int) string {
	caller := ""
	if parent != 0 {
		caller = fmt.Sprintf(`"parent_id":%q,`, sid(parent))
	}
	return fmt.Sprintf(`{"trace_id":%q,"id":%q,%s"name":"service-%d","start_time":%s,"end_time":%s,"user":"u1","annotations":{"cart":%d},
 "http":{"response":{"status":200}},"subsegments":[{"id":%q,"name":"DynamoDB","namespace":"aws","aws":{"table_name":"orders"},"start_time":%s,"end_time":%s}]}`,
		id, sid(n), caller, n, at(ms), at(ms+100), n, sid(n+100), at(ms+10), at(ms+60))
}

// independent is a finished remote call, told apart from its parent.
func independent(id radiograph.TraceID, n, parent byte, ms int) string {
	return fmt.Sprintf(`{"type":"subsegment","trace_id":%q,"id":%q,"parent_id":%q,"name":"api-%d.test","namespace":"remote","start_time":%s,"end_time":%s}`,
		id, sid(n), sid(parent), n, at(ms), at(ms+30))
}

func newID(n byte) radiograph.TraceID {
	id := radiograph.NewTraceID(Epoch)
	id[15] = n
	return id
}

func unknownTrace(t *testing.T, s *subject) {
	if tr := fetch(t, s.store, home, newID(1)); tr != nil {
		t.Errorf("Trace of an unknown id = %s, want nil", Describe(tr))
	}
	s.check(home)
	if refused, err := s.store.Put(context.Background(), home, nil, true); err != nil || refused != nil {
		t.Errorf("Put of nothing = %v, %v", refused, err)
	}
}

func readAfterWrite(t *testing.T, s *subject) {
	for i, durable := range []bool{true, false} {
		id := newID(byte(i))
		s.put(home, radiograph.DoorAPI, durable, segment(id, 1, 0, 0))
		if tr := fetch(t, s.store, home, id); tr == nil || tr.Revision != 1 || len(tr.Nodes) != 3 {
			t.Errorf("durable=%v: just written, and read as %s", durable, Describe(tr))
		}
		s.check(home, id)
	}
}

func idempotent(t *testing.T, s *subject) {
	id := newID(1)
	v1, v2 := segment(id, 1, 0, 0), segment(id, 1, 0, 5)
	s.put(home, radiograph.DoorAPI, true, v1, v1)
	before := fetch(t, s.store, home, id)
	s.put(home, radiograph.DoorAPI, true, v1)
	after := fetch(t, s.store, home, id)
	if before.Revision != 1 || after.Revision != 1 {
		t.Errorf("revisions = %d, %d after equal records, want 1, 1", before.Revision, after.Revision)
	}
	s.check(home, id)
	s.put(home, radiograph.DoorAPI, true, v2)
	s.put(home, radiograph.DoorAPI, true, v1) // equal to a stored one: does not win again
	s.check(home, id)
	if tr := fetch(t, s.store, home, id); tr.Revision <= after.Revision {
		t.Errorf("revision = %d after a change, want more than %d", tr.Revision, after.Revision)
	}
}

func newTrace(t *testing.T, s *subject) {
	one, two := newID(1), newID(2)
	put := func(tenant radiograph.Tenant, want int, docs ...string) {
		t.Helper()
		var recs []*radiograph.Record
		for _, doc := range docs {
			recs = append(recs, record(t, radiograph.DoorAPI, []byte(doc)))
		}
		if _, err := s.store.Put(context.Background(), tenant, recs, false); err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, n := range firsts(recs) {
			got += n
		}
		if got != want {
			t.Errorf("%d new traces told, want %d", got, want)
		}
	}
	put(home, 2, segment(one, 1, 0, 0), segment(one, 2, 1, 0), segment(two, 1, 0, 0), segment(one, 1, 0, 0))
	put(home, 0, segment(one, 1, 0, 0), segment(two, 3, 0, 5))
	put(other, 1, segment(one, 1, 0, 0))
}

func tenants(t *testing.T, s *subject) {
	id := newID(1)
	s.put(home, radiograph.DoorAPI, true, segment(id, 1, 0, 0))
	if tr := fetch(t, s.store, other, id); tr != nil {
		t.Errorf("another region sees the trace: %s", Describe(tr))
	}
	s.check(other, id)
	s.put(other, radiograph.DoorAPI, true, segment(id, 2, 0, 30))
	s.check(home, id)
	s.check(other, id)
}

func lateDocument(t *testing.T, s *subject) {
	id := newID(1)
	s.put(home, radiograph.DoorAPI, true, independent(id, 10, 1, 50))
	s.check(home, id)
	s.put(home, radiograph.DoorAPI, true, segment(id, 2, 10, 55)) // the callee: no longer inferred
	s.check(home, id)
	s.put(home, radiograph.DoorAPI, true, segment(id, 1, 0, 0)) // the caller: another root
	s.check(home, id)
	s.put(home, radiograph.DoorAPI, true, segment(id, 3, 0, -90_000)) // an earlier minute
	s.check(home, id)
}

func overwrite(t *testing.T, s *subject) {
	id := newID(1)
	begun := fmt.Sprintf(`{"trace_id":%q,"id":%q,"name":"service-1","start_time":%s,"in_progress":true}`, id, sid(1), at(0))
	s.put(home, radiograph.DoorAPI, true, begun)
	s.check(home, id)
	s.put(home, radiograph.DoorAPI, true, segment(id, 1, 0, 0))
	s.check(home, id)
	s.put(home, radiograph.DoorAPI, true, begun)
	s.check(home, id)
	s.put(home, radiograph.DoorAPI, true, segment(id, 1, 0, 20)) // a later complete one wins
	s.check(home, id)
}

func lambdaFirst(t *testing.T, s *subject) {
	id := newID(1)
	s.put(home, radiograph.DoorLambda, true, segment(id, 1, 0, 0))
	s.put(home, radiograph.DoorEnvironment, true, segment(id, 1, 0, 20), independent(id, 10, 1, 30))
	s.check(home, id)
	if n := fetch(t, s.store, home, id).Nodes[sid(1)]; n.Door != radiograph.DoorLambda {
		t.Errorf("the segment is of door %s, want lambda", n.Door)
	}
}

func lambdaLater(t *testing.T, s *subject) {
	id := newID(1)
	s.put(home, radiograph.DoorEnvironment, true, segment(id, 1, 0, 20))
	s.put(home, radiograph.DoorLambda, true, segment(id, 1, 0, 0))
	s.check(home, id)
	if n := fetch(t, s.store, home, id).Nodes[sid(1)]; n.Door != radiograph.DoorLambda {
		t.Errorf("the segment is of door %s, want lambda", n.Door)
	}
}

func immutable(t *testing.T, s *subject) {
	id := newID(1)
	s.put(home, radiograph.DoorAPI, true, segment(id, 1, 0, 0))
	tr := fetch(t, s.store, home, id)
	before := Describe(tr)
	s.put(home, radiograph.DoorAPI, true, independent(id, 10, 1, 20), segment(id, 1, 0, 30))
	if d := cmp.Diff(before, Describe(tr)); d != "" {
		t.Errorf("a trace in hand changed (-before +after):\n%s", d)
	}
}

// order wants summaries newest first by each range type, cut at the range.
func order(t *testing.T, s *subject) {
	for n := range byte(20) {
		s.put(home, radiograph.DoorAPI, n%2 == 0, segment(newID(n), 1, 0, int(n%7)*10_000))
	}
	s.check(home)
	q := radiograph.SummaryQuery{
		From: radiograph.TimestampOf(Epoch.Add(10 * time.Second)),
		To:   radiograph.TimestampOf(Epoch.Add(40 * time.Second)),
	}
	for _, rt := range []radiograph.TimeRangeType{radiograph.ByTraceID, radiograph.ByEvent, radiograph.ByService} {
		q.RangeType = rt
		s.checkSummaries(home, q)
	}
}

// tokens wants everything behind a token, whatever the store leaves out before.
func tokens(t *testing.T, s *subject) {
	for n := range byte(30) {
		s.put(home, radiograph.DoorAPI, false, segment(newID(n), 1, 0, int(n)*1000))
	}
	for _, rt := range []radiograph.TimeRangeType{radiograph.ByTraceID, radiograph.ByEvent, radiograph.ByService} {
		q := all
		q.RangeType = rt
		var want []radiograph.TraceID
		var tokens []string
		for sum := range s.model.Summaries(context.Background(), home, q) {
			want = append(want, sum.ID)
			tokens = append(tokens, sum.Position(rt).Token())
		}
		for i, token := range tokens {
			after, err := radiograph.ParsePosition(token)
			if err != nil {
				t.Fatal(err)
			}
			q.Token = token
			var got []radiograph.TraceID
			for sum, err := range s.store.Summaries(context.Background(), home, q) {
				if err != nil {
					t.Fatal(err)
				}
				if sum.MayMatch(q) && sum.Position(rt).Compare(after) > 0 {
					got = append(got, sum.ID)
				}
			}
			if d := cmp.Diff(want[i+1:], got); d != "" && len(want[i+1:])+len(got) > 0 {
				t.Fatalf("range type %d, after trace %d (-want +got):\n%s", rt, i, d)
			}
		}
	}
}
