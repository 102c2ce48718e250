package disk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/trace"
)

// crashRounds is small for every day; `make crash` sets RADIOGRAPH_CRASH_ROUNDS.
func crashRounds(t *testing.T) int {
	text := os.Getenv("RADIOGRAPH_CRASH_ROUNDS")
	if text == "" {
		return 12
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("RADIOGRAPH_CRASH_ROUNDS: %v", err)
	}
	return n
}

// TestCrash cuts the power at a random moment while several writers write, and
// keeps what was synced and a random part of what was not. Everything that was
// acknowledged must be there and nothing may be half there; the folder is then
// written on, and cut again.
func TestCrash(t *testing.T) {
	rounds := crashRounds(t)
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			h := newCrashHistory(seed)
			fs := vfs.NewCrashableMem()
			for round := range (rounds + 3) / 4 {
				fs = h.round(t, fs, fs)
				if problems := h.verify(t, fs); len(problems) > 0 {
					t.Fatalf("round %d: %d problems, the first: %s", round, len(problems), problems[0])
				}
			}
		})
	}
}

// TestCrashTestFindsStoreThatNeverSyncs shows that TestCrash can fail.
func TestCrashTestFindsStoreThatNeverSyncs(t *testing.T) {
	h := newCrashHistory(1)
	h.keepUnsynced, h.memTable = []int{0}, memTableBytes // what is flushed to tables is synced in any case
	mem := vfs.NewCrashableMem()
	lying := &syncFS{FS: mem, onSync: func(func() error) error { return nil }}
	if problems := h.verify(t, h.round(t, lying, mem)); len(problems) == 0 {
		t.Error("a store whose log is never synced lost nothing in a crash")
	}
}

// crashHistory is what writers did to one folder, over several crashes.
type crashHistory struct {
	seed         uint64
	rng          *rand.Rand
	keepUnsynced []int // percentages to draw from
	memTable     uint64
	probes       int // documents written to see that the store still can

	mu      sync.Mutex
	batches []*crashBatch
	values  []*crashValue
	highest uint64 // sequence acknowledged
}

// crashBatch is one Put. Its documents are to be found together or not at all.
type crashBatch struct {
	documents map[radiograph.SegmentID]radiograph.TraceID
	acked     bool
	settled   bool // its fate was seen after a crash; kept says which
	kept      bool
}

// crashValue is one Apply of a pair of keys.
type crashValue struct {
	key            string
	acked, settled bool
	kept           bool
}

func newCrashHistory(seed uint64) *crashHistory {
	return &crashHistory{
		seed: seed, rng: rand.New(rand.NewPCG(seed, 17)), keepUnsynced: []int{0, 0, 30, 70},
		memTable: 64 << 10,
	} // flushes, compactions and new logs belong to the story
}

func (h *crashHistory) options(fs vfs.FS) Options {
	o := testOptions()
	o.Dir, o.FS = "data", fs
	o.memTable = h.memTable
	o.OpenTraceBytes = 50_000
	o.TraceLimit = 20_000
	o.pending = 5
	return o
}

// round opens the store on fs, writes, cuts the power and returns what is left.
func (h *crashHistory) round(t *testing.T, fs vfs.FS, mem *vfs.MemFS) *vfs.MemFS {
	s, err := Open(h.options(fs))
	if err != nil {
		t.Fatal(err)
	}
	s.MatchGroups(allInOne{})
	const writers = 4
	target := 1 + h.rng.IntN(150)
	reached, stop := make(chan struct{}), make(chan struct{})
	var acks int
	ack := func() { // with h.mu held
		if acks++; acks == target {
			close(reached)
		}
	}
	var running sync.WaitGroup
	for w := range writers {
		rng := rand.New(rand.NewPCG(h.rng.Uint64(), uint64(w)))
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				switch rng.IntN(8) {
				case 0, 1:
					h.apply(t, s, rng, ack)
				case 2:
					if err := repackOver(s); err != nil {
						t.Error(err)
					}
				default:
					h.put(t, s, rng, ack)
				}
			}
		})
	}
	running.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.seal(context.Background(), true); err != nil {
				t.Errorf("seal: %v", err)
			}
		}
	})
	<-reached
	// What was acknowledged by now must survive; what is acknowledged while the
	// power goes may.
	h.mu.Lock()
	ackedBatches, ackedValues := map[*crashBatch]bool{}, map[*crashValue]bool{}
	for _, b := range h.batches {
		ackedBatches[b] = b.acked
	}
	for _, v := range h.values {
		ackedValues[v] = v.acked
	}
	highest := h.highest
	h.mu.Unlock()
	left := mem.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: h.keepUnsynced[h.rng.IntN(len(h.keepUnsynced))],
		RNG:                 rand.New(rand.NewPCG(h.rng.Uint64(), 1)),
	})
	close(stop)
	running.Wait()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for _, b := range h.batches {
		b.acked = ackedBatches[b]
	}
	for _, v := range h.values {
		v.acked = ackedValues[v]
	}
	h.highest = highest
	return left
}

func (h *crashHistory) put(t *testing.T, s *Store, rng *rand.Rand, ack func()) {
	h.mu.Lock()
	n := len(h.batches)
	b := &crashBatch{documents: map[radiograph.SegmentID]radiograph.TraceID{}}
	h.batches = append(h.batches, b)
	h.mu.Unlock()

	var docs [][]byte
	for i := range 1 + rng.IntN(4) {
		docs = append(docs, segment(rng.IntN(40), n*10+i, ended+`,"origin":"AWS::Lambda::Function","metadata":{"x":"`+strconv.Itoa(rng.Int())+`"}`))
	}
	recs := records(t, radiograph.DoorAPI, docs...)
	h.mu.Lock()
	for _, r := range recs {
		b.documents[r.Root.ID] = r.Trace
	}
	h.mu.Unlock()
	durable := rng.IntN(3) > 0
	if _, err := s.Put(context.Background(), home1, recs, durable); err != nil {
		t.Errorf("Put: %v", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if durable {
		b.acked = true
		for _, r := range recs {
			h.highest = max(h.highest, r.Sequence)
		}
		ack()
	}
}

func (h *crashHistory) apply(t *testing.T, s *Store, rng *rand.Rand, ack func()) {
	h.mu.Lock()
	v := &crashValue{key: fmt.Sprintf("pair/%d", len(h.values))}
	h.values = append(h.values, v)
	h.mu.Unlock()
	lazy := rng.IntN(2) == 0
	err := s.Apply(context.Background(), radiograph.Change{Key: v.key + "/a", Value: []byte(v.key), Lazy: lazy},
		radiograph.Change{Key: v.key + "/b", Value: []byte(v.key), Lazy: true})
	if err != nil {
		t.Errorf("Apply: %v", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !lazy {
		v.acked = true
		ack()
	}
}

// verify opens what a crash left and compares it with what was acknowledged, and
// the derived rows with the documents. It returns what is wrong.
func (h *crashHistory) verify(t *testing.T, fs vfs.FS) (problems []string) {
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	s, err := Open(h.options(fs))
	if err != nil {
		return []string{"open: " + err.Error()}
	}
	defer func() {
		if err := s.Close(); err != nil {
			wrong("close: %v", err)
		}
	}()
	ctx := context.Background()
	if _, err := s.Check(ctx, func(d Damage) { wrong("the check names %s", d.What) }); err != nil {
		wrong("check: %v", err)
	}

	all := radiograph.SummaryQuery{From: 0, To: 1 << 62}
	summaries := map[radiograph.TraceID]*radiograph.Summary{}
	for sum, err := range s.Summaries(ctx, home1, all) {
		if err != nil {
			return append(problems, err.Error())
		}
		if summaries[sum.ID] != nil {
			wrong("two summaries of trace %s", sum.ID)
		}
		summaries[sum.ID] = sum
	}
	ids := map[radiograph.TraceID]bool{}
	for _, b := range h.batches {
		for _, id := range b.documents {
			ids[id] = true
		}
	}
	present := map[radiograph.SegmentID]bool{}
	model := map[radiograph.ContributionKey]*radiograph.Contribution{}
	n, _ := s.tenants.find(home1)
	for id := range ids {
		tr, err := s.Trace(ctx, home1, id)
		if err != nil {
			wrong("%v", err)
			continue
		}
		if tr == nil {
			if summaries[id] != nil {
				wrong("trace %s has a summary and no documents", id)
			}
			continue
		}
		if d := gocmp.Diff(trace.Summarize(tr), summaries[id], equateEmpty); d != "" {
			wrong("summary of %s is not its trace's (-want +got):\n%s", id, d)
		}
		for _, c := range trace.Contributions(tr) {
			if model[c.Key()] == nil {
				model[c.Key()] = &radiograph.Contribution{Minute: c.Minute, Node: c.Node, Edge: c.Edge, Link: c.Link}
			}
			model[c.Key()].Add(c)
		}
		h.documents(s, n, id, present, wrong)
	}
	for _, group := range []radiograph.GroupID{0, theGroup.ID} {
		stored := map[radiograph.ContributionKey]*radiograph.Contribution{}
		for c, err := range s.Contributions(ctx, home1, radiograph.SumsQuery{Group: group, From: all.From, To: all.To}) {
			if err != nil {
				return append(problems, err.Error())
			}
			c.Version = 0
			stored[c.Key()] = c
		}
		if d := compare(view{Contributions: model}, view{Contributions: stored}); d != "" {
			wrong("sums of group %x are not those of the traces (-want +got):\n%s", group, d)
		}
	}

	for i, b := range h.batches {
		found := 0
		for id := range b.documents {
			if present[id] {
				found++
			}
		}
		switch whole := found == len(b.documents); {
		case found > 0 && !whole:
			wrong("batch %d is half there: %d of %d documents", i, found, len(b.documents))
		case b.acked && !whole:
			wrong("batch %d was acknowledged and is gone", i)
		case b.settled && b.kept != whole:
			wrong("batch %d was there after an earlier crash: %v, now: %v", i, b.kept, whole)
		default:
			b.settled, b.kept = true, whole
		}
	}
	pairs := map[string]string{}
	for p, err := range s.Scan(ctx, "pair/") {
		if err != nil {
			return append(problems, err.Error())
		}
		pairs[p.Key] = string(p.Value)
	}
	for _, v := range h.values {
		a, b := pairs[v.key+"/a"] == v.key, pairs[v.key+"/b"] == v.key
		switch {
		case a != b:
			wrong("%s is half there", v.key)
		case v.acked && !a:
			wrong("%s was acknowledged and is gone", v.key)
		case v.settled && v.kept != a:
			wrong("%s was there after an earlier crash: %v, now: %v", v.key, v.kept, a)
		default:
			v.settled, v.kept = true, a
		}
	}
	h.probes++
	probe := records(t, radiograph.DoorAPI, segment(1_000_000, h.probes, ended))
	if _, err := s.Put(ctx, radiograph.Tenant{Account: "999999999999"}, probe, true); err != nil {
		wrong("Put after the crash: %v", err)
	}
	if probe[0].Sequence <= h.highest {
		wrong("sequence %d after the crash, %d before it", probe[0].Sequence, h.highest)
	}
	return problems
}

// documents notes which documents of a trace have rows and can be read, those
// too that were left out of the merge.
func (h *crashHistory) documents(s *Store, n tenant, id radiograph.TraceID, present map[radiograph.SegmentID]bool, wrong func(string, ...any)) {
	at, err := get(s.db, appendTraceKey(nil, n, id), readHome)
	if err != nil || at == nil {
		wrong("trace row of %s: %v", id, err)
		return
	}
	places, err := readPlaces(s.db, n, at.Hour, id)
	if err != nil {
		wrong("%v", err)
	}
	for _, p := range places {
		key := appendPackKey(nil, n, at.Hour, p.Pack)
		documents, err := get(s.db, key, s.packer.unpack)
		if err != nil || documents == nil {
			wrong("%s of trace %s: %v", describe(key), id, err)
			continue
		}
		r, err := decodeRecord(*documents, id, &p)
		if err != nil {
			wrong("document %d of trace %s: %v", p.Sequence, id, err)
			continue
		}
		present[r.Root.ID] = true
	}
}

func TestCodeSurvivesCrash(t *testing.T) {
	fs := vfs.NewCrashableMem()
	h := newCrashHistory(0)
	s := open(t, h.options(fs))
	zip := []byte("PK and so on")
	name := codeSum(zip)
	if err := s.PutCode(context.Background(), name, zip); err != nil {
		t.Fatal(err)
	}
	left := fs.CrashClone(vfs.CrashCloneCfg{})
	after := open(t, h.options(left))
	path, err := after.CodePath(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readFile(left, path); err != nil || string(got) != string(zip) {
		t.Errorf("after the crash the package is %q, %v", got, err)
	}
	if names, _ := left.List("data/code"); !slices.Equal(names, []string{name + ".zip"}) {
		t.Errorf("code folder has %q", names)
	}
}
