package query

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

// TestPartialScanTakesSlices keeps whole slices of time, the same on pages of any
// size and for any range around them, and counts only what it looked at.
func TestPartialScanTakesSlices(t *testing.T) {
	store := storetest.NewModel()
	const n = 600 // a trace each second
	for i := range n {
		put(t, store, request(i, time.Duration(i)*time.Second, "a", 200, ""))
	}
	e := open(store)
	for _, share := range []float64{0.3, 0.7} {
		q := radiograph.SummaryQuery{From: at(0), To: at(n * time.Second), RangeType: radiograph.ByEvent, PartialScan: share}
		want, processed, _ := pages(t, e, q)
		if len(want) < int(share*n)-150 || len(want) > int(share*n)+150 || int(processed) != len(want) {
			t.Errorf("share %v: %d of %d traces, %d processed", share, len(want), n, processed)
		}
		taken := make(map[int64]int) // traces by slice
		for _, id := range want {
			second := int64(id[14])<<8 | int64(id[15])
			taken[(int64(at(0))/1e9+second)/int64(scanSlice/time.Second)]++
		}
		for slice, count := range taken {
			if count != int(scanSlice/time.Second) && slice != int64(at(0))/int64(scanSlice) {
				t.Errorf("share %v: %d traces of slice %d", share, count, slice)
			}
		}
		for _, limit := range []int{1, 17} {
			q.Limit = limit
			got, processed, _ := pages(t, e, q)
			if diff := cmp.Diff(want, got); diff != "" || int(processed) != len(want) {
				t.Errorf("share %v, pages of %d: %d processed (-want +got):\n%s", share, limit, processed, diff)
			}
		}
		// A part of the range takes the same slices.
		q.From = at(n / 2 * time.Second)
		half, _, _ := pages(t, e, q)
		later := 0
		for _, id := range want {
			if int(id[14])<<8|int(id[15]) >= n/2 {
				later++
			}
		}
		if len(half) < later || len(half) > later+1 { // the trace that ends within the range, but began before
			t.Errorf("share %v: %d traces in half the range, want %d", share, len(half), later)
		}
	}
	q := radiograph.SummaryQuery{From: at(0), To: at(n * time.Second)}
	for _, share := range []float64{0, 1} {
		if q.PartialScan = share; len(first(pages(t, e, q))) != n {
			t.Errorf("share %v leaves traces out", share)
		}
	}
}

func first(ids []radiograph.TraceID, _ int64, _ int) []radiograph.TraceID { return ids }
