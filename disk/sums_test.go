package disk

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
)

// TestBarNumbers wants a number for each duration that a histogram may have, in
// their order.
func TestBarNumbers(t *testing.T) {
	for n := range allBars {
		if micros := barMicros(n); micros != radiograph.Bucket(micros) || barNumber(micros) != n || n > 0 && micros <= barMicros(n-1) {
			t.Fatalf("bar %d is of %d µs, whose number is %d", n, micros, barNumber(micros))
		}
		if got, want := coarseMicros[coarseNumbers[n]], radiograph.CoarseBucket(barMicros(n)); got != want {
			t.Fatalf("bar %d is of %d µs when it is coarse, want %d", n, got, want)
		}
	}
}

// histograms draws sorted bars of any sizes and signs.
func histograms() *rapid.Generator[radiograph.Histogram] {
	return rapid.Custom(func(t *rapid.T) (h radiograph.Histogram) {
		for range rapid.IntRange(0, 8).Draw(t, "bars") {
			micros := radiograph.Bucket(rapid.OneOf(rapid.Int64Range(0, 3000), rapid.Int64Range(0, 1<<40)).Draw(t, "micros"))
			h = h.With(radiograph.Bar{Micros: micros, Count: rapid.OneOf(rapid.Int64Range(1, 200), rapid.Int64Range(-200, -1)).Draw(t, "count")})
		}
		return h
	})
}

// TestStoredSumsAddUp adds sums as they are stored, in memory and as tallies.
func TestStoredSumsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *sums {
			s := &sums{Durations: histograms().Draw(t, name), ResponseTimes: histograms().Draw(t, name)}
			s.OK, s.Roots = rapid.Int64Range(-5, 5).Draw(t, name), rapid.Int64().Draw(t, name)
			s.widen(radiograph.Timestamp(rapid.Int64Range(0, 1<<60).Draw(t, name)), radiograph.Timestamp(rapid.Int64Range(0, 1<<60).Draw(t, name)))
			return s
		}
		a, b := draw("one"), draw("other")
		read := func(stored []byte) *sums {
			f := fields{b: stored}
			s := f.sums()
			if !f.ended() {
				t.Fatalf("%x does not decode", stored)
			}
			return s
		}
		f, g := fields{b: appendSums(nil, a)}, fields{b: appendSums(nil, b)}
		x, y := f.stored(), g.stored()
		merged, ok := appendMerged(nil, &x, &y)
		if !ok {
			t.Fatal("what was just written does not decode")
		}
		durations, coarse := tally{}, tally{coarse: true}
		if !durations.addStored(x.durations) || !durations.addStored(y.durations) || !coarse.addStored(x.durations) {
			t.Fatal("what was just written does not decode")
		}
		coarse.addHistogram(b.Durations)
		want := &sums{}
		want.merge(a)
		want.merge(b)
		if d := gocmp.Diff(want, read(merged), equateEmpty, gocmp.AllowUnexported(sums{})); d != "" {
			t.Fatalf("as stored (-want +got):\n%s", d)
		}
		if d := gocmp.Diff(want.Durations, durations.histogram(), equateEmpty); d != "" {
			t.Fatalf("as a tally (-want +got):\n%s", d)
		}
		if d := gocmp.Diff(want.Durations.Coarse(), coarse.histogram(), equateEmpty); d != "" {
			t.Fatalf("as a coarse tally (-want +got):\n%s", d)
		}
		gathered := &sums{}
		gathered.gather(a)
		gathered.gather(b)
		gathered.sort()
		if d := gocmp.Diff(want, gathered, equateEmpty, gocmp.AllowUnexported(sums{})); d != "" {
			t.Fatalf("gathered (-want +got):\n%s", d)
		}
	})
}
