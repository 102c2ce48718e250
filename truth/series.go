package truth

import (
	"cmp"
	"maps"
	"slices"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// Selector is an EntitySelectorExpression with what it means.
type Selector struct {
	Text     string // "" chooses the edges from clients
	OfNodes  bool
	from, to func(Service) bool
}

func (s Selector) chooses(r request) bool {
	if node := r.to == (Service{}); node || s.OfNodes {
		return node && s.OfNodes && s.from(r.edge.from)
	}
	return s.from(r.edge.from) && s.to(r.to)
}

// Clients is the absent selector.
var Clients = Selector{
	from: func(s Service) bool { return s.Type == "client" },
	to:   func(Service) bool { return true },
}

// NewSelector generates a selector.
func NewSelector(from Source) Selector {
	a := asker{from}
	node, isNode := a.node()
	if a.chance(2) {
		return Selector{"service(" + node + ")", true, isNode, nil}
	}
	to, isTo := a.node()
	return Selector{"edge(" + node + ", " + to + ")", false, isNode, isTo}
}

// Series is what GetTimeSeriesServiceStatistics says of [from, to); period is in
// minutes.
func Series(traces []*Trace, s Selector, period, from, to int64) any {
	sum := make(map[int64]*sums)
	for _, t := range traces {
		for _, r := range t.requests() {
			if from/minute > r.minute || r.minute*minute >= to || !s.chooses(r) {
				continue
			}
			at := r.minute / period * period
			if sum[at] == nil {
				sum[at] = &sums{}
			}
			sum[at].add(r)
		}
	}
	list := []any{}
	for _, at := range sortedKeys(sum) {
		o := object{"Timestamp": at * 60}
		if s.OfNodes {
			o["ServiceSummaryStatistics"], o["ResponseTimeHistogram"] = sum[at].statistics(), histogram(sum[at].ownTimes)
		} else {
			o["EdgeSummaryStatistics"], o["ResponseTimeHistogram"] = sum[at].statistics(), histogram(sum[at].clientTimes)
		}
		list = append(list, o)
	}
	return list
}
