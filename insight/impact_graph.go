package insight

import (
	"slices"

	"radiograph"
)

// ImpactGraph is the part of a group's graph that an insight is about: its
// services and whoever calls them, by others or itself. Nodes keep their
// ReferenceID.
func ImpactGraph(g *radiograph.ServiceGraph, in *radiograph.Insight) *radiograph.ServiceGraph {
	callers := make(map[int][]*radiograph.ServiceNode)
	kept := make(map[int]bool)
	var queue []int
	for _, n := range g.Services {
		for _, e := range n.Edges {
			callers[e.Target] = append(callers[e.Target], n)
		}
		if slices.Contains(in.Services, n.ServiceID) {
			kept[n.ReferenceID] = true
			queue = append(queue, n.ReferenceID)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, n := range callers[queue[0]] {
			if !kept[n.ReferenceID] {
				kept[n.ReferenceID] = true
				queue = append(queue, n.ReferenceID)
			}
		}
	}
	part := &radiograph.ServiceGraph{Start: g.Start, End: g.End}
	for _, n := range g.Services {
		if !kept[n.ReferenceID] {
			continue
		}
		same := *n
		same.Edges = slices.DeleteFunc(slices.Clone(n.Edges), func(e *radiograph.ServiceEdge) bool { return !kept[e.Target] })
		part.Services = append(part.Services, &same)
	}
	return part
}
