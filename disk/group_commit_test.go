package disk

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

// TestWritersShareSync lets one writer's sync hang until many others have
// applied, then counts the syncs that all of them needed.
func TestWritersShareSync(t *testing.T) {
	const writers = 64
	var syncs atomic.Int64
	var gated atomic.Bool
	began, gate := make(chan struct{}), make(chan struct{})
	fs := &syncFS{FS: vfs.NewMem(), onSync: func(sync func() error) error {
		if gated.CompareAndSwap(true, false) {
			close(began)
			<-gate
		}
		syncs.Add(1)
		return sync()
	}}
	o := testOptions()
	o.Dir, o.FS = "data", fs
	s := open(t, o)
	if err := s.Apply(context.Background(), radiograph.Change{Key: "a", Value: []byte("b")}); err != nil {
		t.Fatal(err)
	}
	syncs.Store(0)
	gated.Store(true)
	var running sync.WaitGroup
	write := func(i int) {
		running.Go(func() {
			if _, err := s.Put(context.Background(), home1, records(t, radiograph.DoorAPI, segment(i, 0, ended)), true); err != nil {
				t.Errorf("Put: %v", err)
			}
		})
	}
	write(0)
	<-began
	for i := 1; i < writers; i++ {
		write(i)
	}
	for i := range writers { // visible while not durable: no lock is held across the sync
		id := records(t, radiograph.DoorAPI, segment(i, 0, ended))[0].Trace
		for tr := (*radiograph.Trace)(nil); tr == nil; runtime.Gosched() {
			var err error
			if tr, err = s.Trace(context.Background(), home1, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := syncs.Load(); n != 0 {
		t.Errorf("%d syncs ended while the first was held", n)
	}
	close(gate)
	running.Wait()
	if n := syncs.Load(); n > writers/8 {
		t.Errorf("%d writers needed %d syncs", writers, n)
	} else {
		t.Logf("%d writers needed %d syncs", writers, n)
	}
}

// TestOfferedIsSyncedSoon: a write that does not wait is on disk after the
// delay, many of them with one sync, and Close does not wait for it.
func TestOfferedIsSyncedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var syncs atomic.Int64
		g := startGroupCommit(defaultCommitDelay, func() error { syncs.Add(1); return nil })
		for range 10 {
			g.note()
		}
		synctest.Wait()
		if n := syncs.Load(); n != 0 {
			t.Errorf("%d syncs at once", n)
		}
		time.Sleep(100 * time.Millisecond) // the bubble's clock: the promise of Sink.Offer
		synctest.Wait()
		if n := syncs.Load(); n != 1 {
			t.Errorf("%d syncs after 100 ms, want 1", n)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := syncs.Load(); n != 1 {
			t.Errorf("%d syncs with nothing to do, want 1", n)
		}
		g.note()
		if err := g.close(); err != nil || syncs.Load() != 2 {
			t.Errorf("close = %v after %d syncs, want 2", err, syncs.Load())
		}
	})
}

// TestOfferedSurvivesClose drops what was not synced when Close returned.
func TestOfferedSurvivesClose(t *testing.T) {
	fs := vfs.NewCrashableMem()
	o := testOptions()
	o.Dir, o.FS, o.CommitDelay = "data", fs, time.Hour
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	recs := records(t, radiograph.DoorAPI, segment(1, 0, ended))
	if _, err := s.Put(context.Background(), home1, recs, false); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.FS = fs.CrashClone(vfs.CrashCloneCfg{})
	if tr, err := open(t, o).Trace(context.Background(), home1, recs[0].Trace); tr == nil || err != nil {
		t.Errorf("offered and closed, and read as %v, %v", tr, err)
	}
}

// TestFailedSyncEndsProcess: one line in the log, one call of Fatal, nothing
// acknowledged afterwards, everything acknowledged before is there.
func TestFailedSyncEndsProcess(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var failing atomic.Bool
	fs := &syncFS{FS: mem, onSync: func(sync func() error) error {
		if failing.Load() {
			return errors.New("the disk is on fire")
		}
		return sync()
	}}
	var lines bytes.Buffer
	var fatal atomic.Int64
	ended1 := make(chan struct{})
	o := testOptions()
	o.Dir, o.FS = "data", fs
	o.Log = slog.New(slog.NewTextHandler(&lines, nil))
	o.Fatal = func(error) {
		fatal.Add(1)
		close(ended1)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	kept := records(t, radiograph.DoorAPI, segment(1, 0, ended))
	if _, err := s.Put(context.Background(), home1, kept, true); err != nil {
		t.Fatal(err)
	}
	failing.Store(true)
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			if _, err := s.Put(context.Background(), home1, records(t, radiograph.DoorAPI, segment(2+i, 0, ended)), true); radiograph.ErrorKind(err) != radiograph.KindUnavailable {
				t.Errorf("Put on a failing disk = %v", err)
			}
		})
	}
	<-ended1
	running.Wait()
	if _, err := s.Put(context.Background(), home1, records(t, radiograph.DoorAPI, segment(9, 0, ended)), false); radiograph.ErrorKind(err) != radiograph.KindUnavailable {
		t.Errorf("Put after the failure = %v", err)
	}
	if fatal.Load() != 1 {
		t.Errorf("Fatal was called %d times", fatal.Load())
	}
	if n := strings.Count(lines.String(), "the disk failed"); n != 1 || !strings.Contains(lines.String(), "on fire") {
		t.Errorf("the log tells it %d times:\n%s", n, &lines)
	}
	o.FS = mem.CrashClone(vfs.CrashCloneCfg{})
	if tr, err := open(t, o).Trace(context.Background(), home1, kept[0].Trace); tr == nil || err != nil {
		t.Errorf("acknowledged before the failure, and read as %v, %v", tr, err)
	}
	// The broken store is not closed: in life the process is gone.
}
