package disk

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
	"radiograph/storetest"
)

// repackAll packs everything again that there is.
func repackAll(t testing.TB, s *Store) {
	t.Helper()
	if err := s.repacker.repack(context.Background(), s.sequences.given()); err != nil {
		t.Fatal(err)
	}
}

// repackOver packs again as if the hours were over, and gives up on an error.
func repackOver(s *Store) error {
	for at, err := range s.packHours(context.Background()) {
		for more := true; more && err == nil; {
			_, more, err = s.repacker.once(context.Background(), at, s.sequences.given(), true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestRepack writes one document a request and wants the same traces from far
// fewer packs, also after more documents and a restart.
func TestRepack(t *testing.T) {
	clock := storetest.Epoch
	o := testOptions()
	o.Dir, o.FS, o.OpenTraceBytes = "data", vfs.NewMem(), 1
	o.Clock = func() time.Time { return clock }
	s := open(t, o)
	const traces = 60
	documents := map[radiograph.TraceID][][]byte{}
	put := func(n int) {
		for trace := range traces {
			doc := segment(trace, n, fmt.Sprintf(`%s,"metadata":{"n":"%d of %d"}`, ended, n, trace))
			recs := records(t, radiograph.DoorAPI, doc)
			recs[0].Stamp = radiograph.Stamp{Trace: recs[0].Trace, Invocation: radiograph.SegmentID{9}}
			mustPut(t, s, recs)
			documents[recs[0].Trace] = append(documents[recs[0].Trace], doc)
		}
	}
	check := func(packs int) {
		t.Helper()
		if n := len(keys(t, s, packSpace)); n != packs {
			t.Errorf("%d packs, want %d", n, packs)
		}
		for id, want := range documents {
			tr := mustTrace(t, s, id)
			for _, doc := range want {
				found := false
				for _, n := range tr.Segments {
					found = found || bytes.Equal(n.Body, doc)
				}
				if !found {
					t.Fatalf("trace %s has lost %s", id, doc)
				}
			}
		}
	}
	put(1)
	put(2)
	check(2 * traces)
	repackAll(t, s)
	check(2 * traces) // too few bytes to be worth it while the hour goes on
	clock = clock.Add(time.Hour)
	repackAll(t, s)
	check(1)
	put(3) // late, and in the hour of their traces
	check(1 + traces)
	repackAll(t, s)
	check(2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	repackAll(t, s)
	check(2)
}

// TestRepackNeedsRoom: nothing is moved on a disk that is nearly full.
func TestRepackNeedsRoom(t *testing.T) {
	clock := storetest.Epoch
	o := testOptions()
	o.Dir, o.FS = "data", vfs.NewMem()
	o.Clock = func() time.Time { return clock }
	s := open(t, o)
	for n := range 3 {
		mustPut(t, s, records(t, radiograph.DoorAPI, segment(n, 1, ended)))
	}
	clock = clock.Add(time.Hour)
	s.space.mu.Lock()
	s.space.asked, s.space.refused = time.Now().Add(time.Hour), radiograph.Errorf(radiograph.KindUnavailable, "full")
	s.space.mu.Unlock()
	repackAll(t, s)
	if n := len(keys(t, s, packSpace)); n != 3 {
		t.Errorf("%d packs on a full disk, want the 3 there were", n)
	}
}

// TestRepackLeavesDamageAlone: a pack that does not read, or has another number of
// documents than of index rows, stays as it is, and its neighbours move.
func TestRepackLeavesDamageAlone(t *testing.T) {
	clock := storetest.Epoch
	o := testOptions()
	o.OpenTraceBytes = 1
	o.Clock = func() time.Time { return clock }
	s := open(t, o)
	for n := range 6 {
		mustPut(t, s, records(t, radiograph.DoorAPI, segment(n, 1, ended)))
	}
	packs := keys(t, s, packSpace)
	if err := s.db.Set(packs[1], []byte("damaged"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Delete(keys(t, s, indexSpace)[3], nil); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(time.Hour)
	repackAll(t, s)
	left := keys(t, s, packSpace)
	if len(left) != 3 || !bytes.Equal(left[0], packs[0]) || !bytes.Equal(left[1], packs[1]) || !bytes.Equal(left[2], packs[3]) {
		t.Errorf("packs %x are left of %x, want the new one under the first name, and the second and fourth", left, packs)
	}
	for n := range 6 {
		id := records(t, radiograph.DoorAPI, segment(n, 1, ended))[0].Trace
		_, err := s.Trace(context.Background(), home1, id)
		if damaged := n == 1 || n == 3; (err != nil) != damaged {
			t.Errorf("trace %d: %v", n, err)
		}
	}
}
