package sampling

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"

	"radiograph"
)

// Recorded is a request that was recorded.
type Recorded struct {
	Request
	Trace radiograph.TraceID
	At    radiograph.Timestamp
	By    *radiograph.SamplingRule // that it was recorded by; nil when it is not known
}

// Outcome is what one rule would have done.
type Outcome struct {
	Rule *radiograph.SamplingRule
	// Skipped tells that SDKs do not look at the rule.
	Skipped bool

	// Matched counts the recorded requests that the rule would have decided, and
	// Reservoir and Rate those of them that it would have recorded again.
	Matched, Reservoir, Rate int

	// Requests and Sampled estimate the same of all requests, recorded or not. What
	// a rule recorded beyond its reservoir stands for 1/FixedRate requests; what no
	// known rule recorded stands for itself, which is too little.
	Requests, Sampled float64
}

// Simulate decides about recorded requests anew. The reservoirs are shared by all
// clients, as quotas of the service make them, and their seconds are those of the
// clock. Whether the rate takes a request depends on seed and trace id alone, so
// that rules can be compared. The outcomes are in the order in which rules are
// tried; kept is in the order of the requests.
func Simulate(rules []radiograph.SamplingRule, requests []Recorded, seed uint64) (outcomes []Outcome, kept []bool) {
	rules = slices.Clone(rules)
	slices.SortFunc(rules, func(a, b radiograph.SamplingRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Name, b.Name))
	})
	outcomes = make([]Outcome, len(rules))
	for i := range rules {
		outcomes[i] = Outcome{Rule: &rules[i], Skipped: !applies(&rules[i])}
	}
	order := make([]int, len(requests))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(requests[a].At, requests[b].At), slices.Compare(requests[a].Trace[:], requests[b].Trace[:]))
	})
	kept = make([]bool, len(requests))
	seconds := make(map[ruleSecond]*ruleCount)
	var inOrder []*ruleCount // so that floating-point sums are the same each time
	before := make(map[string]map[int64]int)
	for _, i := range order {
		r := &requests[i]
		rule := Match(rules, r.Request)
		if rule == nil {
			continue
		}
		at := ruleSecond{rule, int64(r.At) / 1e9}
		second := seconds[at]
		if second == nil {
			second = &ruleCount{of: &outcomes[slices.IndexFunc(outcomes, func(o Outcome) bool { return o.Rule == rule })]}
			seconds[at] = second
			inOrder = append(inOrder, second)
		}
		o := second.of
		o.Matched++
		second.requests += weight(before, r)
		switch {
		case second.taken < rule.ReservoirSize:
			second.taken++
			o.Reservoir++
			kept[i] = true
		case coin(seed, r.Trace) < rule.FixedRate:
			o.Rate++
			kept[i] = true
		}
	}
	for _, second := range inOrder {
		o := second.of
		first := min(second.requests, float64(o.Rule.ReservoirSize))
		o.Requests += second.requests
		o.Sampled += first + (second.requests-first)*o.Rule.FixedRate
	}
	return outcomes, kept
}

type ruleSecond struct {
	rule   *radiograph.SamplingRule
	second int64
}

// ruleCount is what a rule did in a second.
type ruleCount struct {
	of       *Outcome
	taken    int     // from the reservoir
	requests float64 // that came, as estimated
}

// weight is how many requests a recorded one stands for. before counts what each
// rule recorded in each second.
func weight(before map[string]map[int64]int, r *Recorded) float64 {
	if r.By == nil || r.By.FixedRate <= 0 {
		return 1
	}
	if before[r.By.Name] == nil {
		before[r.By.Name] = make(map[int64]int)
	}
	second := int64(r.At) / 1e9
	before[r.By.Name][second]++
	if before[r.By.Name][second] <= r.By.ReservoirSize {
		return 1
	}
	return 1 / r.By.FixedRate
}

// coin is a number of [0, 1).
func coin(seed uint64, id radiograph.TraceID) float64 {
	return rand.New(rand.NewPCG(seed^binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]))).Float64()
}
