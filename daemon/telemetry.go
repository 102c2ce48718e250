package daemon

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"radiograph"
)

const (
	// telemetryInterval is how often counts are reported (aws-xray-daemon: 60 s).
	telemetryInterval = time.Minute
	// telemetryBatch and telemetryKept are how many records one request holds and
	// how many are kept to be sent again (aws-xray-daemon: 10 and 30).
	telemetryBatch = 10
	telemetryKept  = 30
)

// telemetry counts what a daemon does and reports it every minute, from the
// first received datagram on.
type telemetry struct {
	clock radiograph.Clock
	put   func([]radiograph.TelemetryRecord) error

	received, sent, spillover, rejected atomic.Int64
	timeouts, other                     atomic.Int64

	begun bool // something was received once
	kept  []radiograph.TelemetryRecord
}

// failed counts a batch that could not be sent.
func (t *telemetry) failed(err error) {
	if errors.Is(err, context.DeadlineExceeded) {
		t.timeouts.Add(1)
		return
	}
	t.other.Add(1)
}

// run reports until ctx ends.
func (t *telemetry) run(ctx context.Context) {
	tick := time.NewTicker(telemetryInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.record()
		}
	}
}

// finish writes the last record, if anything happened since the one before. No
// other method may run meanwhile.
func (t *telemetry) finish() {
	if t.received.Load()+t.sent.Load()+t.spillover.Load()+t.rejected.Load() > 0 {
		t.record()
	}
}

func (t *telemetry) record() {
	rec := radiograph.TelemetryRecord{
		Time:      radiograph.TimestampOf(t.clock()),
		Received:  t.received.Swap(0),
		Sent:      t.sent.Swap(0),
		Spillover: t.spillover.Swap(0),
		Rejected:  t.rejected.Swap(0),
		Timeouts:  t.timeouts.Swap(0),
		Other:     t.other.Swap(0),
	}
	t.begun = t.begun || rec.Received > 0
	if !t.begun {
		return
	}
	t.kept = append(t.kept, rec)
	if over := len(t.kept) - telemetryKept; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	for len(t.kept) > 0 {
		n := min(len(t.kept), telemetryBatch)
		if err := t.put(append([]radiograph.TelemetryRecord(nil), t.kept[:n]...)); err != nil {
			return // the next minute tries again
		}
		t.kept = append(t.kept[:0], t.kept[n:]...)
	}
}
