package query

import (
	"math"
	"slices"
	"time"

	"radiograph"
)

// How X-Ray forecasts faults is not public. The model here: the share p of
// faults that is usual for a node is that of the day before, where requests of
// age a weigh e^(-a/6h), so that the night counts less than the hour before; it
// is at least a tenth of a percent, so that one fault in a quiet day is no
// surprise. Of n requests, n·p ± 3·√(n·p·(1−p)) are then to be expected, and two
// more make no anomaly.
const (
	forecastMemory = 24 * time.Hour
	forecastDecay  = 6 * time.Hour
	leastUsual     = 0.001
	forecastSlack  = 2
)

// Forecast is how many faults a period would usually have had.
type Forecast struct{ High, Low int64 }

// forecast looks at the minutes before a point; byTime are the keys of minutes.
func forecast(byTime []int64, minutes map[int64]*radiograph.Contribution, p SeriesPoint) *Forecast {
	until := int64(p.Time) / int64(time.Minute)
	first, _ := slices.BinarySearch(byTime, until-int64(forecastMemory/time.Minute))
	var faults, total float64
	for _, m := range byTime[first:] {
		if m >= until {
			break
		}
		age := time.Duration(until-m) * time.Minute
		weight := math.Exp(-age.Seconds() / forecastDecay.Seconds())
		faults += weight * float64(minutes[m].Fault)
		total += weight * float64(minutes[m].Total())
	}
	usual := leastUsual
	if total > 0 {
		usual = min(max(faults/total, leastUsual), 1)
	}
	n := float64(p.Statistics.Total())
	spread := 3 * math.Sqrt(n*usual*(1-usual))
	return &Forecast{
		High: int64(math.Ceil(n*usual + spread + forecastSlack)),
		Low:  int64(math.Max(0, math.Floor(n*usual-spread))),
	}
}
