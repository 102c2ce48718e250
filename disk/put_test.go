package disk

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

func mustPut(t testing.TB, s *Store, recs []*radiograph.Record) []radiograph.Refused {
	t.Helper()
	refused, err := s.Put(context.Background(), home1, recs, true)
	if err != nil {
		t.Fatal(err)
	}
	return refused
}

func mustTrace(t testing.TB, s *Store, id radiograph.TraceID) *radiograph.Trace {
	t.Helper()
	tr, err := s.Trace(context.Background(), home1, id)
	if err != nil || tr == nil {
		t.Fatalf("trace %s = %v, %v", id, tr, err)
	}
	return tr
}

// keys lists the keys of a keyspace.
func keys(t testing.TB, s *Store, space byte) (list [][]byte) {
	t.Helper()
	for row, err := range rows(context.Background(), s.db, []byte{space}, []byte{space + 1}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, bytes.Clone(row.key))
	}
	return list
}

// TestTraceLimit fills a trace over its limit: what comes later is stored, not
// served; Lambda's own documents always are; a restart with another limit
// changes nothing of that.
func TestTraceLimit(t *testing.T) {
	o := testOptions()
	o.Dir, o.FS, o.TraceLimit = "data", vfs.NewMem(), 10_000
	s := open(t, o)
	filler := `,"metadata":{"x":"` + strings.Repeat("y", 1000) + `"}`
	var id radiograph.TraceID
	put := func(s *Store, n int, door radiograph.Door) *radiograph.Record {
		recs := records(t, door, segment(1, n, ended+filler))
		mustPut(t, s, recs)
		id = recs[0].Trace
		return recs[0]
	}
	for n := range 20 {
		put(s, n, radiograph.DoorAPI)
	}
	check := func(when string, s *Store, nodes, rows int) {
		t.Helper()
		tr := mustTrace(t, s, id)
		if !tr.LimitExceeded || len(tr.Nodes) != nodes || tr.Revision != rows {
			t.Errorf("%s: limit exceeded %v, %d nodes, revision %d; want true, %d, %d", when, tr.LimitExceeded, len(tr.Nodes), tr.Revision, nodes, rows)
		}
		if n := len(keys(t, s, indexSpace)); n != rows {
			t.Errorf("%s: %d documents are stored, want %d", when, n, rows)
		}
		for sum, err := range s.Summaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62}) {
			if err != nil || sum.Revision != rows {
				t.Errorf("%s: summary has revision %d, %v; want %d", when, sum.Revision, err, rows)
			}
		}
	}
	check("full", s, 8, 20)
	put(s, 3, radiograph.DoorAPI)
	put(s, 19, radiograph.DoorAPI)
	check("after repeats", s, 8, 20)
	put(s, 30, radiograph.DoorLambda)
	check("after Lambda's segment", s, 9, 21)

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.TraceLimit = 1 << 20
	s = open(t, o)
	check("reopened", s, 9, 21)
	put(s, 19, radiograph.DoorAPI)
	check("after a repeat of what was left out", s, 9, 21)
	put(s, 40, radiograph.DoorAPI)
	check("after one more", s, 9, 22)
}

// TestLateDocument: the stored hour stays where it was, the summary moves with
// the index time, and there is only one.
func TestLateDocument(t *testing.T) {
	clock := storetest.Epoch
	o := testOptions()
	o.Dir, o.FS = "data", vfs.NewMem()
	o.Clock = func() time.Time { return clock }
	s := open(t, o)
	id := radiograph.TraceID{0xde, 0xad, 15: 7} // no time in it
	doc := func(n int, start time.Time) []byte {
		return fmt.Appendf(nil, `{"trace_id":%q,"id":"%016x","name":"shop","start_time":%d,"end_time":%d}`, id, n, start.Unix(), start.Unix()+1)
	}
	mustPut(t, s, records(t, radiograph.DoorAPI, doc(1, storetest.Epoch)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(6 * 24 * time.Hour)
	s = open(t, o)
	mustPut(t, s, records(t, radiograph.DoorAPI, doc(2, storetest.Epoch.Add(-3*time.Hour)), segment(5, 5, ended)))

	if tr := mustTrace(t, s, id); len(tr.Segments) != 2 {
		t.Errorf("the trace has %d segments, want both", len(tr.Segments))
	}
	hours := map[hour]int{}
	for _, key := range keys(t, s, indexSpace) {
		_, h, _, _, err := parseIndexKey(key)
		if err != nil {
			t.Fatal(err)
		}
		hours[h]++
	}
	first := hourOf(radiograph.TimestampOf(storetest.Epoch))
	if d := gocmp.Diff(map[hour]int{first: 2, first + 6*24: 1}, hours); d != "" {
		t.Errorf("documents by stored hour (-want +got):\n%s", d)
	}
	list := collect(t, s.Summaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62}))
	if len(list) != 2 || list[1].ID != id || list[1].IndexTime != radiograph.TimestampOf(storetest.Epoch.Add(-3*time.Hour)) {
		t.Errorf("summaries: %+v", list)
	}
}

// TestUpdateWindow: after it a trace takes nothing but what Lambda writes; a repeat
// of what it has is no change.
func TestUpdateWindow(t *testing.T) {
	const window = 7 * 24 * time.Hour
	clock := storetest.Epoch.Truncate(time.Hour)
	o := testOptions()
	o.Clock, o.UpdateWindow = func() time.Time { return clock }, window
	s := open(t, o)
	put := func(door radiograph.Door, n, want int) {
		t.Helper()
		recs := records(t, door, segment(1, n, ended))
		refused := mustPut(t, s, recs)
		if len(refused) != want {
			t.Fatalf("%d refused of document %d after %v, want %d", len(refused), n, clock.Sub(storetest.Epoch), want)
		}
		if want > 0 && (!refused[0].Late || refused[0].Record != recs[0] || recs[0].First) {
			t.Errorf("refused %+v", refused[0])
		}
	}
	put(radiograph.DoorAPI, 1, 0)
	clock = clock.Add(window + time.Hour) // within: it is counted from the end of the first record's hour
	put(radiograph.DoorAPI, 2, 0)
	clock = clock.Add(time.Nanosecond)
	put(radiograph.DoorAPI, 3, 1)
	put(radiograph.DoorAPI, 2, 0)
	put(radiograph.DoorLambda, 4, 0)
	tr := mustTrace(t, s, records(t, radiograph.DoorAPI, segment(1, 1, ended))[0].Trace)
	if len(tr.Segments) != 3 {
		t.Errorf("the trace has %d segments, want those of documents 1, 2 and 4", len(tr.Segments))
	}
}

// TestSequences grow over restarts and follow the order of each call.
func TestSequences(t *testing.T) {
	o := testOptions()
	o.Dir, o.FS = "data", vfs.NewMem()
	last := uint64(0)
	for round := range 3 {
		s := open(t, o)
		recs := records(t, radiograph.DoorAPI, segment(3, round*10, ended), segment(1, round*10+1, ended), segment(3, round*10+2, ended))
		mustPut(t, s, recs)
		for _, r := range recs {
			if r.Sequence <= last {
				t.Errorf("round %d: sequence %d after %d", round, r.Sequence, last)
			}
			last = r.Sequence
		}
		again := records(t, radiograph.DoorAPI, segment(3, round*10+2, ended))
		if mustPut(t, s, again); again[0].Sequence != last {
			t.Errorf("a repeat got the sequence %d, the stored one has %d", again[0].Sequence, last)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPacksAreBounded: a large request is cut into packs, and reads whole.
func TestPacksAreBounded(t *testing.T) {
	s := open(t, testOptions())
	var docs [][]byte
	for n := range 30 {
		docs = append(docs, segment(n, 0, ended+`,"metadata":{"x":"`+strings.Repeat("z", 50_000)+`"}`))
	}
	recs := records(t, radiograph.DoorAPI, docs...)
	mustPut(t, s, recs)
	if n := len(keys(t, s, packSpace)); n != 6 {
		t.Errorf("1.5 MB of documents are in %d packs of at most %d bytes, want 6", n, packTarget)
	}
	s.open = newOpenTraces(1) // forgets all
	for i, r := range recs {
		tr := mustTrace(t, s, r.Trace)
		if got := tr.Segments[0].Body; !bytes.Equal(got, docs[i]) {
			t.Errorf("document %d reads as %.60s…", i, got)
		}
	}
}

func TestRecordWithoutDocument(t *testing.T) {
	s := open(t, testOptions())
	recs := records(t, radiograph.DoorAPI, segment(1, 1, ended))
	recs = append(recs, &radiograph.Record{Root: &radiograph.Entity{}}, &radiograph.Record{})
	if _, err := s.Put(context.Background(), home1, recs, true); radiograph.ErrorKind(err) != radiograph.KindInvalid {
		t.Errorf("Put = %v", err)
	}
	if n := len(keys(t, s, indexSpace)); n != 0 {
		t.Errorf("%d documents were stored", n)
	}
}

// TestSubsegmentsOfAnArray need not say that they are subsegments.
func TestSubsegmentsOfAnArray(t *testing.T) {
	o := testOptions()
	o.OpenTraceBytes = 1
	s := open(t, o)
	id := radiograph.NewTraceID(storetest.Epoch)
	body := func(n int) string {
		return fmt.Sprintf(`{"trace_id":%q,"id":"%016x","parent_id":"%016x","name":"call","start_time":1772366400,"end_time":1772366401}`, id, n, 1)
	}
	recs := records(t, radiograph.DoorAPI, []byte("["+body(2)+" , "+body(3)+"]"))
	mustPut(t, s, recs)
	tr := mustTrace(t, s, id)
	if len(tr.Nodes) != 2 || slices.ContainsFunc(tr.Segments, func(n *radiograph.Node) bool { return !n.Subsegment }) {
		t.Errorf("the subsegments read as %d nodes, %+v", len(tr.Nodes), tr.Segments)
	}
}

// TestManyTenants have numbers of their own and see nothing of each other, also
// when account and region run into one another.
func TestManyTenants(t *testing.T) {
	o := testOptions()
	o.Dir, o.FS = "data", vfs.NewMem()
	tenants := []radiograph.Tenant{{}, {Account: "1", Region: "23"}, {Account: "12", Region: "3"}, {Account: "123"}, {Region: "123"}, {Region: "a/b\x00c"}, {Account: "1", Region: radiograph.Region(strings.Repeat("x", 5000))}}
	for i := range 100 {
		tenants = append(tenants, radiograph.Tenant{Account: radiograph.AccountID(fmt.Sprintf("%012d", i)), Region: "r"})
	}
	s := open(t, o)
	for i, tenant := range tenants {
		if _, err := s.Put(context.Background(), tenant, records(t, radiograph.DoorAPI, segment(1, i, ended)), false); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	id := records(t, radiograph.DoorAPI, segment(1, 0, ended))[0].Trace
	for i, tenant := range tenants {
		tr, err := s.Trace(context.Background(), tenant, id)
		if err != nil || tr == nil || len(tr.Nodes) != 1 || tr.Segments[0].ID[7] != byte(i+1) {
			t.Errorf("tenant %q sees %+v, %v", tenant, tr, err)
		}
		if n := len(collect(t, s.Summaries(context.Background(), tenant, radiograph.SummaryQuery{From: 0, To: 1 << 62}))); n != 1 {
			t.Errorf("tenant %q sees %d summaries", tenant, n)
		}
	}
}

// TestPutGoesOnAfterDamage: a trace that has lost a document, its index row or all
// there is of it still takes documents; what is damaged is named in the log, and a
// reader is told rather than given less.
func TestPutGoesOnAfterDamage(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func(s *Store) [][]byte // rows to spoil
		left   int                     // revision of the summary after one document more
	}{
		{"pack", func(s *Store) [][]byte { return keys(t, s, packSpace)[:1] }, 2},
		{"index row", func(s *Store) [][]byte { return keys(t, s, indexSpace)[:1] }, 2},
		{"all packs", func(s *Store) [][]byte { return keys(t, s, packSpace) }, 1},
		{"trace row", func(s *Store) [][]byte { return keys(t, s, traceSpace) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			o := testOptions()
			o.OpenTraceBytes = 1
			o.Log = slog.New(slog.NewTextHandler(&log, nil))
			s := open(t, o)
			mustPut(t, s, records(t, radiograph.DoorAPI, segment(1, 1, ended)))
			mustPut(t, s, records(t, radiograph.DoorAPI, segment(1, 2, ended)))
			spoiled := test.damage(s)
			for _, key := range spoiled {
				if err := s.db.Set(key, []byte("no such value"), pebble.NoSync); err != nil {
					t.Fatal(err)
				}
			}
			recs := records(t, radiograph.DoorAPI, segment(1, 3, ended))
			mustPut(t, s, recs)
			if s.Stats().SetAside == 0 {
				t.Error("what is set aside is not counted")
			}
			for _, key := range spoiled {
				if !strings.Contains(log.String(), describe(key)) {
					t.Errorf("the log does not name %s:\n%s", describe(key), &log)
				}
			}
			for sum, err := range s.Summaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62}) {
				if err != nil || sum.Revision != test.left {
					t.Errorf("summary of revision %d, %v, want %d", sum.Revision, err, test.left)
				}
			}
			_, err := s.Trace(context.Background(), home1, recs[0].Trace)
			if test.name != "trace row" && err == nil { // that was written anew
				t.Error("a reader is not told what is missing")
			}
		})
	}
}

// allSpaces are the keyspaces, but for that of repacking.
var allSpaces = []byte{hourSpace, minutesSpace, linkSpace, differencesSpace, indexSpace, stateSpace, tenantSpace, packSpace, sequenceSpace, summarySpace, traceSpace, chunkSpace, columnSpace, voidSpace}

// fillKeyspaces writes rows of allSpaces; of which trace, it returns.
func fillKeyspaces(t *testing.T, s *Store) radiograph.TraceID {
	t.Helper()
	linked := records(t, radiograph.DoorAPI, segment(2, 1, ended))[0].Trace.String()
	recs := records(t, radiograph.DoorAPI, segment(1, 1, ended+`,"annotations":{"a":1,"b":"x","c":true},"user":"u"`), segment(1, 2, ended+`,"links":[{"trace_id":"`+linked+`","id":"0000000000000002"}]`))
	mustPut(t, s, recs[:1])
	if err := s.foldSums(); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, recs[1:])
	mustPut(t, s, records(t, radiograph.DoorAPI, segment(2, 1, ended)))
	if err := s.seal(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, records(t, radiograph.DoorAPI, segment(1, 3, ended))) // a void, and a row
	if err := s.Apply(context.Background(), radiograph.Change{Key: "state", Value: []byte("value")}); err != nil {
		t.Fatal(err)
	}
	return recs[0].Trace
}

// TestDamageIsNamed flips one byte in each row and wants an error that names the
// row, or an answer that does not need it; never a panic, never a wrong answer.
func TestDamageIsNamed(t *testing.T) {
	o := testOptions()
	o.OpenTraceBytes = 1
	s := open(t, o)
	id := fillKeyspaces(t, s)
	ctx := context.Background()
	read := func() (errs []error) {
		s.columns, s.lookups = lru[string, []byte]{}, lru[chunkRef, *chunkLookup]{}
		_, err := s.Trace(ctx, home1, id)
		errs = append(errs, err)
		_, err = s.Get(ctx, "state")
		errs = append(errs, err)
		for rt := range radiograph.TimeRangeType(3) {
			for _, err := range s.Summaries(ctx, home1, radiograph.SummaryQuery{From: 0, To: 1 << 62, RangeType: rt}) {
				errs = append(errs, err)
			}
		}
		for _, err := range s.Contributions(ctx, home1, radiograph.SumsQuery{Group: 0, From: 0, To: 1 << 62}) {
			errs = append(errs, err)
		}
		for _, err := range s.Linked(ctx, home1, radiograph.LinkQuery{To: 1 << 61, Limit: 9}) {
			errs = append(errs, err)
		}
		var tenants tenants
		var sequences sequences
		var pending pendingSums
		damaged := func(err error) { errs = append(errs, err) }
		return append(errs, tenants.load(s.db), sequences.load(s.db), pending.load(s.db, damaged))
	}
	for _, err := range read() {
		if err != nil {
			t.Fatalf("before any damage: %v", err)
		}
	}
	for _, space := range allSpaces {
		key := keys(t, s, space)[0]
		sealed, closer, err := s.db.Get(key)
		if err != nil {
			t.Fatal(err)
		}
		good := bytes.Clone(sealed)
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
		for i := range len(good) + 1 {
			bad := bytes.Clone(good)
			if i < len(good) {
				bad[i] ^= 0x10
			} else {
				bad = bad[:len(bad)-1]
			}
			if err := s.db.Set(key, bad, pebble.NoSync); err != nil {
				t.Fatal(err)
			}
			named := false
			for _, err := range read() {
				named = named || err != nil && strings.Contains(err.Error(), describe(key))
			}
			if !named {
				t.Errorf("byte %d of %s is damaged and nobody says so", i, describe(key))
			}
		}
		if err := s.db.Set(key, good, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range read() {
		if err != nil {
			t.Errorf("after the repair: %v", err)
		}
	}
}
