package sampling

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"radiograph"
)

// countedFor is how long what clients reported is kept and shown. X-Ray says
// "recent"; reports that are older are refused, as X-Ray does.
const countedFor = 30 * time.Minute

// counts is what clients reported of one rule, by windows of an interval.
type counts struct {
	windows map[int64]*radiograph.SamplingSummary // by start in intervals since the epoch
}

func window(t radiograph.Timestamp) int64 { return int64(t) / int64(interval) }

func isOld(at radiograph.Timestamp, now time.Time) bool {
	return at < radiograph.TimestampOf(now.Add(-countedFor))
}

// add counts a report in the window of its time; a client whose clock is ahead is
// counted now.
func (c *counts) add(s radiograph.SamplingStatistics, now time.Time) {
	at := window(min(s.Time, radiograph.TimestampOf(now)))
	w := c.windows[at]
	if w == nil {
		w = &radiograph.SamplingSummary{RuleName: s.RuleName, Time: radiograph.Timestamp(at * int64(interval))}
		c.windows[at] = w
	}
	w.RequestCount += s.RequestCount
	w.SampledCount += s.SampledCount
	w.Borrowed += s.Borrowed
}

func (c *counts) forget(now time.Time) {
	oldest := window(radiograph.TimestampOf(now.Add(-countedFor)))
	for at := range c.windows {
		if at < oldest {
			delete(c.windows, at)
		}
	}
}

// Summaries is what clients of a tenant reported in the last half hour, by time,
// then rule.
func (r *Rules) Summaries(t radiograph.Tenant) []radiograph.SamplingSummary {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(r.clock())
	var list []radiograph.SamplingSummary
	for key, c := range r.counts {
		if key.tenant != t {
			continue
		}
		for _, w := range c.windows {
			list = append(list, *w)
		}
	}
	slices.SortFunc(list, func(a, b radiograph.SamplingSummary) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), strings.Compare(a.RuleName, b.RuleName))
	})
	return list
}
