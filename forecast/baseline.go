// Package forecast says how many faults a service would usually have had: the one
// band that series show and that insights are judged by.
//
// Requests and faults by minute enter, a [Band] leaves. The package reads
// nothing, keeps nothing, and decides nothing about incidents.
package forecast

import (
	"math"
	"time"
)

// Memory is how far back the minutes should reach that a baseline is made of;
// what is older weighs less than a fiftieth of the present.
const Memory = 24 * time.Hour

// How X-Ray forecasts faults is not public. The model here: the share p of faults
// that is usual for a service is that of the minutes before, where what is a
// minutes old weighs e^(-a/360), so that the night counts less than the hour
// before. It begins as one fault in twenty requests, as long as nothing is known,
// and is at least a tenth of a percent, so that one fault in a quiet day is no
// surprise. Of n requests, n·p are then to be expected, three deviations more or
// less are within the usual, and two faults more make no anomaly.
//
// A deviation is the binomial one, widened in two ways: by what N weighed
// requests cannot tell about p, and by how much more the share has varied of late
// than chance alone would make it.
//
// A minute above the band counts a tenth, and no more faults than three deviations,
// so that an incident becomes usual over hours, not minutes.
const (
	decay       = 6 * time.Hour
	leastUsual  = 0.001
	priorFaults = 1
	priorTotal  = 20
	priorSpread = 10 // minutes of no more than chance
	deviations  = 3
	slack       = 2

	unusualWeight = 0.1
)

// Band is between how many faults a number of requests would usually have.
type Band struct{ High, Low int64 }

// Baseline is what is usual for one service. The zero value knows nothing.
type Baseline struct {
	at                  int64 // the minute that the weights are of
	faults, total       float64
	excess, spreadTotal float64 // squared deviations over what chance makes of them; and of how many minutes
}

// Add tells what a minute was like. Minutes come in ascending order; those without
// requests may be left out.
func (b *Baseline) Add(minute, total, faults int64) {
	if total <= 0 {
		return
	}
	band := b.Band(minute, total)
	b.fade(minute)
	if faults > band.High {
		b.faults += unusualWeight * float64(max(0, band.High-slack))
		b.total += unusualWeight * float64(total)
		return
	}
	usual := b.usual()
	off := float64(faults) - float64(total)*usual
	b.excess += min(off*off/b.variance(float64(total), usual), deviations*deviations*b.spread())
	b.spreadTotal++
	b.faults += float64(faults)
	b.total += float64(total)
}

// Band is how many faults total requests would usually have that begin in a
// minute, or in a longer period that begins with it.
func (b *Baseline) Band(minute, total int64) Band {
	now := *b
	now.fade(minute)
	usual, n := now.usual(), float64(total)
	spread := deviations * math.Sqrt(now.spread()*now.variance(n, usual))
	return Band{
		High: int64(math.Ceil(n*usual + spread + slack)),
		Low:  int64(math.Max(0, math.Floor(n*usual-spread))),
	}
}

// fade lets the weights grow older.
func (b *Baseline) fade(minute int64) {
	if age := time.Duration(minute-b.at) * time.Minute; age > 0 && b.total > 0 {
		weight := math.Exp(-age.Seconds() / decay.Seconds())
		b.faults, b.total = b.faults*weight, b.total*weight
		b.excess, b.spreadTotal = b.excess*weight, b.spreadTotal*weight
	}
	b.at = max(b.at, minute)
}

func (b *Baseline) usual() float64 {
	return max((b.faults+priorFaults)/(b.total+priorTotal), leastUsual)
}

// variance is of the faults of n requests, if nothing but chance made them.
func (b *Baseline) variance(n, usual float64) float64 {
	return n * usual * (1 - usual) * (1 + n/(b.total+priorTotal))
}

// spread is how many times the variance has been that of chance.
func (b *Baseline) spread() float64 {
	return max(1, (b.excess+priorSpread)/(b.spreadTotal+priorSpread))
}
