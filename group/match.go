package group

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"radiograph"
	"radiograph/filter"
)

var _ radiograph.GroupMatcher = (*Service)(nil)

// Count is how many traces came into a group since the program started.
type Count struct {
	Traces     int64 // in all
	LastMinute int64 // in the last whole minute: what AWS publishes as ApproximateTraceCount
	Failed     int64 // times a trace could not be judged and was left out
}

// matching is what matching needs and does, by tenant. Its lock is a leaf.
type matching struct {
	mu         sync.RWMutex
	groups     map[radiograph.Tenant][]*radiograph.Group // as they are stored; absent: not read yet
	counts     map[radiograph.Tenant]map[radiograph.GroupID]*count
	watchesAll map[radiograph.Tenant]bool // Default looks for insights
}

// count counts the traces of a minute, and remembers the minute before.
type count struct {
	Count
	minute    int64
	now, last int64
}

// Matching implements radiograph.GroupMatcher. When the groups cannot be read, no
// trace is matched, and the log says so.
func (s *Service) Matching(t radiograph.Tenant) []*radiograph.Group {
	m := &s.matching
	m.mu.RLock()
	groups, ok := m.groups[t]
	m.mu.RUnlock()
	if ok {
		return groups
	}
	s.changing.Lock() // no change may come between reading and keeping
	defer s.changing.Unlock()
	groups, err := s.Groups(context.Background(), t)
	if err != nil {
		s.log.Error("traces are not matched against groups, which cannot be read", "tenant", t.String(), "err", err)
		return nil
	}
	watchesAll := slices.ContainsFunc(groups, func(g *radiograph.Group) bool { return g.Name == filter.DefaultGroup && g.Insights })
	groups = slices.DeleteFunc(groups, func(g *radiograph.Group) bool { return g.Name == filter.DefaultGroup })
	slices.SortFunc(groups, func(a, b *radiograph.Group) int { return cmp.Compare(a.ID, b.ID) })
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.groups == nil {
		m.groups = make(map[radiograph.Tenant][]*radiograph.Group)
		m.watchesAll = make(map[radiograph.Tenant]bool)
	}
	m.watchesAll[t] = watchesAll
	m.groups[t] = groups
	return groups
}

// WatchesAll reports whether the group of all traces, Default, looked for insights
// when the tenant's groups were last matched against.
func (s *Service) WatchesAll(t radiograph.Tenant) bool {
	s.matching.mu.RLock()
	defer s.matching.mu.RUnlock()
	return s.matching.watchesAll[t]
}

// Matched implements radiograph.GroupMatcher.
func (s *Service) Matched(t radiograph.Tenant, did radiograph.GroupMatches) {
	s.bill(t, did)
	now := s.clock().Unix() / 60
	m := &s.matching
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = make(map[radiograph.Tenant]map[radiograph.GroupID]*count)
	}
	if m.counts[t] == nil {
		m.counts[t] = make(map[radiograph.GroupID]*count)
	}
	of := func(id radiograph.GroupID) *count {
		c := m.counts[t][id]
		if c == nil {
			c = &count{}
			m.counts[t][id] = c
		}
		c.turn(now)
		return c
	}
	for id, n := range did.Traces {
		c := of(id)
		c.Traces += int64(n)
		c.now += int64(n)
	}
	for id, n := range did.Failed {
		of(id).Failed += int64(n)
	}
}

// bill tells the meter: what comes into a group counts as retrieved, and for one
// that looks for insights as processed for them.
func (s *Service) bill(t radiograph.Tenant, did radiograph.GroupMatches) {
	if s.meter == nil {
		return
	}
	groups := s.Matching(t)
	for id, n := range did.Traces {
		s.meter.Count(t, radiograph.TracesRetrieved, n)
		if slices.ContainsFunc(groups, func(g *radiograph.Group) bool { return g.ID == id && g.Insights }) {
			s.meter.Count(t, radiograph.InsightTraces, n)
		}
	}
}

// turn makes minute the current one.
func (c *count) turn(minute int64) {
	if minute == c.minute {
		return
	}
	c.last = 0
	if minute == c.minute+1 {
		c.last = c.now
	}
	c.minute, c.now = minute, 0
}

// Counts are those of a tenant's groups that traces came into. Default is not
// among them.
func (s *Service) Counts(t radiograph.Tenant) map[radiograph.GroupID]Count {
	now := s.clock().Unix() / 60
	m := &s.matching
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[radiograph.GroupID]Count, len(m.counts[t]))
	for id, c := range m.counts[t] {
		c.turn(now)
		c.LastMinute = c.last
		out[id] = c.Count
	}
	return out
}

// Total is the count of one group.
type Total struct {
	Tenant radiograph.Tenant
	Group  string
	Count
}

// Totals are the counts of all groups that traces came into, in no particular
// order.
func (s *Service) Totals() []Total {
	s.matching.mu.RLock()
	tenants := slices.Collect(maps.Keys(s.matching.counts))
	s.matching.mu.RUnlock()
	var list []Total
	for _, t := range tenants {
		counts := s.Counts(t)
		for _, g := range s.Matching(t) {
			if c, ok := counts[g.ID]; ok {
				list = append(list, Total{t, g.Name, c})
			}
		}
	}
	return list
}

// changed makes the next write read the groups again.
func (m *matching) changed(t radiograph.Tenant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.groups, t)
}

// forget is changed for a group that is no more.
func (m *matching) forget(t radiograph.Tenant, id radiograph.GroupID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.groups, t)
	delete(m.counts[t], id)
}
