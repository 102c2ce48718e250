// Package storetest is the suite that every radiograph.TraceStore passes, a
// brute-force store to compare with, and a generator of traces.
//
// Stores enter as a function that opens an empty one; failures leave through the
// test. It is in no production build.
package storetest

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"

	"radiograph"
	"radiograph/trace"
)

// Model is the oracle: it keeps all records and derives everything at each
// reading. Its answers are exact.
type Model struct {
	mu       sync.Mutex
	sequence uint64
	tenants  map[radiograph.Tenant]map[radiograph.TraceID][]*radiograph.Record
	groups   map[radiograph.Tenant]map[radiograph.TraceID][]radiograph.Membership
	matcher  radiograph.GroupMatcher // may be nil
}

// NewModel makes an empty model.
func NewModel() radiograph.TraceStore {
	return &Model{
		tenants: make(map[radiograph.Tenant]map[radiograph.TraceID][]*radiograph.Record),
		groups:  make(map[radiograph.Tenant]map[radiograph.TraceID][]radiograph.Membership),
	}
}

// MatchGroups implements radiograph.TraceStore.
func (m *Model) MatchGroups(matcher radiograph.GroupMatcher) { m.matcher = matcher }

// Put implements radiograph.TraceStore.
func (m *Model) Put(_ context.Context, t radiograph.Tenant, recs []*radiograph.Record, _ bool) ([]radiograph.Refused, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	traces := m.tenants[t]
	if traces == nil {
		traces = make(map[radiograph.TraceID][]*radiograph.Record)
		m.tenants[t] = traces
		m.groups[t] = make(map[radiograph.TraceID][]radiograph.Membership)
	}
	changed := make(map[radiograph.TraceID]bool)
	var refused []radiograph.Refused
	for _, r := range recs {
		kept := traces[r.Trace]
		r.First = len(kept) == 0
		refused = append(refused, trace.Guard(trace.Merge(r.Trace, kept), r)...)
		if slices.ContainsFunc(kept, func(o *radiograph.Record) bool {
			return o.Door == r.Door && bytes.Equal(o.Root.Body, r.Root.Body)
		}) {
			continue
		}
		m.sequence++
		c := *r
		c.Sequence = m.sequence
		traces[r.Trace] = append(kept, &c)
		changed[r.Trace] = true
	}
	if m.matcher != nil {
		m.match(t, changed)
	}
	return refused, nil
}

// match judges changed traces by all that is known of them.
func (m *Model) match(t radiograph.Tenant, changed map[radiograph.TraceID]bool) {
	did := radiograph.GroupMatches{Traces: make(map[radiograph.GroupID]int), Failed: make(map[radiograph.GroupID]int)}
	for id := range changed {
		tr := trace.Merge(id, m.tenants[t][id])
		var in []radiograph.Membership
		for _, g := range m.matcher.Matching(t) {
			version := g.Current()
			if version.Filter == nil {
				did.Failed[g.ID]++
				continue
			}
			if version.Filter.Judge(trace.FilterView(tr, trace.Summarize(tr), t.Account)) != radiograph.Yes {
				continue
			}
			in = append(in, radiograph.Membership{Group: g.ID, Version: version.Number})
			if !slices.ContainsFunc(m.groups[t][id], func(o radiograph.Membership) bool { return o.Group == g.ID }) {
				did.Traces[g.ID]++
			}
		}
		m.groups[t][id] = in
	}
	m.matcher.Matched(t, did)
}

// Trace implements radiograph.TraceStore.
func (m *Model) Trace(_ context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Trace, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return trace.Merge(id, m.tenants[t][id]), nil
}

// all merges every trace of a tenant.
func (m *Model) all(t radiograph.Tenant) map[*radiograph.Trace][]radiograph.Membership {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[*radiograph.Trace][]radiograph.Membership)
	for id, recs := range m.tenants[t] {
		out[trace.Merge(id, recs)] = m.groups[t][id]
	}
	return out
}

// Summaries implements radiograph.TraceStore.
func (m *Model) Summaries(_ context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) {
		var found []*radiograph.Summary
		for tr := range m.all(t) {
			if s := trace.Summarize(tr); s.MayMatch(q) {
				found = append(found, s)
			}
		}
		slices.SortFunc(found, func(a, b *radiograph.Summary) int {
			return a.Position(q.RangeType).Compare(b.Position(q.RangeType))
		})
		for _, s := range found {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// CountSummaries implements radiograph.TraceStore.
func (m *Model) CountSummaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery, last *radiograph.Position) (n int64, err error) {
	var token radiograph.Position
	if q.Token != "" {
		if token, err = radiograph.ParsePosition(q.Token); err != nil {
			return 0, err
		}
	}
	for s := range m.Summaries(ctx, t, q) {
		p := s.Position(q.RangeType)
		if s.Decides(q) && (q.Token == "" || token.Compare(p) < 0) && (last == nil || p.Compare(*last) <= 0) {
			n++
		}
	}
	return n, nil
}

// Contributions implements radiograph.TraceStore.
func (m *Model) Contributions(_ context.Context, t radiograph.Tenant, q radiograph.SumsQuery) iter.Seq2[*radiograph.Contribution, error] {
	return func(yield func(*radiograph.Contribution, error) bool) {
		sums := make(map[radiograph.ContributionKey]*radiograph.Contribution)
		for tr, groups := range m.all(t) {
			version := 0
			if q.Group != 0 {
				at := slices.IndexFunc(groups, func(m radiograph.Membership) bool { return m.Group == q.Group })
				if at < 0 {
					continue
				}
				version = groups[at].Version
			}
			for _, c := range trace.Contributions(tr) {
				if at := radiograph.Timestamp(c.Minute * minute); at < q.From || at >= q.To || q.Chooses != nil && !q.Chooses(c) {
					continue
				}
				c.Version = version
				if q.Total {
					c.Minute = 0
				}
				if sums[c.Key()] == nil {
					sums[c.Key()] = &radiograph.Contribution{Minute: c.Minute, Node: c.Node, Edge: c.Edge, Link: c.Link, Version: version}
				}
				sums[c.Key()].Add(c)
			}
		}
		for _, c := range sums {
			if q.Coarse() {
				c.Durations, c.ResponseTimes = c.Durations.Coarse(), c.ResponseTimes.Coarse()
			}
			if !yield(c, nil) {
				return
			}
		}
	}
}

// Linked implements radiograph.TraceStore: with every trace.
func (m *Model) Linked(_ context.Context, t radiograph.Tenant, q radiograph.LinkQuery) iter.Seq2[*radiograph.Trace, error] {
	return func(yield func(*radiograph.Trace, error) bool) {
		for tr, groups := range m.all(t) {
			if q.Group != 0 && !slices.ContainsFunc(groups, func(m radiograph.Membership) bool { return m.Group == q.Group }) {
				continue
			}
			if !yield(tr, nil) {
				return
			}
		}
	}
}

// minute is a minute in nanoseconds.
const minute = 60_000_000_000

// compareKeys gives contributions an order.
func compareKeys(a, b radiograph.ContributionKey) int {
	return cmp.Or(cmp.Compare(a.Minute, b.Minute), cmp.Compare(a.Version, b.Version), compareServices(a.Node, b.Node), compareServices(a.Edge, b.Edge))
}

func compareServices(a, b radiograph.ServiceID) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Account, b.Account))
}
