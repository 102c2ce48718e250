package insight

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"radiograph"
)

// incident is an insight in the making.
type incident struct {
	radiograph.Insight
	members map[radiograph.ServiceID]bool // that are or were anomalous
	// What services and callers saw from the start to the last anomalous minute,
	// and the minutes since.
	nodes   map[radiograph.ServiceID]radiograph.Impact
	edges   map[edge]radiograph.Impact
	pending []*Minute
}

func newIncident(first int64) *incident {
	return &incident{
		Insight: radiograph.Insight{Start: timestamp(first)},
		members: make(map[radiograph.ServiceID]bool),
		nodes:   make(map[radiograph.ServiceID]radiograph.Impact),
		edges:   make(map[edge]radiograph.Impact),
	}
}

func (in *incident) clone() *incident {
	d := *in
	d.Events = slices.Clone(in.Events)
	d.members, d.nodes, d.edges, d.pending = maps.Clone(in.members), maps.Clone(in.nodes), maps.Clone(in.edges), slices.Clone(in.pending)
	return &d
}

// count takes the pending minutes in.
func (in *incident) count() {
	for _, m := range in.pending {
		for id, n := range m.nodes {
			n.Add(in.nodes[id])
			in.nodes[id] = n
		}
		for e, n := range m.edges {
			n.Add(in.edges[e])
			in.edges[e] = n
		}
	}
	in.pending = nil
}

// minGrowth is how many faults more, besides twice as many, are notable.
const minGrowth = 20

// note brings the insight to the end of a minute in which it is active, and
// records an event when that is notable.
func (in *incident) note(minute int64) {
	before, cause := in.InsightState, in.RootCause
	in.RootCause, in.InsightState = in.state()
	if len(in.Events) > 0 && slices.Equal(before.Services, in.Services) && before.RootCauseImpact == in.RootCauseImpact && before.ClientImpact == in.ClientImpact && cause == in.RootCause {
		return
	}
	in.Updated = timestamp(minute + 1)
	in.Summary = fmt.Sprintf("The insight is active. Since %s, %s.", clock(in.Start), failed(in.RootCauseImpact, in.RootCause))
	if len(in.Events) == 0 {
		in.event(minute, "Faults of %s are above what is usual. The root cause is %s.", list(in.Services), name(in.RootCause))
		return
	}
	var news []string
	last := in.Events[len(in.Events)-1]
	if joined := slices.DeleteFunc(slices.Clone(in.Services), func(id radiograph.ServiceID) bool { return slices.Contains(last.Services, id) }); len(joined) > 0 {
		news = append(news, fmt.Sprintf("Faults of %s are above what is usual, too.", list(joined)))
	}
	if cause != in.RootCause {
		news = append(news, fmt.Sprintf("The root cause is now %s.", name(in.RootCause)))
	}
	if n := in.RootCauseImpact.Fault; len(news) == 0 && n >= 2*last.RootCauseImpact.Fault && n >= last.RootCauseImpact.Fault+minGrowth {
		news = append(news, fmt.Sprintf("By now, %s.", failed(in.RootCauseImpact, in.RootCause)))
	}
	if len(news) > 0 {
		in.event(minute, "%s", strings.Join(news, " "))
	}
}

// close ends the insight after its last anomalous minute.
func (in *incident) close(minute, last int64) {
	in.RootCause, in.InsightState = in.state()
	in.End, in.Updated = timestamp(last+1), timestamp(minute+1)
	in.Summary = closedSummary(&in.Insight)
	in.event(minute, "Faults have been as usual for %d minutes. %s.", quietMinutes, capital(failed(in.RootCauseImpact, in.RootCause)))
}

// fold ends the insight because it turned out to be part of another one.
func (in *incident) fold(minute int64, other *incident) {
	in.End, in.Updated = timestamp(minute+1), timestamp(minute+1)
	in.Summary = closedSummary(&in.Insight)
	in.event(minute, "The incident is part of the one that began at %s.", clock(other.Start))
}

func closedSummary(in *radiograph.Insight) string {
	return fmt.Sprintf("The insight is closed. From %s to %s, %s.", clock(in.Start), clock(in.End), failed(in.RootCauseImpact, in.RootCause))
}

func (in *incident) event(minute int64, format string, args ...any) {
	in.Events = append(in.Events, radiograph.InsightEvent{Time: timestamp(minute + 1), Summary: fmt.Sprintf(format, args...), InsightState: in.InsightState})
}

// state is what the counted minutes say.
func (in *incident) state() (radiograph.ServiceID, radiograph.InsightState) {
	cause := in.rootCause()
	s := radiograph.InsightState{RootCauseImpact: in.nodes[cause], Services: slices.Collect(maps.Keys(in.members))}
	slices.SortFunc(s.Services, func(a, b radiograph.ServiceID) int {
		return cmp.Or(cmp.Compare(in.nodes[b].Fault, in.nodes[a].Fault), compareServices(a, b))
	})
	above := map[radiograph.ServiceID]bool{cause: true} // and whoever calls it, by others or itself
	for queue := []radiograph.ServiceID{cause}; len(queue) > 0; queue = queue[1:] {
		for e, n := range in.edges {
			switch {
			case e.to != queue[0]:
			case e.from.Type == clientType:
				s.ClientImpact.Add(n)
			case !above[e.from]:
				above[e.from] = true
				queue = append(queue, e.from)
			}
		}
	}
	return cause, s
}

// rootCause is the farthest downstream of the anomalous services: one that calls
// no other that does not call it back, and the farthest from some other that
// leads to it; of equal ones that with most faults.
func (in *incident) rootCause() radiograph.ServiceID {
	callees := make(map[radiograph.ServiceID][]radiograph.ServiceID)
	for e := range in.edges {
		if in.members[e.from] && in.members[e.to] && e.from != e.to {
			callees[e.from] = append(callees[e.from], e.to)
		}
	}
	reach := make(map[radiograph.ServiceID]map[radiograph.ServiceID]int, len(in.members)) // and in how many calls
	depth := make(map[radiograph.ServiceID]int, len(in.members))
	for id := range in.members {
		far := map[radiograph.ServiceID]int{id: 0}
		for queue := []radiograph.ServiceID{id}; len(queue) > 0; queue = queue[1:] {
			for _, callee := range callees[queue[0]] {
				if _, known := far[callee]; !known {
					far[callee] = far[queue[0]] + 1
					depth[callee] = max(depth[callee], far[callee])
					queue = append(queue, callee)
				}
			}
		}
		reach[id] = far
	}
	var last []radiograph.ServiceID
	for id := range in.members {
		isLast := true
		for callee := range reach[id] {
			_, back := reach[callee][id]
			isLast = isLast && back
		}
		if isLast {
			last = append(last, id)
		}
	}
	return slices.MinFunc(last, func(a, b radiograph.ServiceID) int {
		return cmp.Or(cmp.Compare(depth[b], depth[a]), cmp.Compare(in.nodes[b].Fault, in.nodes[a].Fault), compareServices(a, b))
	})
}

func timestamp(minute int64) radiograph.Timestamp {
	return radiograph.Timestamp(minute) * radiograph.Timestamp(time.Minute)
}

func clock(t radiograph.Timestamp) string { return t.Time().UTC().Format("2006-01-02 15:04 UTC") }

func name(id radiograph.ServiceID) string {
	if id.Type == "" {
		return id.Name
	}
	return id.Name + " (" + id.Type + ")"
}

func list(ids []radiograph.ServiceID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = name(id)
	}
	return strings.Join(names, ", ")
}

// failed names the service last: Grafana cuts a summary at its dots.
func failed(n radiograph.Impact, id radiograph.ServiceID) string {
	return fmt.Sprintf("%d of %d requests failed with a fault at %s", n.Fault, n.Total, name(id))
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
