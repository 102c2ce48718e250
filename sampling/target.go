package sampling

import (
	"context"
	"time"

	"radiograph"
)

// interval is how often clients report; the X-Ray guide's example.
const interval = 10 * time.Second

// quotaLife outlasts one missed report, and gives the reservoir back soon after
// a client goes away.
const quotaLife = 2 * interval

// Targets takes a client's report and grants it a quota of each rule until its
// next report. The unexpired quotas of a rule never add up to more than its
// reservoir (or, after it was made smaller, than the larger one until the quotas
// of then are over).
func (r *Rules) Targets(ctx context.Context, t radiograph.Tenant, report radiograph.SamplingReport) (*radiograph.SamplingAnswer, error) {
	rules, err := r.Rules(ctx, t)
	if err != nil {
		return nil, err
	}
	modified, err := r.modified(ctx, t)
	if err != nil {
		return nil, err
	}
	answer := &radiograph.SamplingAnswer{Modified: modified}
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(now)
	for _, b := range report.Boosts {
		rule := find(rules, b.RuleName)
		if message := refuseBoost(rule, b, now); message != "" {
			answer.UnprocessedBoosts = append(answer.UnprocessedBoosts, unprocessed(b.RuleName, message))
			continue
		}
		r.boost(ruleKey{t, rule.Name}).report(rule, b, now)
	}
	for _, s := range report.Statistics {
		rule := find(rules, s.RuleName)
		switch {
		case rule == nil:
			answer.Unprocessed = append(answer.Unprocessed, unprocessed(s.RuleName, "Unknown rule"))
			continue
		case isOld(s.Time, now):
			answer.Unprocessed = append(answer.Unprocessed, unprocessed(s.RuleName, "The statistics are too old"))
			continue
		}
		key := ruleKey{t, rule.Name}
		r.count(key).add(s, now)
		quota, until := r.reservoir(key).grant(rule.ReservoirSize, s.ClientID, s.RequestCount, now)
		target := radiograph.SamplingTarget{
			RuleName:  rule.Name,
			FixedRate: rule.FixedRate,
			Quota:     quota,
			QuotaTTL:  radiograph.TimestampOf(until),
			Interval:  interval,
		}
		if b := r.boosts[key]; b != nil && rule.Boost != nil {
			target.Boost = b.current(now)
		}
		answer.Targets = append(answer.Targets, target)
	}
	return answer, nil
}

// unprocessed refuses a report. SDKs read a code that begins with 4 as "fetch the
// rules again".
func unprocessed(rule, message string) radiograph.UnprocessedStatistics {
	return radiograph.UnprocessedStatistics{RuleName: rule, Code: "400", Message: message}
}

func (r *Rules) reservoir(key ruleKey) *reservoir { return of(r.reservoirs, key, newReservoir) }

func (r *Rules) count(key ruleKey) *counts {
	return of(r.counts, key, func() *counts { return &counts{windows: make(map[int64]*radiograph.SamplingSummary)} })
}

func (r *Rules) boost(key ruleKey) *boost {
	return of(r.boosts, key, func() *boost { return &boost{} })
}

// of is the entry of a map, made when it is not there.
func of[T any](m map[ruleKey]*T, key ruleKey, made func() *T) *T {
	v := m[key]
	if v == nil {
		v = made()
		m[key] = v
	}
	return v
}

// forget drops reservoirs that nobody holds a part of, counts that are no longer
// shown, and boosts that are over and cooled down.
func (r *Rules) forget(now time.Time) {
	for key, res := range r.reservoirs {
		if now.Sub(res.used) > activeFor {
			delete(r.reservoirs, key)
		}
	}
	for key, c := range r.counts {
		if c.forget(now); len(c.windows) == 0 {
			delete(r.counts, key)
		}
	}
	for key, b := range r.boosts {
		if b.isOver(now) {
			delete(r.boosts, key)
		}
	}
}
