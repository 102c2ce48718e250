package truth

import (
	"fmt"
	"strconv"
)

// edge is a pair of nodes, or one node when to is zero.
type edge struct {
	from, to Service
	link     bool
}

// sums are the numbers of a node or an edge.
type sums struct {
	ok, throttle, other, fault, micros int64
	roots, inferred                    int64
	start, end                         int64
	clientTimes, ownTimes              map[int64]int64 // histograms, by microseconds
}

func (s *sums) total() int64 { return s.ok + s.throttle + s.other + s.fault }

// request is one request to a node, or along an edge, that counts in the minute
// it began.
type request struct {
	edge
	minute         int64
	counted        *Entity // whose outcome, length and times count
	seen           *Entity // as the caller saw it
	root, inferred bool
	age            int64 // nanoseconds, of links
}

// requests are the finished requests of a trace.
func (t *Trace) requests() []request {
	var out []request
	for _, s := range t.Segments {
		if s.Open {
			continue
		}
		seen := s.call()
		at := seen.Start / minute
		out = append(out, request{edge: edge{from: s.service}, minute: at, counted: s, seen: seen, root: s == t.Root, inferred: s.Inferred})
		if s == t.Root {
			client := s.service
			client.Type = "client"
			out = append(out, request{edge: edge{from: client, to: s.service}, minute: at, counted: s, seen: s})
		}
		if c := s.caller(); c != nil && !s.parent.Open {
			out = append(out, request{edge: edge{from: c.service, to: s.service}, minute: at, counted: seen, seen: seen})
		}
	}
	return out
}

// call is the request to a segment as its caller saw it, where that is known.
func (e *Entity) call() *Entity {
	if p := e.parent; p != nil && p.Sub && !p.Open {
		return p
	}
	return e
}

// links are the requests that links tell of between some traces.
func links(traces []*Trace) []request {
	type pair struct{ from, to *Entity }
	seen := make(map[pair]bool)
	var out []request
	for _, t := range traces {
		for _, s := range t.Segments {
			for _, l := range s.Links {
				for _, other := range traces {
					if other == t || other.ID != spelled(l.TraceID) {
						continue
					}
					for _, e := range other.entities {
						if e.ID != l.ID {
							continue
						}
						p := pair{e.segment, s}
						if l.Attributes["aws.xray.reserved.reference_type"] == "child" {
							p = pair{s, e.segment}
						}
						if seen[p] || p.from.Open || p.to.Open || p.from.Sub || p.to.Sub {
							continue
						}
						seen[p] = true
						out = append(out, request{
							edge: edge{p.from.service, p.to.service, true}, minute: p.to.call().Start / minute, counted: p.to, seen: p.to, age: max(0, p.to.Start-p.from.End),
						})
					}
				}
			}
		}
	}
	return out
}

// micros is a length in microseconds.
func micros(e *Entity) int64 { return max(0, e.End-e.Start+500) / 1000 }

// bucket is the three significant digits of a number of microseconds.
func bucket(n int64) int64 { return rounded(n, 3) }

// rounded is the first digits of a number.
func rounded(n int64, keep int) int64 {
	digits := strconv.FormatInt(n, 10)
	if len(digits) <= keep {
		return n
	}
	kept, err := strconv.ParseInt(digits[:keep], 10, 64)
	must(err)
	if digits[keep] >= '5' {
		kept++
	}
	for range len(digits) - keep {
		kept *= 10
	}
	return kept
}

func (s *sums) add(r request) {
	e := r.counted
	switch {
	case e.Fault:
		s.fault++
	case e.Throttle:
		s.throttle++
	case e.Error:
		s.other++
	default:
		s.ok++
	}
	s.micros += micros(e)
	if r.root {
		s.roots++
	}
	if r.inferred {
		s.inferred++
	}
	if s.start == 0 || e.Start < s.start {
		s.start = e.Start
	}
	s.end = max(s.end, e.End)
	if s.clientTimes == nil {
		s.clientTimes, s.ownTimes = make(map[int64]int64), make(map[int64]int64)
	}
	if r.link {
		s.clientTimes[bucket(r.age/1000)]++
	} else {
		s.clientTimes[bucket(micros(r.seen))]++
	}
	s.ownTimes[bucket(micros(e))]++
}

// ServiceGraph is what GetServiceGraph says of [from, to): the requests that began
// in it, to the minute. The histograms of more than an hour have two digits.
func ServiceGraph(traces []*Trace, from, to int64) any {
	var all []request
	for _, t := range traces {
		for _, r := range t.requests() {
			if from/minute <= r.minute && r.minute*minute < to {
				all = append(all, r)
			}
		}
	}
	for _, r := range links(traces) {
		if from/minute <= r.minute && r.minute*minute < to {
			all = append(all, r)
		}
	}
	minutes := (to+minute-1)/minute - from/minute
	return nodes(all, minutes > 60)
}

// TraceGraph is what GetTraceGraph says of some traces.
func TraceGraph(traces []*Trace) any {
	all := links(traces)
	for _, t := range traces {
		all = append(all, t.requests()...)
	}
	return nodes(all, false)
}

// nodes are the Services of a graph, by name, with their Edges by the name of
// their target instead of by ReferenceId.
func nodes(all []request, coarse bool) any {
	histogram := func(h map[int64]int64) []any {
		if !coarse {
			return histogram(h)
		}
		sum := make(map[int64]int64)
		for at, n := range h {
			sum[rounded(at, 2)] += n
		}
		return histogram(sum)
	}
	sum := make(map[edge]*sums)
	for _, r := range all {
		if sum[r.edge] == nil {
			sum[r.edge] = &sums{}
		}
		sum[r.edge].add(r)
	}
	services := make(map[Service]bool)
	for e := range sum {
		services[e.from] = true
		if e.to != (Service{}) {
			services[e.to] = true
		}
	}
	graph := object{}
	for s := range services {
		o := s.id()
		o["State"], o["DurationHistogram"], o["ResponseTimeHistogram"] = "unknown", []any{}, []any{}
		var start, end int64
		edges := object{}
		for e, numbers := range sum {
			if e.from != s || e.to == (Service{}) {
				continue
			}
			if start == 0 || numbers.start < start {
				start = numbers.start
			}
			end = max(end, numbers.end)
			one := object{
				"StartTime": floorSecond(numbers.start), "EndTime": ceilSecond(numbers.end),
				"SummaryStatistics": numbers.statistics(), "Aliases": []any{},
				"ResponseTimeHistogram": histogram(numbers.clientTimes), "ReceivedEventAgeHistogram": []any{},
			}
			if e.link {
				one["EdgeType"] = "link"
				one["ResponseTimeHistogram"], one["ReceivedEventAgeHistogram"] = one["ReceivedEventAgeHistogram"], one["ResponseTimeHistogram"]
			}
			edges[nameOf(e.to.id())+text(one["EdgeType"])] = one
		}
		if own := sum[edge{from: s}]; own != nil {
			start, end = own.start, own.end
			o["SummaryStatistics"] = own.statistics()
			o["DurationHistogram"], o["ResponseTimeHistogram"] = histogram(own.clientTimes), histogram(own.ownTimes)
			if own.roots > 0 {
				o["Root"] = true
			}
			if own.inferred < own.total() {
				o["State"] = "active"
			}
		}
		o["StartTime"], o["EndTime"], o["Edges"] = floorSecond(start), ceilSecond(end), edges
		graph[nameOf(o)] = o
	}
	return graph
}

// ByName gives the Services of an answer the form of ServiceGraph and TraceGraph.
func ByName(services []any) any {
	names := make(map[any]string)
	for _, s := range services {
		names[s.(object)["ReferenceId"]] = nameOf(s.(object))
	}
	graph := object{}
	for _, s := range services {
		o, edges := s.(object), object{}
		for _, e := range o["Edges"].([]any) {
			e := e.(object)
			edges[names[e["ReferenceId"]]+text(e["EdgeType"])] = e
			delete(e, "ReferenceId")
		}
		delete(o, "ReferenceId")
		o["Edges"] = edges
		graph[nameOf(o)] = o
	}
	return graph
}

func nameOf(service object) string {
	return fmt.Sprint(service["Name"], " ", service["Type"], " ", service["AccountId"])
}

func floorSecond(ns int64) int64 { return ns / second }

func ceilSecond(ns int64) int64 { return (ns + second - 1) / second }

func (s *sums) statistics() object {
	return object{
		"OkCount":         s.ok,
		"ErrorStatistics": object{"ThrottleCount": s.throttle, "OtherCount": s.other, "TotalCount": s.throttle + s.other},
		"FaultStatistics": object{"OtherCount": s.fault, "TotalCount": s.fault},
		"TotalCount":      s.total(), "TotalResponseTime": float64(s.micros) / 1e6,
	}
}

// histogram is sorted by value.
func histogram(h map[int64]int64) []any {
	list := []any{}
	for _, at := range sortedKeys(h) {
		list = append(list, object{"Value": float64(at) / 1e6, "Count": h[at]})
	}
	return list
}
