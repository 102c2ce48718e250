package trace

import (
	"slices"
	"strings"

	"radiograph"
)

// LinkContributions are the edges that links make between some traces: one
// request for each pair of finished segments, from the one that caused to the one
// that was caused, whichever of them states it, in the minute in which the latter
// counts. Durations are how old the event was when it was received: from the end
// of the first segment to the start of the second, where that is later.
func LinkContributions(traces []*radiograph.Trace) []*radiograph.Contribution {
	byID := make(map[radiograph.TraceID]*radiograph.Trace, len(traces))
	for _, t := range traces {
		byID[t.ID] = t
	}
	type pair struct{ from, to *radiograph.Node }
	seen := make(map[pair]bool)
	var out []*radiograph.Contribution
	for _, t := range traces {
		for _, n := range t.Segments {
			for _, l := range n.Links {
				other := byID[l.Trace]
				if other == nil || other == t || other.Nodes[l.Segment] == nil {
					continue
				}
				p := pair{other.Nodes[l.Segment].Segment, n}
				if l.ToChild() {
					p = pair{n, other.Nodes[l.Segment].Segment}
				}
				if seen[p] || p.from.InProgress || p.to.InProgress || p.from.Subsegment || p.to.Subsegment {
					continue
				}
				seen[p] = true
				c := &radiograph.Contribution{
					Minute: minuteOf(Began(p.to)), Node: service(p.from), Edge: service(p.to), Link: true,
					Start: p.to.Start, End: p.to.End, Statistics: outcome(p.to.Entity),
				}
				age := max(int64(p.to.Start-p.from.End), 0) / 1000
				c.Durations = radiograph.Histogram{{Micros: radiograph.Bucket(age), Count: 1}}
				out = append(out, c)
			}
		}
	}
	return out
}

// ServiceLinks are the links of one type that segments of one service have to
// other traces.
type ServiceLinks struct {
	Service radiograph.ServiceID
	Type    string               // as the links state it
	Targets []radiograph.TraceID // each once
}

// Links are the links of a trace's segments, by service, then type.
func Links(t *radiograph.Trace) []ServiceLinks {
	var out []ServiceLinks
	for _, n := range t.Segments {
		for _, l := range n.Links {
			id := service(n)
			at := slices.IndexFunc(out, func(s ServiceLinks) bool { return s.Service == id && s.Type == l.Type })
			if at < 0 {
				at = len(out)
				out = append(out, ServiceLinks{Service: id, Type: l.Type})
			}
			if !slices.Contains(out[at].Targets, l.Trace) {
				out[at].Targets = append(out[at].Targets, l.Trace)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b ServiceLinks) int {
		if c := compareServices(a.Service, b.Service); c != 0 {
			return c
		}
		return strings.Compare(a.Type, b.Type)
	})
	return out
}
