package storetest

import (
	"fmt"
	"slices"
	"strings"

	"radiograph"
	"radiograph/trace"
)

// Describe writes a trace as text, all that readers can see of it but for the
// revision, so that two can be compared.
func Describe(t *radiograph.Trace) string {
	if t == nil {
		return "no trace"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "trace %s root %s limit exceeded %v\n", t.ID, idOf(t.Root), t.LimitExceeded)
	for _, n := range t.Segments {
		fmt.Fprintf(&b, "%s\n", trace.Document(t, n))
	}
	nodes := make([]*radiograph.Node, 0, len(t.Nodes))
	for _, n := range t.Nodes {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *radiograph.Node) int { return slices.Compare(a.ID[:], b.ID[:]) })
	for _, n := range nodes {
		fmt.Fprintf(&b, "%s door %s parent %s in %s replaced %v children %s callee %s\n",
			n.ID, n.Door, idOf(n.Parent), idOf(n.Segment), n.Replaced, idsOf(n.Children), idsOf(n.Callee))
	}
	return b.String()
}

func idOf(n *radiograph.Node) string {
	if n == nil {
		return "-"
	}
	return n.ID.String()
}

func idsOf(nodes []*radiograph.Node) []string {
	ids := []string{}
	for _, n := range nodes {
		ids = append(ids, idOf(n))
	}
	return ids
}

// DescribeContributions writes the sums of contributions as text, without the
// times, which stores only widen.
func DescribeContributions(cs []*radiograph.Contribution) string {
	sums := Sum(cs)
	var b strings.Builder
	for _, c := range sums {
		fmt.Fprintf(&b, "minute %d version %d node %v edge %v link %v roots %d inferred %d %+v durations %v response times %v\n",
			c.Minute, c.Version, c.Node, c.Edge, c.Link, c.Roots, c.Inferred, c.Statistics, c.Durations, c.ResponseTimes)
	}
	return b.String()
}

// Sum adds up contributions of one key, leaves out those that come to nothing,
// and sorts.
func Sum(cs []*radiograph.Contribution) []*radiograph.Contribution {
	sums := make(map[radiograph.ContributionKey]*radiograph.Contribution)
	for _, c := range cs {
		if sums[c.Key()] == nil {
			sums[c.Key()] = &radiograph.Contribution{Minute: c.Minute, Node: c.Node, Edge: c.Edge, Link: c.Link, Version: c.Version}
		}
		sums[c.Key()].Add(c)
	}
	var out []*radiograph.Contribution
	for _, c := range sums {
		if !c.IsZero() {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *radiograph.Contribution) int { return compareKeys(a.Key(), b.Key()) })
	return out
}
