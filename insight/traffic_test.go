package insight

import (
	"math"
	"math/rand/v2"

	"radiograph"
)

// site is a generated system: services that call each other, each with faults of
// its own, which its callers' requests share.
type site struct {
	random *rand.Rand
	calls  map[string][]string // in the order of calling; roots have no callers
	roots  []string
	rate   func(root string, minute int64) float64 // requests, on average
	own    func(service string, minute int64) float64
	absorb map[string]bool // services that answer well though a callee faults
}

func id(name string) radiograph.ServiceID {
	return radiograph.ServiceID{Name: name, Type: "AWS::EC2::Instance"}
}

// minute is what a minute comes to, as contributions.
func (s *site) minute(m int64) []*radiograph.Contribution {
	sums := make(map[radiograph.ContributionKey]*radiograph.Contribution)
	count := func(from, to radiograph.ServiceID, fault bool) {
		k := radiograph.ContributionKey{Minute: m, Node: from, Edge: to}
		if sums[k] == nil {
			sums[k] = &radiograph.Contribution{Minute: m, Node: from, Edge: to}
		}
		if fault {
			sums[k].Fault++
		} else {
			sums[k].OK++
		}
	}
	var request func(caller radiograph.ServiceID, service string) bool
	request = func(caller radiograph.ServiceID, service string) bool {
		fault := s.random.Float64() < s.own(service, m)
		for _, callee := range s.calls[service] {
			if request(id(service), callee) && !s.absorb[service] {
				fault = true
			}
		}
		count(id(service), radiograph.ServiceID{}, fault)
		count(caller, id(service), fault)
		return fault
	}
	for _, root := range s.roots {
		for range poisson(s.random, s.rate(root, m)) {
			request(radiograph.ServiceID{Name: root, Type: clientType}, root)
		}
	}
	out := make([]*radiograph.Contribution, 0, len(sums))
	for _, c := range sums {
		out = append(out, c)
	}
	return out
}

// poisson is how often something of an average happens.
func poisson(r *rand.Rand, mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	n, p := 0, math.Exp(-mean)
	for x := r.Float64(); x > p; x *= r.Float64() {
		n++
	}
	return n
}

// steady is an average that does not change.
func steady(rate float64) func(string, int64) float64 {
	return func(string, int64) float64 { return rate }
}

// within gives services a share of faults in some minutes, and 0.5 % otherwise.
func within(from, to int64, share float64, services ...string) func(string, int64) float64 {
	return func(service string, m int64) float64 {
		for _, s := range services {
			if s == service && from <= m && m < to {
				return share
			}
		}
		return 0.005
	}
}

// run follows a site for some minutes.
func run(s *site, minutes int64) *course {
	c := newCourse(0)
	for m := range minutes {
		var sum Minute
		for _, contribution := range s.minute(m) {
			sum.Add(contribution)
		}
		c.step(&sum)
	}
	return c
}
