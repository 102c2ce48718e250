package query

import (
	"context"
	"encoding/binary"
	"time"

	"radiograph"
)

const (
	// defaultPage and maxPage bound the traces of one page; X-Ray's own page size
	// is not documented.
	defaultPage = 100
	maxPage     = 1000
	// maxScan bounds the traces looked at for one page; a page that reaches it
	// ends early, perhaps empty, and carries a token. Those that the store passed
	// over were not looked at.
	maxScan = 200_000
	// scanSlice is how long the slices of time are that PartialScan takes or
	// leaves. X-Ray does not say what it leaves out.
	scanSlice = 10 * time.Second
	// maxRead bounds the traces read whole for one page because a filter asks what
	// their summaries do not say, in the same way.
	maxRead = 5_000
)

// Summaries is one page of the traces in a range, newest first. A token stands
// for a place in the order alone, so the other parameters may change between
// pages. What FixedRate and Filter leave out counts as processed, what PartialScan
// leaves out does not.
func (e *Engine) Summaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) (*radiograph.SummaryPage, error) {
	if err := checkWindow(q.From, q.To); err != nil {
		return nil, err
	}
	var after *radiograph.Position
	if q.Token != "" {
		p, err := radiograph.ParsePosition(q.Token)
		if err != nil {
			return nil, err
		}
		after = &p
	}
	limit := min(q.Limit, maxPage)
	if limit <= 0 {
		limit = defaultPage
	}
	page := &radiograph.SummaryPage{ApproximateTime: q.To}
	if q.From == q.To {
		return page, nil
	}
	if after != nil {
		page.ApproximateTime = min(page.ApproximateTime, after.Time)
	}
	// PartialScan leaves out what the store would count.
	q.Preselect = q.Filter != nil && (q.PartialScan <= 0 || q.PartialScan >= 1)
	var last radiograph.Position
	looked, read := 0, 0
	for s, err := range e.store.Summaries(ctx, t, q) {
		if err != nil {
			return nil, err
		}
		at := s.Position(q.RangeType)
		if after != nil && at.Compare(*after) <= 0 {
			continue
		}
		if !scanned(at.Time, q.PartialScan) {
			continue
		}
		in, err := e.inRange(ctx, t, s, q)
		if err != nil {
			return nil, err
		}
		if !in {
			continue
		}
		if looked == maxScan || read == maxRead {
			page.Token = last.Token()
			break
		}
		wanted := kept(s.ID, q.FixedRate)
		if wanted && q.Filter != nil {
			if wanted, err = e.wants(ctx, t, s, q.Filter, &read); err != nil {
				return nil, err
			}
		}
		if wanted && len(page.Summaries) == limit {
			page.Token = last.Token()
			break
		}
		looked++
		if !q.Preselect || !s.Decides(q) {
			page.TracesProcessed++
		}
		last = at
		if wanted {
			page.Summaries = append(page.Summaries, s)
		}
	}
	if q.Preselect {
		var end *radiograph.Position
		if page.Token != "" {
			end = &last
		}
		n, err := e.store.CountSummaries(ctx, t, q, end)
		if err != nil {
			return nil, err
		}
		page.TracesProcessed += n
	}
	if len(page.Summaries) > 0 {
		page.ApproximateTime = page.Summaries[0].Time(q.RangeType)
	}
	return page, nil
}

// inRange decides exactly. Only which segments ended in a range is more than a
// summary says: then the trace itself is read.
func (e *Engine) inRange(ctx context.Context, t radiograph.Tenant, s *radiograph.Summary, q radiograph.SummaryQuery) (bool, error) {
	if !s.MayMatch(q) {
		return false, nil
	}
	if s.Decides(q) {
		return true, nil
	}
	tr, err := e.load(ctx, t, s.ID)
	if err != nil || tr == nil {
		return false, err
	}
	for _, n := range tr.Segments {
		if end := max(n.Start, n.End); !n.InProgress && q.From <= end && end < q.To {
			return true, nil
		}
	}
	return false, nil
}

// kept reports whether a trace is in the share that FixedRate keeps. It depends
// on the id alone, so that pages and repeated questions agree.
func kept(id radiograph.TraceID, rate float64) bool {
	if rate <= 0 || rate >= 1 {
		return true
	}
	h := mix(binary.BigEndian.Uint64(id[:8])) ^ binary.BigEndian.Uint64(id[8:])
	return chance(h) < rate
}

// scanned reports whether a time is in the share of slices that PartialScan takes.
// It depends on the time alone, so that pages and repeated questions agree.
func scanned(at radiograph.Timestamp, share float64) bool {
	if share <= 0 || share >= 1 {
		return true
	}
	return chance(uint64(at)/uint64(scanSlice)) < share
}

// chance is a number of [0, 1) that x decides.
func chance(x uint64) float64 { return float64(mix(x)>>11) / (1 << 53) }

// mix spreads the bits of x (SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
