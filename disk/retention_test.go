package disk

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/storetest"
)

// TestLifeOfAStore plays random histories of writes, late ones too, of sealing,
// retention, reopenings and power cuts, under a clock that goes on, and compares
// what can be asked with a store that keeps what was written to living traces.
func TestLifeOfAStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := now()
		fs := vfs.NewCrashableMem()
		options := func() Options {
			o := testOptions()
			o.Dir, o.FS, o.Retention = "data", fs, 3*time.Hour
			o.Clock = func() time.Time { return clock }
			o.OpenTraceBytes = 20_000
			return o
		}
		s, err := Open(options())
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer func() { _ = s.Close() }()
		ctx := context.Background()
		type life struct {
			hour hour
			recs [][]byte
		}
		living := map[radiograph.TraceID]*life{}
		var ids []radiograph.TraceID
		var pending [][]byte
		for _, story := range rapid.SliceOfN(storetest.Stories(), 2, 5).Draw(t, "stories") {
			ids = append(ids, story.ID)
			pending = append(pending, story.Tell(t)...)
		}
		pending = rapid.Permutation(pending).Draw(t, "order")
		retain := func() {
			if err := s.retain(ctx); err != nil {
				t.Fatalf("retain: %v", err)
			}
			for id, l := range living {
				if l.hour < s.firstHour() {
					delete(living, id)
				}
			}
		}
		for range 12 {
			switch rapid.SampledFrom([]string{"put", "put", "put", "seal", "later", "retain", "reopen", "crash"}).Draw(t, "step") {
			case "put":
				n := min(len(pending), rapid.IntRange(1, 3).Draw(t, "batch"))
				recs := records(t, radiograph.DoorAPI, pending[:n]...)
				if _, err := s.Put(ctx, home1, recs, true); err != nil {
					t.Fatalf("Put: %v", err)
				}
				for i, r := range recs {
					if living[r.Trace] == nil {
						living[r.Trace] = &life{hour: hourOf(radiograph.TimestampOf(clock))}
					}
					living[r.Trace].recs = append(living[r.Trace].recs, pending[i])
				}
				pending = pending[n:]
			case "seal":
				if err := s.seal(ctx, true); err != nil {
					t.Fatalf("seal: %v", err)
				}
			case "later":
				clock = clock.Add(time.Duration(rapid.IntRange(10, 120).Draw(t, "minutes")) * time.Minute)
			case "retain":
				retain()
			case "crash":
				left := fs.CrashClone(vfs.CrashCloneCfg{
					UnsyncedDataPercent: rapid.SampledFrom([]int{0, 50, 100}).Draw(t, "kept"),
					RNG:                 rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)),
				})
				if err := s.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
				fs = left
				if s, err = Open(options()); err != nil {
					t.Fatalf("open after the crash: %v", err)
				}
				retain() // what was dropped may be there again, until this
			case "reopen":
				if err := s.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
				if s, err = Open(options()); err != nil {
					t.Fatalf("reopen: %v", err)
				}
			}
			if rapid.Bool().Draw(t, "look away") {
				continue
			}
			if _, err := s.Check(ctx, func(d Damage) { t.Errorf("the check names %s", d.What) }); err != nil {
				t.Fatalf("Check: %v", err)
			}
			model := storetest.NewModel()
			for _, l := range living {
				for _, doc := range l.recs {
					if _, err := model.Put(ctx, home1, records(t, radiograph.DoorAPI, doc), true); err != nil {
						t.Fatalf("%v", err)
					}
				}
			}
			q := radiograph.SummaryQuery{From: 0, To: 1 << 62}
			want, got := look(t, model, home1, ids, q), look(t, s, home1, ids, q)
			if s.firstHour().start() > radiograph.TimestampOf(storetest.Epoch) {
				want.Contributions = map[radiograph.ContributionKey]*radiograph.Contribution{}
			}
			if d := compare(want, got); d != "" {
				t.Fatalf("(-model +store):\n%s", d)
			}
		}
	})
}

// TestHourIsDroppedInSteps: wherever the dropping of an hour ends, each trace is
// found whole or not at all, and the next pass drops the rest.
func TestHourIsDroppedInSteps(t *testing.T) {
	clock := now()
	o := testOptions()
	o.Dir, o.FS, o.Retention = "data", vfs.NewMem(), 24*time.Hour
	o.Clock = func() time.Time { return clock }
	s := open(t, o)
	var docs [][]byte
	for i := range 20 {
		docs = append(docs, segment(i, 1, ended), segment(i, 2, ended))
	}
	recs := records(t, radiograph.DoorAPI, docs...)
	mustPut(t, s, recs[:20])
	if err := s.seal(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, recs[20:])
	n, _ := s.tenants.find(home1)
	check := func(listed, found int) {
		t.Helper()
		list := collect(t, s.Summaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62}))
		if len(list) != listed {
			t.Errorf("%d traces are listed, want %d", len(list), listed)
		}
		for _, sum := range list {
			if tr, err := s.Trace(context.Background(), home1, sum.ID); err != nil || tr == nil {
				t.Errorf("trace %s is listed, and reading it gives %v, %v", sum.ID, tr, err)
			}
		}
		for i := 0; i < len(recs); i += 2 {
			tr, err := s.Trace(context.Background(), home1, recs[i].Trace)
			if err != nil {
				t.Fatal(err)
			}
			if tr != nil {
				if found--; len(tr.Segments) != 2 {
					t.Errorf("trace %s has %d segments", tr.ID, len(tr.Segments))
				}
			}
		}
		if found != 0 {
			t.Errorf("%d more traces were to be found", found)
		}
	}
	check(20, 20)
	h := hourOf(radiograph.TimestampOf(clock))
	if err := s.dropRanges(n, h, chunkSpace, columnSpace, voidSpace); err != nil {
		t.Fatal(err)
	}
	check(10, 20)
	if err := s.dropTraces(n, h, []radiograph.TraceID{recs[0].Trace, recs[30].Trace}); err != nil {
		t.Fatal(err)
	}
	check(9, 18)
	mustPut(t, s, records(t, radiograph.DoorAPI, segment(2, 3, ended))) // its chunk is gone
	clock = clock.Add(26 * time.Hour)
	again := records(t, radiograph.DoorAPI, docs[0], docs[1]) // begins anew
	mustPut(t, s, again)
	if err := s.retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	check(1, 1)
	for _, space := range []byte{indexSpace, packSpace, traceSpace, summarySpace, chunkSpace, columnSpace, voidSpace, hourSpace, minutesSpace, linkSpace} {
		if left := keys(t, s, space); len(left) > 2 {
			t.Errorf("%d rows of keyspace %q are left", len(left), space)
		}
	}
}

// TestStoreShrinks: beyond MaxBytes the oldest hours go, hour by hour, and not the
// one that goes on.
func TestStoreShrinks(t *testing.T) {
	clock := now()
	o := testOptions()
	o.Dir, o.FS, o.MaxBytes = "data", vfs.NewMem(), 1
	o.Clock = func() time.Time { return clock }
	s := open(t, o)
	for i := range 3 {
		mustPut(t, s, records(t, radiograph.DoorAPI, segment(i, 1, ended)))
		clock = clock.Add(time.Hour)
	}
	clock = clock.Add(-time.Hour)
	for left := 2; left >= 0; left-- {
		if err := s.retain(context.Background()); err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, sum := range collect(t, s.Summaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62})) {
			found = append(found, strings.TrimLeft(string(sum.ID[4:]), "0"))
		}
		slices.Sort(found)
		if want := [][]string{{"2"}, {"2"}, {"1", "2"}}[left]; !slices.Equal(found, want) {
			t.Errorf("traces %v are left, want %v", found, want)
		}
	}
}
