package disk

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// Summaries implements radiograph.TraceStore.
//
// By index time it is a scan of the summaries in the order of their keys: a page
// costs what it yields, wherever it begins. By activity and by end it first
// reads the zone of every minute the tenant has (a day is 1440 small rows), then
// the summaries of those minutes that may hold an answer, most recent first, no
// more of them than the answers taken need; a minute is read as a whole.
func (s *Store) Summaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) {
		if err := s.enter(); err != nil {
			yield(nil, err)
			return
		}
		defer s.leave()
		from := radiograph.Position{Time: q.To - 1} // the first that may come
		if q.Token != "" {
			token, err := radiograph.ParsePosition(q.Token)
			if err != nil {
				yield(nil, err)
				return
			}
			from = token
		}
		n, ok := s.tenants.find(t)
		if !ok || q.To <= q.From {
			return
		}
		// One moment for all rows: a summary may move while the caller reads on.
		snapshot := s.db.NewSnapshot()
		defer func() { _ = snapshot.Close() }() // never fails on an open database
		scan := summaryScan{ctx: ctx, db: snapshot, tenant: n, query: q, resume: q.Token != "", from: from}
		if q.RangeType == radiograph.ByTraceID {
			scan.byIndexTime(yield)
		} else {
			scan.byZone(yield)
		}
	}
}

// summaryScan is one call of Summaries.
type summaryScan struct {
	ctx    context.Context
	db     pebble.Reader
	tenant tenant
	query  radiograph.SummaryQuery
	resume bool                // only what stands behind from is wanted
	from   radiograph.Position // the token's
}

// wants reports whether the summary may be an answer.
func (c *summaryScan) wants(s *radiograph.Summary) bool {
	return s.MayMatch(c.query) && (!c.resume || c.from.Compare(s.Position(c.query.RangeType)) < 0)
}

func (c *summaryScan) byIndexTime(yield func(*radiograph.Summary, error) bool) {
	first := appendSummaryKey(nil, c.tenant, min(c.from.Time, c.query.To-1), c.from.ID)
	last := after(appendDescending(appendSpace(nil, summarySpace, c.tenant), int64(c.query.From)))
	for s, err := range c.read(first, last) {
		if !yield(s, err) || err != nil {
			return
		}
	}
}

// read yields the wanted summaries of a range of keys.
func (c *summaryScan) read(from, to []byte) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) {
		for row, err := range rows(c.ctx, c.db, from, to) {
			var s *radiograph.Summary
			if err == nil {
				s, err = readSummary(row.key, row.value)
			}
			switch {
			case err != nil:
				yield(nil, err)
				return
			case c.wants(s) && !yield(s, nil):
				return
			}
		}
	}
}

// minuteZone is the zone of one minute of index time.
type minuteZone struct {
	minute int64
	latest radiograph.Timestamp // no summary of the minute stands before this time
}

func (c *summaryScan) byZone(yield func(*radiograph.Summary, error) bool) {
	zones, err := c.zones()
	if err != nil {
		yield(nil, err)
		return
	}
	found := summaryHeap{by: c.query.RangeType}
	for len(zones) > 0 || found.Len() > 0 {
		// What was found first may be yielded once no minute that is still to be
		// read can hold anything before it.
		if len(zones) > 0 && (found.Len() == 0 || zones[0].latest >= found.list[0].Time(found.by)) {
			for s, err := range c.read(c.minuteKeys(zones[0].minute)) {
				if err != nil {
					yield(nil, err)
					return
				}
				heap.Push(&found, s)
			}
			zones = zones[1:]
			continue
		}
		if !yield(heap.Pop(&found).(*radiograph.Summary), nil) {
			return
		}
	}
}

// minuteKeys is the range of the summaries whose index time lies in a minute.
func (c *summaryScan) minuteKeys(m int64) (from, to []byte) {
	space := appendSpace(nil, summarySpace, c.tenant)
	begin := radiograph.Timestamp(m) * minute
	from = appendDescending(slices.Clip(space), int64(begin+minute-1))
	return from, after(appendDescending(slices.Clip(space), int64(begin)))
}

// zones lists the minutes that may hold an answer, by how late that may stand.
func (c *summaryScan) zones() ([]minuteZone, error) {
	var list []minuteZone
	space := appendSpace(nil, zoneSpace, c.tenant)
	for row, err := range rows(c.ctx, c.db, space, after(space)) {
		if err != nil {
			return nil, err
		}
		_, m, err := parseZoneKey(row.key)
		if err != nil {
			return nil, err
		}
		z, err := readZone(row.key, row.value)
		if err != nil {
			return nil, err
		}
		if z.Start >= c.query.To || z.End < c.query.From || c.resume && z.Start > c.from.Time {
			continue
		}
		latest := z.LastStart
		if c.query.RangeType == radiograph.ByService {
			latest = z.End
		}
		list = append(list, minuteZone{m, latest})
	}
	slices.SortFunc(list, func(a, b minuteZone) int { return cmp.Compare(b.latest, a.latest) })
	return list, nil
}

// summaryHeap keeps the summary that stands first in the listing on top.
type summaryHeap struct {
	by   radiograph.TimeRangeType
	list []*radiograph.Summary
}

func (h *summaryHeap) Len() int      { return len(h.list) }
func (h *summaryHeap) Swap(i, j int) { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *summaryHeap) Push(s any)    { h.list = append(h.list, s.(*radiograph.Summary)) }
func (h *summaryHeap) Less(i, j int) bool {
	return h.list[i].Position(h.by).Compare(h.list[j].Position(h.by)) < 0
}

func (h *summaryHeap) Pop() any {
	s := h.list[len(h.list)-1]
	h.list = h.list[:len(h.list)-1]
	return s
}
