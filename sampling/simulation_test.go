package sampling

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
)

// recorded are n requests of a second each.
func recorded(perSecond ...int) []Recorded {
	var out []Recorded
	for second, n := range perSecond {
		for i := range n {
			id := radiograph.TraceID{byte(second + 1), byte(i / 256), byte(i)}
			at := radiograph.Timestamp(second)*radiograph.Timestamp(time.Second) + radiograph.Timestamp(i)
			out = append(out, Recorded{Request: Request{Service: "shop", Path: "/"}, Trace: id, At: at})
		}
	}
	return out
}

func TestSimulate(t *testing.T) {
	none, all := Default(tenant), Default(tenant)
	none.Name, none.Priority, none.URLPath, none.FixedRate, none.ReservoirSize = "none", 1, "/health", 0, 2
	all.FixedRate, all.ReservoirSize = 1, 1
	requests := recorded(3, 1, 4)
	requests[0].Path = "/health"
	for i := 4; i < 8; i++ {
		requests[i].Path = "/health"
	}
	outcomes, kept := Simulate([]radiograph.SamplingRule{all, none}, requests, 1)
	for i := range outcomes {
		outcomes[i].Rule = nil
	}
	want := []Outcome{
		{Matched: 5, Reservoir: 3, Requests: 5, Sampled: 3}, // one, then two of four
		{Matched: 3, Reservoir: 2, Rate: 1, Requests: 3, Sampled: 3},
	}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := []bool{true, true, true, true, true, true, false, false}; !slices.Equal(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
}

// TestSimulateScales checks the estimate of what came from what was recorded of it.
func TestSimulateScales(t *testing.T) {
	by := Default(tenant)
	by.FixedRate, by.ReservoirSize = 0.25, 2
	requests := recorded(1, 2, 12) // of 1, 2 and about 42
	for i := range requests {
		requests[i].By = &by
	}
	rule := Default(tenant)
	rule.FixedRate, rule.ReservoirSize = 0.5, 10
	outcomes, _ := Simulate([]radiograph.SamplingRule{rule}, requests, 1)
	if o := outcomes[0]; o.Requests != 1+2+42 || o.Sampled != 1+2+10+32*0.5 {
		t.Errorf("%+v", o)
	}
}

// TestSimulateProperties: what is kept adds up, never depends on the order of the
// requests, and a higher rate only adds.
func TestSimulateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		requests := recorded(rapid.SliceOfN(rapid.IntRange(0, 30), 1, 5).Draw(t, "seconds")...)
		rule := Default(tenant)
		rule.FixedRate = rapid.Float64Range(0, 1).Draw(t, "rate")
		rule.ReservoirSize = rapid.IntRange(0, 5).Draw(t, "reservoir")
		seed := rapid.Uint64().Draw(t, "seed")
		outcomes, kept := Simulate([]radiograph.SamplingRule{rule}, requests, seed)
		n := 0
		for _, k := range kept {
			if k {
				n++
			}
		}
		if o := outcomes[0]; o.Matched != len(requests) || n != o.Reservoir+o.Rate {
			t.Fatalf("%d kept of %d, but %+v", n, len(requests), o)
		}
		perm := rand.New(rand.NewPCG(seed, 1)).Perm(len(requests))
		shuffled := make([]Recorded, len(requests))
		for i, p := range perm {
			shuffled[i] = requests[p]
		}
		_, again := Simulate([]radiograph.SamplingRule{rule}, shuffled, seed)
		for i, p := range perm {
			if again[i] != kept[p] {
				t.Fatalf("%s is kept by one order only", shuffled[i].Trace)
			}
		}
		rule.FixedRate = min(1, rule.FixedRate+0.1)
		_, more := Simulate([]radiograph.SamplingRule{rule}, requests, seed)
		for i := range kept {
			if kept[i] && !more[i] {
				t.Fatalf("%s is lost by a higher rate", requests[i].Trace)
			}
		}
	})
}

// TestCoin is fair.
func TestCoin(t *testing.T) {
	taken := 0
	for _, r := range recorded(5000) {
		if coin(7, r.Trace) < 0.3 {
			taken++
		}
	}
	if math.Abs(float64(taken)/5000-0.3) > 0.03 {
		t.Errorf("%d of 5000 at a rate of 0.3", taken)
	}
}
