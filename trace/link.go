package trace

import (
	"slices"
	"strings"

	"radiograph"
)

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
