package ingest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"radiograph"
)

func TestThrottle(t *testing.T) {
	other := radiograph.Tenant{Account: tenant.Account, Region: "us-east-1"}
	type step struct {
		after  time.Duration // since the step before
		tenant radiograph.Tenant
		n      int
		want   bool
	}
	for _, test := range []struct {
		name  string
		rate  int
		steps []step
	}{
		{"no limit", 0, []step{{0, tenant, 1e9, true}, {0, tenant, 1e9, true}}},
		{"burst, then the rate", 100, []step{
			{0, tenant, 60, true},
			{0, tenant, 40, true},
			{0, tenant, 1, false},
			{10 * time.Millisecond, tenant, 1, true},
			{0, tenant, 1, false},
			{500 * time.Millisecond, tenant, 51, false},
			{0, tenant, 50, true},
		}},
		{"a refusal takes nothing", 100, []step{{0, tenant, 90, true}, {0, tenant, 50, false}, {0, tenant, 10, true}}},
		{"regions are apart", 10, []step{{0, tenant, 10, true}, {0, other, 10, true}, {0, tenant, 1, false}, {0, other, 1, false}}},
		{"rest saves up one burst", 10, []step{{0, tenant, 10, true}, {time.Hour, tenant, 10, true}, {0, tenant, 1, false}}},
		{"a batch larger than a burst", 10, []step{
			{0, tenant, 50, true}, {time.Second, tenant, 1, false}, {4 * time.Second, tenant, 10, true}, {0, tenant, 1, false},
		}},
		{"a clock set back", 10, []step{{0, tenant, 10, true}, {-time.Hour, tenant, 1, false}, {time.Second, tenant, 10, true}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			limit, at := throttle{rate: test.rate}, now
			for i, s := range test.steps {
				at = at.Add(s.after)
				if got := limit.admit(s.tenant, s.n, at); got != s.want {
					t.Fatalf("step %d: admit(%s, %d) = %v, want %v", i, s.tenant, s.n, got, s.want)
				}
			}
		})
	}
}

// In any span of time no more is admitted than the rate and one burst, and the
// largest batch.
func TestThrottleNeverExceedsItsRate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rate := rapid.IntRange(1, 5000).Draw(rt, "rate")
		limit := throttle{rate: rate}
		at, admitted, largest := now, 0, 0
		for range rapid.IntRange(1, 100).Draw(rt, "batches") {
			at = at.Add(time.Duration(rapid.IntRange(0, 500).Draw(rt, "ms")) * time.Millisecond)
			n := rapid.IntRange(0, 100).Draw(rt, "n")
			if limit.admit(tenant, n, at) {
				admitted += n
				largest = max(largest, n)
			}
		}
		if most := float64(rate)*(1+at.Sub(now).Seconds()) + float64(max(0, largest-rate)) + 1e-6; float64(admitted) > most {
			rt.Fatalf("%d admitted in %v, at most %g are", admitted, at.Sub(now), most)
		}
	})
}

func TestThrottleForgetsTenants(t *testing.T) {
	limit := throttle{rate: 10}
	for i := range 10 * maxBuckets {
		region := radiograph.Region(fmt.Sprint("r", i))
		limit.admit(radiograph.Tenant{Account: tenant.Account, Region: region}, 1, now.Add(time.Duration(i)*time.Millisecond))
	}
	if n := len(limit.buckets); n > maxBuckets {
		t.Errorf("%d tenants are remembered, at most %d should", n, maxBuckets)
	}
}
