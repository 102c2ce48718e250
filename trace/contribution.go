package trace

import (
	"time"

	"radiograph"
)

// Observation is one request as it counts at one node or edge.
type Observation struct {
	radiograph.ContributionKey
	Root, Inferred bool
	Start, End     radiograph.Timestamp
	radiograph.Statistics
	Duration, ResponseTime int64 // buckets; ResponseTime is −1 on edges
}

// Observe lists what a trace adds to the service graph. What is in progress adds
// nothing.
//
// A finished segment is one request to its service. The request began when its
// caller says so, else when the segment did, and its minute is that moment's for
// node and edge alike; so an edge and the node it leads to are in the same
// minute. Nodes count as the service saw it, edges as the caller saw it.
func Observe(t *radiograph.Trace) []Observation {
	out := make([]Observation, 0, 2*len(t.Segments)+1)
	for _, n := range t.Segments {
		if n.Subsegment || n.InProgress {
			continue
		}
		id, call := service(n), callOf(n)
		key := radiograph.ContributionKey{Minute: minuteOf(Began(n)), Node: id}
		node := observe(key, n.Entity, call)
		node.Root, node.Inferred, node.ResponseTime = n == t.Root, n.Inferred, radiograph.Bucket(micros(n.Entity))
		out = append(out, node)
		key.Edge = id
		if n == t.Root {
			key.Node = radiograph.ServiceID{Name: id.Name, Type: clientType, Account: id.Account}
			out = append(out, observe(key, n.Entity, n.Entity))
		}
		if c := caller(n); c != nil && !n.Parent.InProgress {
			key.Node = service(c)
			out = append(out, observe(key, call, call))
		}
	}
	return out
}

// Contributions sums what Observe lists: one entry for each minute and node or
// edge, in no particular order.
func Contributions(t *radiograph.Trace) []*radiograph.Contribution {
	sums := make(map[radiograph.ContributionKey]*radiograph.Contribution)
	var out []*radiograph.Contribution
	for _, o := range Observe(t) {
		c := sums[o.ContributionKey]
		if c == nil {
			c = &radiograph.Contribution{Minute: o.Minute, Node: o.Node, Edge: o.Edge}
			sums[o.ContributionKey] = c
			out = append(out, c)
		}
		if o.Root {
			c.Roots++
		}
		if o.Inferred {
			c.Inferred++
		}
		if c.Start == 0 || o.Start < c.Start {
			c.Start = o.Start
		}
		c.End = max(c.End, o.End)
		c.Statistics.Add(o.Statistics)
		c.Durations = c.Durations.With(radiograph.Bar{Micros: o.Duration, Count: 1})
		if o.ResponseTime >= 0 {
			c.ResponseTimes = c.ResponseTimes.With(radiograph.Bar{Micros: o.ResponseTime, Count: 1})
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

// Began is when the request to a segment began, as its caller says: the moment
// whose minute it counts in.
func Began(n *radiograph.Node) radiograph.Timestamp { return callOf(n).Start }

func minuteOf(t radiograph.Timestamp) int64 { return int64(t) / int64(time.Minute) }

// observe is one request with the outcome of e and the duration of call.
func observe(key radiograph.ContributionKey, e, call *radiograph.Entity) Observation {
	return Observation{
		ContributionKey: key, Start: e.Start, End: e.End, Statistics: outcome(e),
		Duration: radiograph.Bucket(micros(call)), ResponseTime: -1,
	}
}

// outcome counts e as one request.
func outcome(e *radiograph.Entity) radiograph.Statistics {
	s := radiograph.Statistics{TotalMicros: micros(e)}
	switch {
	case e.Fault:
		s.Fault = 1
	case e.Throttle:
		s.Throttle = 1
	case e.Error:
		s.OtherError = 1
	default:
		s.OK = 1
	}
	return s
}

// micros is how long an entity took, in microseconds, rounded.
func micros(e *radiograph.Entity) int64 {
	return max(0, int64(e.End-e.Start)+500) / 1000
}
