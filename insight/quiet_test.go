package insight

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"
)

var quietSeeds = flag.Uint64("quiet-seeds", 1, "how many days TestQuietDays follows each site")

// TestQuietDays follows sites on which nothing happens but noise, from their very
// first minute: no day has an insight.
func TestQuietDays(t *testing.T) {
	const day = 24 * 60
	wave := func(m int64) float64 { return 1 + 0.9*math.Sin(2*math.Pi*float64(m)/day) }
	chain := map[string][]string{"front": {"cart", "users"}, "cart": {"prices", "table"}, "users": {"table"}}
	var followed, alarms int64
	for _, c := range []struct {
		name  string
		rate  func(r *rand.Rand) func(string, int64) float64
		share func(r *rand.Rand) func(string, int64) float64
	}{
		{"low traffic", func(*rand.Rand) func(string, int64) float64 { return steady(0.7) }, func(*rand.Rand) func(string, int64) float64 { return steady(0.01) }},
		{"low traffic, 5 % faults", func(*rand.Rand) func(string, int64) float64 { return steady(4) }, func(*rand.Rand) func(string, int64) float64 { return steady(0.05) }},
		{"1 % faults", func(*rand.Rand) func(string, int64) float64 { return steady(40) }, func(*rand.Rand) func(string, int64) float64 { return steady(0.01) }},
		{"5 % faults", func(*rand.Rand) func(string, int64) float64 { return steady(40) }, func(*rand.Rand) func(string, int64) float64 { return steady(0.05) }},
		{"much traffic", func(*rand.Rand) func(string, int64) float64 { return steady(120) }, func(*rand.Rand) func(string, int64) float64 { return steady(0.03) }},
		{"no faults", func(*rand.Rand) func(string, int64) float64 { return steady(40) }, func(*rand.Rand) func(string, int64) float64 { return steady(0) }},
		{"daily wave", func(*rand.Rand) func(string, int64) float64 {
			return func(_ string, m int64) float64 { return 40 * wave(m) }
		}, func(*rand.Rand) func(string, int64) float64 { return steady(0.02) }},
		{"bursts of traffic", func(r *rand.Rand) func(string, int64) float64 {
			return func(_ string, m int64) float64 {
				if r.IntN(30) == 0 {
					return 500
				}
				return 10
			}
		}, func(*rand.Rand) func(string, int64) float64 { return steady(0.02) }},
		{"nights without traffic", func(*rand.Rand) func(string, int64) float64 {
			return func(_ string, m int64) float64 { return max(0, 40*(wave(m)-1)) }
		}, func(*rand.Rand) func(string, int64) float64 { return steady(0.02) }},
		{"a share that wanders", func(*rand.Rand) func(string, int64) float64 { return steady(100) }, func(r *rand.Rand) func(string, int64) float64 {
			last, off := int64(-1), 0.0
			return func(_ string, m int64) float64 {
				if m != last {
					last, off = m, 0.9*off+0.09*r.NormFloat64()
				}
				return 0.02 * math.Exp(off)
			}
		}},
		{"hiccups of a minute", func(*rand.Rand) func(string, int64) float64 { return steady(40) }, func(r *rand.Rand) func(string, int64) float64 {
			last, share := int64(-1), 0.01
			return func(service string, m int64) float64 {
				if m != last {
					last, share = m, 0.01
					if r.IntN(240) == 0 {
						share = 0.1
					}
				}
				if service != "table" {
					return 0.01
				}
				return share
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range *quietSeeds {
				r := rand.New(rand.NewPCG(seed, 11))
				s := &site{random: r, calls: chain, roots: []string{"front"}, rate: c.rate(r), own: c.share(r)}
				got := run(s, day)
				for _, in := range append(got.closed, got.active...) {
					alarms++
					t.Errorf("seed %d: %s %s", seed, clock(in.Start), in.Events[0].Summary)
				}
				followed += int64(len(got.services))
			}
		})
	}
	t.Logf("%d false alarms in %d simulated days of a service", alarms, followed)
}
