package disk

import (
	"slices"

	"radiograph"
	"radiograph/trace"
)

// MatchGroups implements radiograph.TraceStore.
func (s *Store) MatchGroups(m radiograph.GroupMatcher) { s.groups = m }

// match decides which groups the trace is in from now on.
func (p *put) match(c *change) {
	if len(p.groups) == 0 {
		c.next.at.Groups = nil
		return
	}
	in, failed := trace.Groups(p.groups, c.next.merged, c.next.summary, p.account)
	c.next.at.Groups = in
	for _, m := range in {
		if c.old == nil || !slices.ContainsFunc(c.old.at.Groups, func(o radiograph.Membership) bool { return o.Group == m.Group }) {
			if p.matches.Traces == nil {
				p.matches.Traces = make(map[radiograph.GroupID]int)
			}
			p.matches.Traces[m.Group]++
		}
	}
	for _, id := range failed {
		if p.matches.Failed == nil {
			p.matches.Failed = make(map[radiograph.GroupID]int)
		}
		p.matches.Failed[id]++
	}
}

// everyTrace is the membership that all traces have.
var everyTrace = radiograph.Membership{}

// sum adds to the differences what a change does to the sums of all traces and of
// the groups that the trace is or was in. The sums of a group that is no more are
// never read again, and stay.
func (p *put) sum(d differences, c *change) {
	var before []trace.Observation
	var was []radiograph.Membership
	if c.old != nil {
		before, was = c.old.observed, c.old.at.Groups
	}
	now := c.next.at.Groups
	d.replace(p.tenant, everyTrace, before, c.next.observed)
	for _, m := range was {
		if slices.Contains(now, m) {
			d.replace(p.tenant, m, before, c.next.observed)
		} else if slices.ContainsFunc(p.groups, func(g *radiograph.Group) bool { return g.ID == m.Group }) {
			d.replace(p.tenant, m, before, nil)
		}
	}
	for _, m := range now {
		if !slices.Contains(was, m) {
			d.replace(p.tenant, m, nil, c.next.observed)
		}
	}
}
