package daemon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests [][]radiograph.TelemetryRecord
		var mu sync.Mutex
		var away atomic.Bool
		x := &telemetry{clock: time.Now, put: func(recs []radiograph.TelemetryRecord) error {
			if away.Load() {
				return errors.New("away")
			}
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, recs)
			return nil
		}}
		sent := func() [][]radiograph.TelemetryRecord { // since the last call
			mu.Lock()
			defer mu.Unlock()
			defer func() { requests = nil }()
			return requests
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { x.run(ctx); close(done) }()
		minute := func() radiograph.Timestamp {
			time.Sleep(telemetryInterval) // of the bubble's clock
			synctest.Wait()
			return radiograph.TimestampOf(time.Now())
		}
		minute()
		if got := sent(); got != nil {
			t.Fatalf("reported before anything came: %+v", got)
		}
		x.received.Add(3)
		x.sent.Add(2)
		x.rejected.Add(1)
		first := minute()
		want := [][]radiograph.TelemetryRecord{{{Time: first, Received: 3, Sent: 2, Rejected: 1}}}
		if d := cmp.Diff(want, sent()); d != "" {
			t.Fatal(d)
		}
		idle := minute() // once begun, quiet minutes are told too
		if d := cmp.Diff([][]radiograph.TelemetryRecord{{{Time: idle}}}, sent()); d != "" {
			t.Fatal(d)
		}
		// While the sink is away, the newest thirty are kept, and sent by tens.
		away.Store(true)
		for range telemetryKept + 10 {
			x.received.Add(1)
			minute()
		}
		away.Store(false)
		x.failed(context.DeadlineExceeded)
		x.failed(errors.New("other"))
		minute()
		got := sent()
		if len(got) != 3 || len(got[0]) != telemetryBatch || len(got[2]) != telemetryBatch {
			t.Fatalf("%d requests", len(got))
		}
		if last := got[2][telemetryBatch-1]; last.Timeouts != 1 || last.Other != 1 || last.Received != 0 {
			t.Errorf("the last record is %+v", last)
		}
		cancel()
		<-done
		x.finish()
		if got := sent(); got != nil {
			t.Errorf("a last record without news: %+v", got)
		}
		x.spillover.Add(1)
		x.finish()
		if got := sent(); len(got) != 1 || got[0][0].Spillover != 1 {
			t.Errorf("the last record: %+v", got)
		}
	})
}
