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

// Targets takes clients' reports and grants each a quota until its next report.
// The unexpired quotas of a rule never add up to more than its reservoir.
func (r *Rules) Targets(ctx context.Context, t radiograph.Tenant, reports []radiograph.SamplingStatistics) ([]radiograph.SamplingTarget, []radiograph.UnprocessedStatistics, radiograph.Timestamp, error) {
	rules, err := r.Rules(ctx, t)
	if err != nil {
		return nil, nil, 0, err
	}
	byName := make(map[string]*radiograph.SamplingRule, len(rules))
	for i := range rules {
		byName[rules[i].Name] = &rules[i]
	}
	var targets []radiograph.SamplingTarget
	var unprocessed []radiograph.UnprocessedStatistics
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetIdle(now)
	for _, report := range reports {
		rule := byName[report.RuleName]
		if rule == nil {
			// SDKs read a code that begins with 4 as "fetch the rules again".
			unprocessed = append(unprocessed, radiograph.UnprocessedStatistics{
				RuleName: report.RuleName, Code: "400", Message: "Unknown rule",
			})
			continue
		}
		key := reservoirKey{t, rule.Name}
		res := r.reservoirs[key]
		if res == nil {
			res = newReservoir()
			r.reservoirs[key] = res
		}
		quota, until := res.grant(rule.ReservoirSize, report.ClientID, report.RequestCount, now)
		targets = append(targets, radiograph.SamplingTarget{
			RuleName:  rule.Name,
			FixedRate: rule.FixedRate,
			Quota:     quota,
			QuotaTTL:  radiograph.TimestampOf(until),
			Interval:  interval,
		})
	}
	return targets, unprocessed, r.modified, nil
}

// forgetIdle drops reservoirs that nobody holds a part of.
func (r *Rules) forgetIdle(now time.Time) {
	for key, res := range r.reservoirs {
		if now.Sub(res.used) > activeFor {
			delete(r.reservoirs, key)
		}
	}
}
