package daemon

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"radiograph"
)

const (
	// batchSize is the most documents sent at once (aws-xray-daemon: 50).
	batchSize = 50
	// attempts is how often a batch is offered (aws-xray-daemon: 2).
	attempts = 2
	// sendTimeout ends one attempt (aws-xray-daemon: 2 s).
	sendTimeout = 2 * time.Second
)

// What a role must be allowed.
const (
	putSegments  = "xray:PutTraceSegments"
	putTelemetry = "xray:PutTelemetryRecords"
)

// send flushes the queue whenever the reader says so.
func (d *Daemon) send() {
	for {
		select {
		case <-d.ctx.Done():
			return
		case <-d.wake:
			d.flush(d.ctx)
		}
	}
}

// flush returns when everything that was queued before the call has been
// offered, also by another goroutine, or ctx has ended.
func (d *Daemon) flush(ctx context.Context) {
	select {
	case d.turn <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-d.turn }()
	for left := d.queue.len(); left > 0 && ctx.Err() == nil; {
		batch := d.queue.take(min(left, batchSize))
		if len(batch) == 0 {
			return
		}
		left -= len(batch)
		d.offer(batch)
	}
	d.signal()
}

// offer sends one batch. Like the daemon people know, it drops a batch that
// fails twice.
func (d *Daemon) offer(batch []radiograph.Document) {
	if reason := d.refused(putSegments); reason != "" {
		d.telemetry.rejected.Add(int64(len(batch)))
		d.cfg.Counts.Rejected.Add(int64(len(batch)))
		d.losses.drop(reason, len(batch))
		return
	}
	var err error
	for range attempts {
		var rejections []radiograph.Rejection
		if rejections, err = d.put(batch); err == nil {
			d.telemetry.sent.Add(int64(len(batch)))
			d.telemetry.rejected.Add(int64(len(rejections)))
			d.cfg.Counts.Sent.Add(int64(len(batch)))
			d.cfg.Counts.Rejected.Add(int64(len(rejections)))
			for _, r := range rejections {
				d.losses.drop(rejectionReason(r), 1)
			}
			return
		}
	}
	d.telemetry.failed(err)
	d.spilled(len(batch))
	d.losses.drop("the documents could not be stored: "+err.Error(), len(batch))
	d.cfg.Log.Warn("documents dropped", "documents", len(batch), "err", err)
}

var errPanic = errors.New("internal error")

// put offers a batch once. A panic stays within it: the next batch is another's.
func (d *Daemon) put(batch []radiograph.Document) (rejections []radiograph.Rejection, err error) {
	ctx, cancel := context.WithTimeout(d.ctx, sendTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			d.cfg.Log.Error("taking in documents panicked", "panic", p, "stack", string(debug.Stack()))
			err = errPanic
		}
	}()
	return d.cfg.Sink.Offer(ctx, d.spec.Tenant, d.door, batch)
}

func rejectionReason(r radiograph.Rejection) string {
	if r.ID == "" {
		return fmt.Sprintf("a document was rejected: %s: %s", r.Code, r.Message)
	}
	return fmt.Sprintf("document %.64s was rejected: %s: %s", r.ID, r.Code, r.Message)
}

// refused says why the role may not do action, or "".
func (d *Daemon) refused(action string) string {
	if !d.checks {
		return ""
	}
	ctx, cancel := context.WithTimeout(d.ctx, sendTimeout)
	defer cancel()
	ok, err := d.cfg.Roles.Allowed(ctx, d.spec.RoleARN, action, "*")
	switch {
	case err != nil:
		return fmt.Sprintf("AccessDenied: whether %s may %s could not be told: %v", d.spec.RoleARN, action, err)
	case !ok:
		return fmt.Sprintf("AccessDenied: %s is not authorized to perform: %s", d.spec.RoleARN, action)
	}
	return ""
}
