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
}

// NewModel makes an empty model.
func NewModel() radiograph.TraceStore {
	return &Model{tenants: make(map[radiograph.Tenant]map[radiograph.TraceID][]*radiograph.Record)}
}

// Put implements radiograph.TraceStore.
func (m *Model) Put(_ context.Context, t radiograph.Tenant, recs []*radiograph.Record, _ bool) ([]radiograph.Refused, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	traces := m.tenants[t]
	if traces == nil {
		traces = make(map[radiograph.TraceID][]*radiograph.Record)
		m.tenants[t] = traces
	}
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
	}
	return refused, nil
}

// Trace implements radiograph.TraceStore.
func (m *Model) Trace(_ context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Trace, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return trace.Merge(id, m.tenants[t][id]), nil
}

// all merges every trace of a tenant.
func (m *Model) all(t radiograph.Tenant) []*radiograph.Trace {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*radiograph.Trace
	for id, recs := range m.tenants[t] {
		out = append(out, trace.Merge(id, recs))
	}
	return out
}

// Summaries implements radiograph.TraceStore.
func (m *Model) Summaries(_ context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) {
		var found []*radiograph.Summary
		for _, tr := range m.all(t) {
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

// Contributions implements radiograph.TraceStore.
func (m *Model) Contributions(_ context.Context, t radiograph.Tenant, from, to radiograph.Timestamp) iter.Seq2[*radiograph.Contribution, error] {
	return func(yield func(*radiograph.Contribution, error) bool) {
		sums := make(map[radiograph.ContributionKey]*radiograph.Contribution)
		for _, tr := range m.all(t) {
			for _, c := range trace.Contributions(tr) {
				if at := radiograph.Timestamp(c.Minute * minute); at < from || at >= to {
					continue
				}
				if sums[c.Key()] == nil {
					sums[c.Key()] = &radiograph.Contribution{Minute: c.Minute, Node: c.Node, Edge: c.Edge, Link: c.Link}
				}
				sums[c.Key()].Add(c)
			}
		}
		for _, c := range sums {
			if !yield(c, nil) {
				return
			}
		}
	}
}

// minute is a minute in nanoseconds.
const minute = 60_000_000_000

// compareKeys gives contributions an order.
func compareKeys(a, b radiograph.ContributionKey) int {
	return cmp.Or(cmp.Compare(a.Minute, b.Minute), compareServices(a.Node, b.Node), compareServices(a.Edge, b.Edge))
}

func compareServices(a, b radiograph.ServiceID) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Account, b.Account))
}
