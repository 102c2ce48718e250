package forecast

import (
	"math/rand/v2"
	"testing"
)

// binomial is how many of n requests fault by chance.
func binomial(r *rand.Rand, n int64, share float64) int64 {
	k := int64(0)
	for range n {
		if r.Float64() < share {
			k++
		}
	}
	return k
}

// TestBand follows a service through a day with its usual share of faults and an
// hour of incident: only the incident lies above the band.
func TestBand(t *testing.T) {
	const day, hour, total = 24 * 60, 60, 100
	for _, share := range []float64{0, 0.001, 0.01, 0.05, 0.3} {
		r := rand.New(rand.NewPCG(1, 2))
		var b Baseline
		quiet := 0
		for m := range int64(day + hour) {
			now := share
			if m >= day {
				now = min(3*share+0.2, 1)
			}
			faults := binomial(r, total, now)
			band := b.Band(m, total)
			if band.Low < 0 || band.High < band.Low {
				t.Fatalf("share %v, minute %d: %+v", share, m, band)
			}
			switch above := faults > band.High; {
			case m >= day && !above:
				t.Errorf("share %v, minute %d of the incident: %d faults, %+v", share, m-day, faults, band)
			case m < day && above:
				quiet++
			}
			b.Add(m, total, faults)
		}
		if quiet > 2 {
			t.Errorf("share %v: %d minutes of a quiet day are above the band", share, quiet)
		}
	}
}

func TestNothingKnown(t *testing.T) {
	var b Baseline
	for total, want := range map[int64]Band{0: {High: 2}, 1: {High: 3}, 20: {High: 8}, 1000: {High: 200}} {
		if got := b.Band(0, total); got != want {
			t.Errorf("of %d requests: %+v, want %+v", total, got, want)
		}
	}
}

// TestVaryingShare has a share of faults that wanders between 1 and 9 percent,
// further than chance would take it: the band learns to be wider.
func TestVaryingShare(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var b Baseline
	above := 0
	for m := range int64(3 * 24 * 60) {
		faults := binomial(r, 2000, 0.01+0.08*r.Float64())
		if m > 60 && faults > b.Band(m, 2000).High {
			above++
		}
		b.Add(m, 2000, faults)
	}
	if above > 0 {
		t.Errorf("%d minutes are above the band", above)
	}
}

// TestBecomesUsual has a share of faults that rises and stays: it is above the
// band for hours, and no longer than two days.
func TestBecomesUsual(t *testing.T) {
	for _, before := range []int64{5, 24 * 60} {
		var b Baseline
		m := int64(0)
		for ; m < before; m++ {
			b.Add(m, 60, 0)
		}
		rose := m
		for ; 30 > b.Band(m, 60).High; m++ {
			b.Add(m, 60, 30)
		}
		if took := m - rose; took < 2*60 || took > 48*60 {
			t.Errorf("after %d quiet minutes a half becomes usual within %d", before, took)
		}
	}
}

// TestForgets has a service that failed, was idle for a week, and comes back.
func TestForgets(t *testing.T) {
	var b, fresh Baseline
	for m := range int64(60) {
		b.Add(m, 100, 90)
	}
	if got, want := b.Band(7*24*60, 100), fresh.Band(0, 100); got != want {
		t.Errorf("after a week %+v, want that of nothing known, %+v", got, want)
	}
}
