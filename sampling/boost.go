package sampling

import (
	"math"
	"time"

	"radiograph"
)

// X-Ray's adaptive sampling raises a rule's rate for at most a minute, to the
// least rate that catches the anomalies clients report, and not again before the
// rule's cooldown is over. How it finds that rate is not public; the model here:
// of the A anomalies reported within one interval, a rate r would have caught
// one with the chance 1 - (1-r)^A. The boost is the least r that makes it 95 %,
// but no more than the rule's MaxRate; there is none when every anomaly was
// sampled anyway, or when r is no more than the fixed rate.
const (
	boostLife   = time.Minute
	boostChance = 0.95
)

// boost is the raised rate of one rule.
type boost struct {
	since     time.Time // of what is counted: one interval at most
	anomalies int64
	missed    int64

	rate     float64
	began    time.Time
	cooldown time.Duration // of the rule when it began
}

// refuseBoost says why a report is not taken, or "".
func refuseBoost(rule *radiograph.SamplingRule, s radiograph.SamplingBoostStatistics, now time.Time) string {
	switch {
	case rule == nil:
		return "Unknown rule"
	case rule.Boost == nil:
		return "The rule has no SamplingRateBoost"
	case isOld(s.Time, now):
		return "The statistics are too old"
	}
	return ""
}

// report counts anomalies and begins a boost when one is due.
func (b *boost) report(rule *radiograph.SamplingRule, s radiograph.SamplingBoostStatistics, now time.Time) {
	if now.Sub(b.since) >= interval {
		b.since, b.anomalies, b.missed = now, 0, 0
	}
	b.anomalies += s.Anomalies
	b.missed += max(s.Anomalies-s.SampledAnomalies, 0)
	if b.missed == 0 || !b.isCool(now) {
		return
	}
	rate := min(1-math.Pow(1-boostChance, 1/float64(b.anomalies)), rule.Boost.MaxRate)
	if rate <= rule.FixedRate {
		return
	}
	b.rate, b.began, b.cooldown = rate, now, rule.Boost.Cooldown
}

// current is the boost at a time, or nil.
func (b *boost) current(now time.Time) *radiograph.SamplingBoost {
	until := b.began.Add(boostLife)
	if b.began.IsZero() || !now.Before(until) {
		return nil
	}
	return &radiograph.SamplingBoost{Rate: b.rate, TTL: radiograph.TimestampOf(until)}
}

// isCool reports whether another boost may begin.
func (b *boost) isCool(now time.Time) bool {
	return b.began.IsZero() || now.Sub(b.began) >= max(b.cooldown, boostLife)
}

func (b *boost) isOver(now time.Time) bool { return b.isCool(now) && now.Sub(b.since) >= interval }
