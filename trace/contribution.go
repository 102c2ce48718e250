package trace

import (
	"time"

	"radiograph"
)

// Contributions is what a trace adds to the service graph, one entry for each
// minute and node or edge, in no particular order. What is in progress adds
// nothing.
//
// A finished segment is one request to its service. The request began when its
// caller says so, else when the segment did, and its minute is that moment's for
// node and edge alike; so an edge and the node it leads to are in the same
// minute. Nodes count as the service saw it, edges as the caller saw it.
func Contributions(t *radiograph.Trace) []*radiograph.Contribution {
	sums := make(map[radiograph.ContributionKey]*radiograph.Contribution)
	var out []*radiograph.Contribution
	sum := func(k radiograph.ContributionKey) *radiograph.Contribution {
		c := sums[k]
		if c == nil {
			c = &radiograph.Contribution{Minute: k.Minute, Node: k.Node, Edge: k.Edge, Link: k.Link}
			sums[k] = c
			out = append(out, c)
		}
		return c
	}
	for _, n := range t.Segments {
		if n.Subsegment || n.InProgress {
			continue
		}
		id, call := service(n), callOf(n)
		minute := minuteOf(call.Start)
		node := sum(radiograph.ContributionKey{Minute: minute, Node: id})
		count(node, n.Entity)
		observe(&node.Durations, call)
		observe(&node.ResponseTimes, n.Entity)
		if n.Inferred {
			node.Inferred++
		}
		if n == t.Root {
			node.Roots++
			client := radiograph.ServiceID{Name: id.Name, Type: clientType, Account: id.Account}
			edge := sum(radiograph.ContributionKey{Minute: minute, Node: client, Edge: id})
			count(edge, n.Entity)
			observe(&edge.Durations, n.Entity)
		}
		if c := caller(n); c != nil && !n.Parent.InProgress {
			edge := sum(radiograph.ContributionKey{Minute: minute, Node: service(c), Edge: id})
			count(edge, call)
			observe(&edge.Durations, call)
		}
	}
	return out
}

// clientType is the type of the node that stands for the callers of a root.
const clientType = "client"

// callOf is the request to a segment as its caller saw it: the finished
// subsegment that called; the segment itself when that is not known.
func callOf(n *radiograph.Node) *radiograph.Entity {
	if p := n.Parent; p != nil && p.Subsegment && !p.InProgress {
		return p.Entity
	}
	return n.Entity
}

func minuteOf(t radiograph.Timestamp) int64 { return int64(t) / int64(time.Minute) }

// count adds one request with the outcome and response time of e.
func count(c *radiograph.Contribution, e *radiograph.Entity) {
	switch {
	case e.Fault:
		c.Fault++
	case e.Throttle:
		c.Throttle++
	case e.Error:
		c.OtherError++
	default:
		c.OK++
	}
	c.TotalMicros += micros(e)
	if c.Start == 0 || e.Start < c.Start {
		c.Start = e.Start
	}
	c.End = max(c.End, e.End)
}

func observe(h *radiograph.Histogram, e *radiograph.Entity) {
	if *h == nil {
		*h = make(radiograph.Histogram, 1)
	}
	(*h)[radiograph.Bucket(micros(e))]++
}

// micros is how long an entity took, in microseconds, rounded.
func micros(e *radiograph.Entity) int64 {
	return max(0, int64(e.End-e.Start)+500) / 1000
}
