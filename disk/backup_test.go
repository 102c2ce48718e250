package disk

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

// TestBackupAndRestore backs a store up while it is written to: what was durable
// before is in the copy, as it was; the copy opens where it is and where it is
// restored; and the store goes on.
func TestBackupAndRestore(t *testing.T) {
	files := vfs.NewMem()
	o := testOptions()
	o.Dir, o.FS = "data", files
	s := open(t, o)
	ctx := context.Background()
	var ids []radiograph.TraceID
	put := func(trace, n int, durable bool) {
		recs := records(t, radiograph.DoorAPI, segment(trace, n, ended))
		if _, err := s.Put(ctx, home1, recs, durable); err != nil {
			t.Error(err)
		}
		if trace < 1000 {
			ids = append(ids, recs[0].Trace)
		}
	}
	for n := range 50 {
		put(n, n, false)
	}
	put(7, 99, true)
	zip := []byte("a package")
	if err := s.PutCode(ctx, codeSum(zip), zip); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(ctx, radiograph.Change{Key: "k", Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	q := radiograph.SummaryQuery{From: radiograph.TimestampOf(storetest.Epoch.Add(-time.Hour)), To: radiograph.TimestampOf(storetest.Epoch.Add(time.Hour))}
	before := look(t, s, home1, ids, q)

	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 1000; ; n++ {
			select {
			case <-stop:
				return
			default:
				put(n, n, false)
			}
		}
	})
	err := s.Backup(ctx, "backups/monday")
	close(stop)
	writer.Wait()
	if err != nil {
		t.Fatal(err)
	}
	put(8, 77, true) // goes into no file that the copy shares

	check := func(dir string) {
		t.Helper()
		copied := o
		copied.Dir = dir
		c := open(t, copied)
		got := look(t, c, home1, ids, q)
		if d := gocmp.Diff(before.Traces, got.Traces); d != "" {
			t.Errorf("%s: traces (-want +got):\n%s", dir, d)
		}
		for _, sum := range before.Summaries[radiograph.ByEvent] {
			found := false
			for _, other := range got.Summaries[radiograph.ByEvent] {
				found = found || gocmp.Equal(sum, other)
			}
			if !found {
				t.Errorf("%s: the summary of %s is missing or another", dir, sum.ID)
			}
		}
		if v, err := c.Get(ctx, "k"); err != nil || string(v) != "v" {
			t.Errorf("%s: state %q, %v", dir, v, err)
		}
		if _, err := c.CodePath(ctx, codeSum(zip)); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
		if _, err := c.Put(ctx, home1, records(t, radiograph.DoorAPI, segment(5000, 1, ended)), true); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
	restored := o
	restored.Dir = "elsewhere/data"
	if err := files.MkdirAll(restored.Dir, 0o700); err != nil { // an empty folder is as good as none
		t.Fatal(err)
	}
	if err := Restore(restored, "backups/monday"); err != nil {
		t.Fatal(err)
	}
	check("elsewhere/data")
	check("backups/monday")

	for name, err := range map[string]error{
		"over a backup":      s.Backup(ctx, "backups/monday"),
		"over a data folder": Restore(restored, "backups/monday"),
		"a backup in use":    Restore(Options{Dir: "third", FS: files, Clock: now}, "backups/monday"),
	} {
		if radiograph.ErrorKind(err) != radiograph.KindConflict {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Restore(Options{Dir: "third", FS: files}, "backups"); radiograph.ErrorKind(err) != radiograph.KindInvalid {
		t.Errorf("no backup: %v", err)
	}
	if err := open(t, testOptions()).Backup(ctx, "memory"); radiograph.ErrorKind(err) != radiograph.KindUnsupported {
		t.Errorf("memory: %v", err)
	}
	if names, err := files.List("backups"); err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// TestDamagedBackup is not restored, and leaves nothing.
func TestDamagedBackup(t *testing.T) {
	files := vfs.NewMem()
	o := testOptions()
	o.Dir, o.FS = "data", files
	s := open(t, o)
	mustPut(t, s, records(t, radiograph.DoorAPI, segment(1, 1, ended)))
	if err := s.Backup(context.Background(), "backup"); err != nil {
		t.Fatal(err)
	}
	names, err := files.List("backup/db")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if len(name) > 8 && name[:8] == "MANIFEST" {
			if err := files.Remove("backup/db/" + name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := Restore(Options{Dir: "restored", FS: files, Clock: now}, "backup"); err == nil {
		t.Error("a backup without its manifest was restored")
	}
	for _, dir := range []string{"restored", "restored.partial"} {
		if _, err := files.Stat(dir); err == nil {
			t.Errorf("%s is left", dir)
		}
	}
}
