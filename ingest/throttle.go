package ingest

import (
	"sync"
	"time"

	"radiograph"
)

// maxBuckets is how many tenants may be remembered before those whose bucket is
// full again are forgotten.
const maxBuckets = 1000

// throttle holds each tenant to a rate of documents, with a burst of one second's
// (a token bucket). The zero rate admits all.
type throttle struct {
	rate int // documents a second

	mu      sync.Mutex
	buckets map[radiograph.Tenant]*bucket
}

type bucket struct {
	tokens float64 // at most rate; less than zero after a batch larger than a burst
	at     time.Time
}

// admit takes n documents out of a tenant's bucket, or says that they are not in
// it. A batch larger than a burst is admitted by a full bucket, which pays it off
// later.
func (t *throttle) admit(tenant radiograph.Tenant, n int, now time.Time) bool {
	if t.rate == 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buckets[tenant]
	if b == nil {
		t.forget(now)
		b = &bucket{tokens: float64(t.rate), at: now}
		t.buckets[tenant] = b
	}
	t.fill(b, now)
	if b.tokens < float64(min(n, t.rate)) {
		return false
	}
	b.tokens -= float64(n)
	return true
}

func (t *throttle) fill(b *bucket, now time.Time) {
	if passed := now.Sub(b.at); passed > 0 { // a clock may be set back
		b.tokens = min(float64(t.rate), b.tokens+passed.Seconds()*float64(t.rate))
	}
	b.at = now
}

// forget makes room for one more tenant: a full bucket is like a new one.
func (t *throttle) forget(now time.Time) {
	if t.buckets == nil {
		t.buckets = make(map[radiograph.Tenant]*bucket)
	}
	if len(t.buckets) < maxBuckets {
		return
	}
	for tenant, b := range t.buckets {
		if t.fill(b, now); b.tokens >= float64(t.rate) {
			delete(t.buckets, tenant)
		}
	}
}
