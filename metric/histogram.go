package metric

import (
	"sync/atomic"
	"time"
)

// Bounds are the upper ends of a histogram's buckets: from a look-up to a
// function's minute.
var Bounds = [...]time.Duration{
	250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond,
	10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, time.Minute,
}

// Histogram counts durations by Bounds. The zero value is ready; it may be used
// from any goroutine and takes no lock.
type Histogram struct {
	buckets [len(Bounds) + 1]atomic.Int64 // each by itself; the last is beyond all bounds
	sum     atomic.Int64
}

// Observe counts one duration.
func (h *Histogram) Observe(d time.Duration) {
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(int64(d))
}

// read gives the counts up to each bound, of all, and the sum.
func (h *Histogram) read() (upTo [len(Bounds)]int64, count int64, sum time.Duration) {
	sum = time.Duration(h.sum.Load())
	for i := range h.buckets {
		count += h.buckets[i].Load()
		if i < len(upTo) {
			upTo[i] = count
		}
	}
	return upTo, count, sum
}
