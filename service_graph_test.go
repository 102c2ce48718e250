package radiograph

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestBucketKeepsThreeDigits(t *testing.T) {
	for in, want := range map[int64]int64{-5: 0, 0: 0, 7: 7, 999: 999, 1000: 1000, 1004: 1000, 1005: 1010, 9994: 9990, 9995: 10000, 99_949: 99_900, 123_456_789: 123_000_000, 999_999: 1_000_000} {
		if got := Bucket(in); got != want {
			t.Errorf("Bucket(%d) = %d, want %d", in, got, want)
		}
	}
	for n := int64(1); n < 1<<62; n = n*3 + 1 {
		if b := Bucket(n); Bucket(b) != b {
			t.Errorf("Bucket(%d) = %d is not in its own bucket", n, b)
		}
	}
}

func TestCoarse(t *testing.T) {
	h := Histogram{{7, 1}, {99, 2}, {100, 3}, {104, 4}, {105, 5}, {995, 6}, {1000, 7}, {12_300, 8}, {12_500, -8}}
	want := Histogram{{7, 1}, {99, 2}, {100, 7}, {110, 5}, {1000, 13}, {12_000, 8}, {13_000, -8}}
	if got := h.Coarse(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := (Histogram{{101, 1}, {102, -1}}).Coarse(); len(got) != 0 {
		t.Errorf("what adds up to nothing is %v", got)
	}
}

// TestHistogramsAddUp holds the two ways of adding against counting.
func TestHistogramsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var h, o Histogram
		counts := map[int64]int64{}
		for i := range rng.IntN(60) {
			b := Bar{rng.Int64N(40), 1 + rng.Int64N(3)}
			if counts[b.Micros] += b.Count; i%3 == 0 {
				o = o.With(b)
			} else {
				h = h.With(b)
			}
		}
		before := slices.Clone(o)
		sum := slices.Clone(h).Plus(o)
		if !slices.Equal(o, before) || !slices.IsSortedFunc(sum, func(a, b Bar) int { return cmp.Compare(a.Micros, b.Micros) }) {
			t.Fatalf("%v plus %v is %v, then %v", h, before, sum, o)
		}
		if len(sum) != len(counts) {
			t.Fatalf("%v plus %v is %v, want %v", h, o, sum, counts)
		}
		for _, b := range sum {
			if counts[b.Micros] != b.Count {
				t.Fatalf("%v plus %v is %v, want %v", h, o, sum, counts)
			}
		}
		c := Contribution{Durations: sum}
		if back := sum.Plus(c.Negative().Durations); len(back) != 0 {
			t.Fatalf("taken back: %v", back)
		}
	}
}
