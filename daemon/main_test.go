package daemon

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"radiograph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a Sink, a TelemetrySink and an Authorizer that remembers.
type recorder struct {
	radiograph.Authorizer // what is not asked here

	mu        sync.Mutex
	docs      []radiograph.Document
	batches   []int
	tenants   map[radiograph.Tenant]bool
	doors     map[radiograph.Door]bool
	telemetry []radiograph.TelemetryRecord
	asked     []string

	deny   string // this action is not allowed
	fail   int    // so many offers fail
	reject func(radiograph.Document) *radiograph.Rejection
	block  chan struct{} // when set, each offer takes a value first
	came   chan struct{} // when set, gets a value for each document
}

func (r *recorder) Put(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, errors.New("a daemon must not wait for the disk")
}

func (r *recorder) Offer(ctx context.Context, t radiograph.Tenant, door radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	if r.block != nil {
		select {
		case <-r.block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail > 0 {
		r.fail--
		return nil, errors.New("full")
	}
	if r.tenants == nil {
		r.tenants, r.doors = map[radiograph.Tenant]bool{}, map[radiograph.Door]bool{}
	}
	r.tenants[t], r.doors[door] = true, true
	r.docs = append(r.docs, docs...)
	r.batches = append(r.batches, len(docs))
	var rejections []radiograph.Rejection
	for i, d := range docs {
		if r.came != nil {
			r.came <- struct{}{}
		}
		if r.reject == nil {
			continue
		}
		if x := r.reject(d); x != nil {
			x.Index = i
			rejections = append(rejections, *x)
		}
	}
	return rejections, nil
}

func (r *recorder) PutTelemetry(_ context.Context, t radiograph.Tenant, _ radiograph.TelemetrySource, recs []radiograph.TelemetryRecord) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.telemetry = append(r.telemetry, recs...)
	return nil
}

func (r *recorder) Allowed(_ context.Context, role, action, resource string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, role+" "+action+" "+resource)
	return action != r.deny, nil
}

func (r *recorder) bodies() (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range r.docs {
		list = append(list, string(d.Body))
	}
	return list
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.docs)
}
