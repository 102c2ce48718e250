package radiograph

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Statistics counts requests by outcome. OK + Throttle + OtherError + Fault is
// the total; a request with fault and error counts as fault.
type Statistics struct {
	OK, Throttle, OtherError, Fault int64
	TotalMicros                     int64 // sum of response times, microseconds
}

// Total is the number of requests.
func (s Statistics) Total() int64 { return s.OK + s.Throttle + s.OtherError + s.Fault }

// Add adds t to s.
func (s *Statistics) Add(t Statistics) {
	s.OK += t.OK
	s.Throttle += t.Throttle
	s.OtherError += t.OtherError
	s.Fault += t.Fault
	s.TotalMicros += t.TotalMicros
}

// Histogram counts durations by bucket, the shortest first.
type Histogram []Bar

// Bar is one bucket of a histogram: a duration in microseconds, as Bucket rounds
// it, and how many requests took it. Differences have negative counts; no bar has
// none.
type Bar struct{ Micros, Count int64 }

// Bucket is the one bucket function of all histograms: microseconds rounded to
// three significant digits.
func Bucket(micros int64) int64 {
	if micros < 1000 {
		return max(micros, 0)
	}
	unit := int64(1)
	for limit := int64(1000); micros >= limit; limit *= 10 {
		if unit *= 10; limit > math.MaxInt64/10 {
			break
		}
	}
	return (micros + unit/2) / unit * unit
}

// FineWindow is the longest range whose totals have histograms as Bucket makes
// them. Those of longer ranges are Coarse: the graph of a busy day would else be
// some ten megabytes.
const FineWindow = Timestamp(time.Hour)

// Coarse is h with two significant digits.
func (h Histogram) Coarse() Histogram {
	if len(h) == 0 {
		return nil
	}
	out := make(Histogram, 0, len(h))
	for _, b := range h {
		b.Micros = CoarseBucket(b.Micros)
		if n := len(out); n > 0 && out[n-1].Micros == b.Micros {
			out[n-1].Count += b.Count
		} else {
			out = append(out, b)
		}
	}
	return slices.DeleteFunc(out, func(b Bar) bool { return b.Count == 0 })
}

// CoarseBucket rounds what Bucket made to two significant digits.
func CoarseBucket(micros int64) int64 {
	unit := int64(1)
	for micros/unit >= 100 {
		unit *= 10
	}
	return (micros + unit/2) / unit * unit
}

// Contribution is what one trace adds to one node, or to one edge, in one
// minute. A change of a trace adds the difference between its new and its old
// contributions.
type Contribution struct {
	Minute int64 // epoch minutes of the request's start
	Node   ServiceID
	Edge   ServiceID // the callee; zero for the node's own numbers
	Link   bool      // an asynchronous edge
	// Version is the group's under which the traces are in it; 0: of all traces.
	Version int

	// Roots and Inferred say of how many of the node's requests it was a trace's
	// root, and how many are known only from the caller. They are counts, so that a
	// difference can take them back.
	Roots, Inferred int64

	Start, End Timestamp // first start, last end; only ever widen
	Statistics
	Durations     Histogram // response times, as the client sees them
	ResponseTimes Histogram // nodes only: as the service sees them
}

// ContributionKey is what two contributions must share to be summed.
type ContributionKey struct {
	Minute     int64
	Node, Edge ServiceID
	Link       bool
	Version    int
}

// Key is c's key.
func (c *Contribution) Key() ContributionKey {
	return ContributionKey{Minute: c.Minute, Node: c.Node, Edge: c.Edge, Link: c.Link, Version: c.Version}
}

// Add adds the counts of d, which has the same key, and widens the times.
// Histogram bars that come to zero are removed.
func (c *Contribution) Add(d *Contribution) {
	if d.Start != 0 && (c.Start == 0 || d.Start < c.Start) {
		c.Start = d.Start
	}
	c.End = max(c.End, d.End)
	c.Roots += d.Roots
	c.Inferred += d.Inferred
	c.Statistics.Add(d.Statistics)
	c.Durations = c.Durations.add(d.Durations, 1)
	c.ResponseTimes = c.ResponseTimes.add(d.ResponseTimes, 1)
}

// Negative is what takes c back when it is added: the counts are negated, the
// times are zero, since times only widen.
func (c *Contribution) Negative() *Contribution {
	return &Contribution{
		Minute: c.Minute, Node: c.Node, Edge: c.Edge, Link: c.Link,
		Roots: -c.Roots, Inferred: -c.Inferred,
		Statistics: Statistics{
			OK: -c.OK, Throttle: -c.Throttle, OtherError: -c.OtherError, Fault: -c.Fault,
			TotalMicros: -c.TotalMicros,
		},
		Durations:     Histogram(nil).add(c.Durations, -1),
		ResponseTimes: Histogram(nil).add(c.ResponseTimes, -1),
	}
}

// Plus is h with the counts of o; bars that come to zero are left out. h must not
// be used any more, o is not changed.
func (h Histogram) Plus(o Histogram) Histogram { return h.add(o, 1) }

// add is h with sign times the counts of o.
func (h Histogram) add(o Histogram, sign int64) Histogram {
	if len(o) > 2+len(h)/8 {
		return h.join(o, sign)
	}
	for _, b := range o {
		h = h.With(Bar{b.Micros, sign * b.Count})
	}
	return h
}

// With is h with one more bar, whose count is not zero. h must not be used any
// more.
func (h Histogram) With(b Bar) Histogram {
	i, found := slices.BinarySearchFunc(h, b, func(x, y Bar) int { return cmp.Compare(x.Micros, y.Micros) })
	if !found {
		return slices.Insert(h, i, b)
	}
	if h[i].Count += b.Count; h[i].Count == 0 {
		return slices.Delete(h, i, i+1)
	}
	return h
}

// join is add for histograms of like size.
func (h Histogram) join(o Histogram, sign int64) Histogram {
	if len(o) == 0 {
		return h
	}
	out := make(Histogram, 0, len(h)+len(o))
	for len(h) > 0 && len(o) > 0 {
		switch a, b := h[0], o[0]; {
		case a.Micros < b.Micros:
			out, h = append(out, a), h[1:]
		case a.Micros > b.Micros:
			out, o = append(out, Bar{b.Micros, sign * b.Count}), o[1:]
		default:
			if n := a.Count + sign*b.Count; n != 0 {
				out = append(out, Bar{a.Micros, n})
			}
			h, o = h[1:], o[1:]
		}
	}
	out = append(out, h...)
	for _, b := range o {
		out = append(out, Bar{b.Micros, sign * b.Count})
	}
	return out
}

// IsZero reports whether c counts nothing, so that a store may drop it.
func (c *Contribution) IsZero() bool {
	return c.Roots == 0 && c.Inferred == 0 && c.Statistics == (Statistics{}) &&
		len(c.Durations) == 0 && len(c.ResponseTimes) == 0
}

// ServiceGraph is the answer of GetServiceGraph and GetTraceGraph.
type ServiceGraph struct {
	Start, End Timestamp
	Services   []*ServiceNode // in the order of their ReferenceID
	// OldGroupVersions is set when traces are counted that are in the group under an
	// older version of its expression.
	OldGroupVersions bool
}

// ServiceNode is one node with its outgoing edges.
type ServiceNode struct {
	ServiceID
	ReferenceID       int
	Root              bool
	State             string // "active" or "unknown"
	Start, End        Timestamp
	Statistics        *Statistics // nil for client nodes
	DurationHistogram Histogram
	ResponseHistogram Histogram
	Edges             []*ServiceEdge
}

// ServiceEdge is a call from the node it hangs on to Target.
type ServiceEdge struct {
	Target     int // ReferenceID of the callee
	Link       bool
	Start, End Timestamp
	Statistics Statistics
	Histogram  Histogram
}
