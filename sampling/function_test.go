package sampling

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// TestFunctionSampler drives a function at 50 requests a second for an hour of
// simulated time.
func TestFunctionSampler(t *testing.T) {
	s := NewFunctionSampler()
	s.chance = rand.New(rand.NewPCG(1, 2)).Float64
	const seconds, perSecond = 3600, 50
	fixed := 0
	for i := range seconds {
		first := 0
		for j := range perSecond {
			now := start.Add(time.Duration(i)*time.Second + time.Duration(j)*20*time.Millisecond)
			sampled, reservoir := s.Sample(tenant, "f", now)
			switch {
			case reservoir && !sampled:
				t.Fatal("reservoir taken, but not sampled")
			case reservoir:
				first++
			case sampled:
				fixed++
			}
		}
		if first != 1 {
			t.Fatalf("second %d: %d requests from the reservoir, want 1", i, first)
		}
	}
	rest := float64(seconds * (perSecond - 1))
	if rate := float64(fixed) / rest; rate < 0.048 || rate > 0.052 {
		t.Errorf("%.4f of the other requests sampled, want 0.05", rate)
	}
}

func TestFunctionSamplerCountsPerFunction(t *testing.T) {
	s := NewFunctionSampler()
	s.chance = func() float64 { return 1 }
	for _, name := range []string{"f", "g"} {
		if _, reservoir := s.Sample(tenant, name, start); !reservoir {
			t.Errorf("%s: its second's first request was not taken", name)
		}
		if sampled, _ := s.Sample(tenant, name, start); sampled {
			t.Errorf("%s: second request sampled without luck", name)
		}
	}
}

func TestFunctionSamplerClock(t *testing.T) {
	s := NewFunctionSampler()
	s.chance = func() float64 { return 1 }
	s.Sample(tenant, "f", start)
	if _, again := s.Sample(tenant, "f", start.Add(-time.Second)); again {
		t.Error("a request that comes late took a second reservoir")
	}
	if _, again := s.Sample(tenant, "f", start.Add(-time.Hour)); !again {
		t.Error("after the clock was set back, nothing is sampled for an hour")
	}
}

func TestFunctionSamplerForgets(t *testing.T) {
	s := NewFunctionSampler()
	for i := range 3 * maxFunctions {
		s.Sample(tenant, fmt.Sprint(i), start.Add(time.Duration(i/100)*time.Second))
	}
	if n := len(s.taken); n > maxFunctions+1 {
		t.Errorf("%d functions remembered, want at most %d", n, maxFunctions)
	}
}

func TestFunctionSamplerConcurrently(t *testing.T) {
	s := NewFunctionSampler()
	var wg sync.WaitGroup
	taken := make([]int, 8)
	for g := range taken {
		wg.Go(func() {
			for range 1000 {
				if _, reservoir := s.Sample(tenant, "f", start); reservoir {
					taken[g]++
				}
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, n := range taken {
		sum += n
	}
	if sum != 1 {
		t.Errorf("%d requests from one second's reservoir, want 1", sum)
	}
}
