package radiograph

import "math"

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

// Histogram counts durations by bucket. The key is the duration in microseconds
// as Bucket rounds it.
type Histogram map[int64]int64

// Bucket is the one bucket function of all histograms: microseconds rounded to
// three significant digits.
func Bucket(micros int64) int64 {
	if micros < 1000 {
		return max(micros, 0)
	}
	unit := int64(math.Pow10(int(math.Floor(math.Log10(float64(micros)))) - 2))
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

	Root     bool // the node was a trace's root
	Inferred bool // the node is known only from its callers

	Start, End Timestamp // first start, last end; only ever widen
	Statistics
	Durations     Histogram // response times, as the client sees them
	ResponseTimes Histogram // nodes only: as the service sees them
}

// ServiceGraph is the answer of GetServiceGraph and GetTraceGraph.
type ServiceGraph struct {
	Start, End Timestamp
	Services   []*ServiceNode // in the order of their ReferenceID
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
