package disk

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

func TestStats(t *testing.T) {
	clock := now()
	o := testOptions()
	o.Dir, o.FS, o.Retention = "data", vfs.NewMem(), 24*time.Hour
	o.Clock = func() time.Time { return clock }
	s := open(t, o)
	empty := s.Stats()
	var docs [][]byte
	for i := range 20 {
		docs = append(docs, segment(i, 1, ended), segment(i, 2, ended))
	}
	mustPut(t, s, records(t, radiograph.DoorAPI, docs...))
	st := s.Stats()
	if n := st.OpenTraces + st.ParkedTraces; n != 20 || st.OpenTraceBytes+st.ParkedTraceBytes == 0 {
		t.Errorf("%d open traces of %d bytes, want 20", n, st.OpenTraceBytes+st.ParkedTraceBytes)
	}
	if st.LogBytesWritten <= empty.LogBytesWritten || st.Bytes == 0 || st.Flushes != 0 || st.FlushedBytes != 0 {
		t.Errorf("after a write: %+v", st)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if st = s.Stats(); st.Flushes != 1 || st.FlushedBytes == 0 || st.Tables == 0 || st.TableBytes == 0 || st.TracesDropped != 0 {
		t.Errorf("after a flush: %+v", st)
	}
	clock = clock.Add(26 * time.Hour)
	if err := s.retain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st = s.Stats(); st.HoursDropped != 1 || st.TracesDropped != 20 {
		t.Errorf("%d hours with %d traces dropped, want 1 with 20", st.HoursDropped, st.TracesDropped)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if st = s.Stats(); st != (Stats{}) {
		t.Errorf("closed: %+v", st)
	}
}
