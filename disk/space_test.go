package disk

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

// TestNearlyFullDisk: writes get an error that says try again, reads go on, and
// writes too once there is room.
func TestNearlyFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	o := testOptions()
	o.Dir, o.FS = "data", mem
	s := open(t, o)
	ctx := context.Background()
	recs := records(t, radiograph.DoorAPI, segment(1, 1, ended))
	mustPut(t, s, recs)
	use := func(free uint64) {
		mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free, TotalBytes: 1 << 40, UsedBytes: 1<<40 - free})
		s.space.mu.Lock()
		s.space.asked = time.Time{} // a second later
		s.space.mu.Unlock()
	}
	use(100 << 20)
	for range 2 {
		_, err := s.Put(ctx, home1, records(t, radiograph.DoorAPI, segment(1, 2, ended)), true)
		if radiograph.ErrorKind(err) != radiograph.KindUnavailable {
			t.Errorf("Put = %v", err)
		}
		if err := s.Apply(ctx, radiograph.Change{Key: "a", Value: []byte("b")}); radiograph.ErrorKind(err) != radiograph.KindUnavailable {
			t.Errorf("Apply = %v", err)
		}
		if err := s.PutCode(ctx, codeSum([]byte("zip")), []byte("zip")); radiograph.ErrorKind(err) != radiograph.KindUnavailable {
			t.Errorf("PutCode = %v", err)
		}
	}
	if tr := mustTrace(t, s, recs[0].Trace); len(tr.Nodes) != 1 {
		t.Errorf("the trace has %d nodes, want the first alone", len(tr.Nodes))
	}
	use(1 << 30)
	mustPut(t, s, records(t, radiograph.DoorAPI, segment(1, 2, ended)))
}
