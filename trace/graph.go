package trace

import (
	"cmp"
	"iter"
	"slices"

	"radiograph"
)

// Graph sums contributions into the service graph of the window [from, to). The
// nodes come by name, type and account, and are numbered in that order. What has
// been taken back to nothing is left out.
func Graph(cs iter.Seq[*radiograph.Contribution], from, to radiograph.Timestamp) *radiograph.ServiceGraph {
	sums := make(map[radiograph.ContributionKey]*radiograph.Contribution)
	for c := range cs {
		k := c.Key()
		k.Minute, k.Version = 0, 0
		if sums[k] == nil {
			sums[k] = &radiograph.Contribution{Node: k.Node, Edge: k.Edge, Link: k.Link}
		}
		sums[k].Add(c)
	}
	services := make(map[radiograph.ServiceID]*radiograph.ServiceNode)
	for _, c := range sums {
		if c.Total() <= 0 {
			continue
		}
		if c.Edge == (radiograph.ServiceID{}) {
			fillNode(nodeOf(services, c.Node), c)
			continue
		}
		nodeOf(services, c.Node)
		nodeOf(services, c.Edge)
	}
	g := &radiograph.ServiceGraph{Start: from, End: to}
	for _, n := range services {
		g.Services = append(g.Services, n)
	}
	slices.SortFunc(g.Services, func(a, b *radiograph.ServiceNode) int { return compareServices(a.ServiceID, b.ServiceID) })
	for i, n := range g.Services {
		n.ReferenceID = i
	}
	for _, c := range sums {
		if c.Total() <= 0 || c.Edge == (radiograph.ServiceID{}) {
			continue
		}
		n := services[c.Node]
		n.Edges = append(n.Edges, &radiograph.ServiceEdge{
			Target: services[c.Edge].ReferenceID, Link: c.Link,
			Start: c.Start, End: c.End, Statistics: c.Statistics, Histogram: c.Durations,
		})
	}
	for _, n := range g.Services {
		slices.SortFunc(n.Edges, func(a, b *radiograph.ServiceEdge) int {
			return cmp.Or(a.Target-b.Target, cmp.Compare(a.Start, b.Start))
		})
		coverEdges(n)
	}
	return g
}

func nodeOf(services map[radiograph.ServiceID]*radiograph.ServiceNode, id radiograph.ServiceID) *radiograph.ServiceNode {
	if services[id] == nil {
		services[id] = &radiograph.ServiceNode{ServiceID: id, State: "unknown"}
	}
	return services[id]
}

// fillNode gives a node its own numbers. A node that only its callers know is
// of unknown state.
func fillNode(n *radiograph.ServiceNode, c *radiograph.Contribution) {
	n.Root = c.Roots > 0
	if c.Inferred < c.Total() {
		n.State = "active"
	}
	n.Start, n.End = c.Start, c.End
	s := c.Statistics
	n.Statistics = &s
	n.DurationHistogram, n.ResponseHistogram = c.Durations, c.ResponseTimes
}

// coverEdges gives a node without numbers of its own (a client, or a caller that
// is in progress or began before the window) the times of its edges.
func coverEdges(n *radiograph.ServiceNode) {
	if n.Statistics != nil {
		return
	}
	for _, e := range n.Edges {
		if n.Start == 0 || e.Start < n.Start {
			n.Start = e.Start
		}
		n.End = max(n.End, e.End)
	}
}
