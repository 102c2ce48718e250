package insight

import (
	"radiograph"
	"radiograph/forecast"
)

// The rule by which a service is anomalous. A minute is above when it has more
// faults than its band. An anomaly opens when 3 of the last 5 minutes are above
// and these have 20 requests together; or at once when most of a minute's 20 or
// more requests fault, twice as many as the band has: who tries things out on one
// machine may have no third minute. It closes after 10 minutes that were not above.
const (
	window       = 5
	enoughAbove  = 3
	enoughTotal  = 20
	quietMinutes = 10
)

// watched is one service as it is followed from minute to minute.
type watched struct {
	usual  forecast.Baseline
	recent [window]judged // the last minutes, oldest first
	seen   int64          // the last minute with requests

	open      bool
	lastAbove int64 // the last minute above
}

// judged is a minute of a service.
type judged struct {
	above bool
	total int64
}

// step judges the next minute. It reports the first minute above of an anomaly
// that opens with it.
func (w *watched) step(minute int64, n radiograph.Impact) (first int64, opens bool) {
	high := w.usual.Band(minute, n.Total).High
	above := n.Fault > high
	w.usual.Add(minute, n.Total, n.Fault)
	copy(w.recent[:], w.recent[1:])
	w.recent[window-1] = judged{above, n.Total}
	if n.Total > 0 {
		w.seen = minute
	}
	switch {
	case above:
		w.lastAbove = minute
	case w.open && minute-w.lastAbove >= quietMinutes:
		w.open = false
	}
	if w.open || !above {
		return 0, false
	}
	count, total := 0, int64(0)
	for i := window - 1; i >= 0; i-- {
		if w.recent[i].above {
			count++
			total += w.recent[i].total
			first = minute - int64(window-1-i)
		}
	}
	w.open = count >= enoughAbove && total >= enoughTotal ||
		n.Total >= enoughTotal && n.Fault > max(n.Total/2, 2*high)
	return first, w.open
}
