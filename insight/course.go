package insight

import (
	"cmp"
	"maps"
	"slices"

	"radiograph"
)

// forgotten is how long, in minutes, a service or a call without requests is
// remembered: by then its baseline knows next to nothing.
const forgotten = 24 * 60

// course follows a group from minute to minute. It is a pure function of the
// minutes it was given.
type course struct {
	next     int64 // the minute that step judges
	services map[radiograph.ServiceID]*watched
	calls    map[edge]int64  // the last minute of each, clients' left out
	recent   [window]*Minute // oldest first
	active   []*incident     // oldest first
	closed   []*incident     // since they were last taken
}

func newCourse(from int64) *course {
	return &course{next: from, services: make(map[radiograph.ServiceID]*watched), calls: make(map[edge]int64)}
}

// clone is a course that goes on by itself.
func (c *course) clone() *course {
	d := &course{next: c.next, services: make(map[radiograph.ServiceID]*watched, len(c.services)), calls: maps.Clone(c.calls), recent: c.recent}
	for id, w := range c.services {
		same := *w
		d.services[id] = &same
	}
	for _, in := range c.active {
		d.active = append(d.active, in.clone())
	}
	return d
}

var noRequests = new(Minute)

// step goes on by one minute; nil is one without requests.
func (c *course) step(m *Minute) {
	if m == nil {
		m = noRequests
	}
	minute := c.next
	c.next++
	for id := range m.nodes {
		if c.services[id] == nil {
			c.services[id] = new(watched)
		}
	}
	for e := range m.edges {
		if e.from.Type != clientType {
			c.calls[e] = minute
		}
	}
	copy(c.recent[:], c.recent[1:])
	c.recent[window-1] = m
	for _, in := range c.active {
		in.pending = append(in.pending, m)
	}
	opened := make(map[radiograph.ServiceID]int64)
	for id, w := range c.services {
		if first, opens := w.step(minute, m.nodes[id]); opens {
			opened[id] = first
		} else if !w.open && minute-w.seen > forgotten {
			delete(c.services, id)
		}
	}
	for len(opened) > 0 {
		c.place(minute, c.takeCluster(opened))
	}
	c.active = slices.DeleteFunc(c.active, func(in *incident) bool {
		c.update(minute, in)
		if in.End != 0 {
			c.closed = append(c.closed, in)
		}
		return in.End != 0
	})
	if minute%60 == 0 {
		maps.DeleteFunc(c.calls, func(_ edge, last int64) bool { return minute-last > forgotten })
	}
}

// related reports whether one service calls the other.
func (c *course) related(a, b radiograph.ServiceID) bool {
	_, calls := c.calls[edge{a, b}]
	_, called := c.calls[edge{b, a}]
	return calls || called
}

// takeCluster takes related anomalies out of those that opened: the service and
// its first minute.
func (c *course) takeCluster(opened map[radiograph.ServiceID]int64) map[radiograph.ServiceID]int64 {
	seed := slices.MinFunc(slices.Collect(maps.Keys(opened)), compareServices)
	cluster := map[radiograph.ServiceID]int64{seed: opened[seed]}
	delete(opened, seed)
	for queue := []radiograph.ServiceID{seed}; len(queue) > 0; queue = queue[1:] {
		for id, first := range opened {
			if c.related(queue[0], id) {
				cluster[id] = first
				delete(opened, id)
				queue = append(queue, id)
			}
		}
	}
	return cluster
}

// place puts related anomalies into the incident they belong to, into a new one
// when there is none; when they join several, these become one.
func (c *course) place(minute int64, cluster map[radiograph.ServiceID]int64) {
	var into *incident
	joins := func(in *incident) bool {
		for id := range cluster {
			if in.members[id] {
				return true
			}
			for member := range in.members {
				if c.services[member] != nil && c.services[member].open && c.related(id, member) {
					return true
				}
			}
		}
		return false
	}
	c.active = slices.DeleteFunc(c.active, func(in *incident) bool {
		switch {
		case !joins(in):
			return false
		case into == nil:
			into = in
			return false
		}
		for id := range in.members {
			into.members[id] = true
		}
		in.fold(minute, into)
		c.closed = append(c.closed, in)
		return true
	})
	if into == nil {
		first := slices.Min(slices.Collect(maps.Values(cluster)))
		into = newIncident(first)
		for i, m := range c.recent {
			if m != nil && minute-int64(window-1-i) >= first {
				into.pending = append(into.pending, m)
			}
		}
		c.active = append(c.active, into)
	}
	for id := range cluster {
		into.members[id] = true
	}
}

// update brings an incident to the end of a minute, and closes it when none of
// its services is anomalous any more.
func (c *course) update(minute int64, in *incident) {
	open := false
	last := int64(0)
	for id := range in.members {
		if w := c.services[id]; w != nil {
			open = open || w.open
			last = max(last, w.lastAbove)
		}
	}
	if last == minute {
		in.count()
	}
	if open {
		in.note(minute)
		return
	}
	in.close(minute, last)
}

func compareServices(a, b radiograph.ServiceID) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Account, b.Account))
}
