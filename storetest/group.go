package storetest

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"radiograph"
)

// groups are a radiograph.GroupMatcher of one list for all tenants.
type groups struct {
	mu   sync.Mutex
	list []*radiograph.Group // by ID; replaced, never changed
	told map[radiograph.Tenant]radiograph.GroupMatches
	twin *groups // has the same list; may be nil
	last radiograph.GroupID
}

// Matching implements radiograph.GroupMatcher.
func (g *groups) Matching(radiograph.Tenant) []*radiograph.Group {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.list
}

// Matched implements radiograph.GroupMatcher.
func (g *groups) Matched(t radiograph.Tenant, m radiograph.GroupMatches) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.told == nil {
		g.told = make(map[radiograph.Tenant]radiograph.GroupMatches)
	}
	sum, ok := g.told[t]
	if !ok {
		sum = radiograph.GroupMatches{Traces: make(map[radiograph.GroupID]int), Failed: make(map[radiograph.GroupID]int)}
		g.told[t] = sum
	}
	for id, n := range m.Traces {
		sum.Traces[id] += n
	}
	for id, n := range m.Failed {
		sum.Failed[id] += n
	}
}

// did is all that was told.
func (g *groups) did() map[radiograph.Tenant]radiograph.GroupMatches {
	g.mu.Lock()
	defer g.mu.Unlock()
	told := maps.Clone(g.told)
	maps.DeleteFunc(told, func(_ radiograph.Tenant, m radiograph.GroupMatches) bool {
		return len(m.Traces) == 0 && len(m.Failed) == 0
	})
	if len(told) == 0 {
		return nil
	}
	return told
}

// set replaces the list, by ID.
func (g *groups) set(list []*radiograph.Group) {
	g.mu.Lock()
	g.list = list
	g.mu.Unlock()
	if g.twin != nil {
		g.twin.set(list)
	}
}

// express gives a group another expression, a new group with id 0, and returns
// its id. A nil filter cannot be judged.
func (g *groups) express(id radiograph.GroupID, f radiograph.Filter) radiograph.GroupID {
	changed := &radiograph.Group{ID: id, Versions: []radiograph.GroupVersion{{Number: 1, Filter: f}}}
	list := slices.Clone(g.list)
	if id == 0 {
		g.last++
		changed.ID = g.last
		list = append(list, changed)
	}
	for i, o := range list {
		if o.ID == id {
			changed.Versions = append(slices.Clone(o.Versions), radiograph.GroupVersion{Number: o.Current().Number + 1, Filter: f})
			list[i] = changed
		}
	}
	g.set(list)
	return changed.ID
}

func (g *groups) remove(id radiograph.GroupID) {
	g.set(slices.DeleteFunc(slices.Clone(g.list), func(o *radiograph.Group) bool { return o.ID == id }))
}

// draw makes, changes or removes a group at random.
func (g *groups) draw(t *rapid.T) {
	f := rapid.SampledFrom([]radiograph.Filter{everything, faults, calls("service-1"), calls("a"), nil}).Draw(t, "expression")
	var id radiograph.GroupID
	if len(g.list) > 0 {
		id = rapid.SampledFrom(g.list).Draw(t, "group").ID
	}
	switch what := rapid.IntRange(0, 3).Draw(t, "change"); {
	case what == 0 && id != 0:
		g.remove(id)
	case what < 3 && len(g.list) < 4:
		g.express(0, f)
	default:
		g.express(id, f)
	}
}

// filterFunc is a filter for groups of the suite.
type filterFunc func(v *radiograph.FilterView) radiograph.Verdict

// String implements radiograph.Filter.
func (filterFunc) String() string { return "a function" }

// Judge implements radiograph.Filter.
func (f filterFunc) Judge(v *radiograph.FilterView) radiograph.Verdict { return f(v) }

var (
	everything = filterFunc(func(*radiograph.FilterView) radiograph.Verdict { return radiograph.Yes })
	// faults is decided by the summary.
	faults = filterFunc(func(v *radiograph.FilterView) radiograph.Verdict { return radiograph.VerdictOf(v.Summary.HasFault) })
)

// calls wants traces with a service whose name begins so. Only the whole trace can
// tell.
func calls(service string) radiograph.Filter {
	return filterFunc(func(v *radiograph.FilterView) radiograph.Verdict {
		if !v.Whole {
			return radiograph.Undecided
		}
		return radiograph.VerdictOf(slices.ContainsFunc(v.Segments, func(s radiograph.FilterSegment) bool {
			return strings.HasPrefix(s.Service.Name, service)
		}))
	})
}

// matchedWhenWritten changes a group between writes: what was written before
// keeps the version that held then, until it is written again.
func matchedWhenWritten(t *testing.T, s *subject) {
	one, two, three := newID(1), newID(2), newID(3)
	total := func(id radiograph.GroupID) (byVersion map[int]int64) {
		byVersion = map[int]int64{}
		for _, c := range contributions(t, s.store, home, radiograph.SumsQuery{Group: id, From: all.From, To: all.To}) {
			if c.Edge == (radiograph.ServiceID{}) && c.Total() != 0 {
				byVersion[c.Version] += c.Roots
			}
		}
		return byVersion
	}
	want := func(id radiograph.GroupID, want map[int]int64) {
		t.Helper()
		if got := total(id); !maps.Equal(got, want) {
			t.Errorf("roots of group %d by version: %v, want %v", id, got, want)
		}
		s.check(home, one, two, three)
	}
	s.put(home, radiograph.DoorAPI, true, segment(one, 1, 0, 0))
	g := s.groups.express(0, calls("service-1"))
	want(g, map[int]int64{}) // the trace came before the group
	s.put(home, radiograph.DoorAPI, true, segment(two, 1, 0, 0), segment(three, 2, 0, 0))
	want(g, map[int]int64{1: 1})
	s.groups.express(g, calls("service-2"))
	want(g, map[int]int64{1: 1})
	s.put(home, radiograph.DoorAPI, true, segment(two, 3, 1, 20), segment(three, 4, 2, 20))
	want(g, map[int]int64{2: 1})
	s.put(home, radiograph.DoorAPI, true, segment(one, 2, 1, 20))
	want(g, map[int]int64{2: 2})
	s.groups.remove(g)
	again := s.groups.express(0, everything)
	want(again, map[int]int64{})
	s.put(home, radiograph.DoorAPI, true, segment(three, 4, 2, 20)) // repeated: nothing changes
	want(again, map[int]int64{})
	s.put(home, radiograph.DoorAPI, true, segment(three, 5, 2, 30))
	want(again, map[int]int64{1: 1})
	s.groups.express(again, nil)
	s.put(home, radiograph.DoorAPI, true, segment(three, 6, 2, 30))
	want(again, map[int]int64{})
	if other := contributions(t, s.store, other, radiograph.SumsQuery{Group: again, From: all.From, To: all.To}); len(other) != 0 {
		t.Errorf("another tenant has %d sums of the group", len(other))
	}
}
