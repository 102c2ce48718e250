package disk

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"radiograph"
)

// TestCloseLeavesNoGoroutine: whoever opens a store gets everything back.
func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for _, dir := range []string{"", t.TempDir()} {
		s, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for i, durable := range []bool{true, false} {
			if _, err := s.Put(context.Background(), home1, records(t, radiograph.DoorAPI, segment(1, i, ended)), durable); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range s.Summaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62}) {
			if err != nil {
				t.Fatal(err)
			}
			break // an iterator that is not read to its end
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	goleak.VerifyNone(t, before)
}
