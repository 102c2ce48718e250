package disk

import (
	"bytes"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/filter"
)

// summaryFront is what stands first in a summary row, and is read without the
// rest.
type summaryFront struct {
	id                     radiograph.TraceID
	indexTime              radiograph.Timestamp
	start, end             radiograph.Timestamp
	duration, responseTime int64
	flags                  byte
	value                  []byte // the whole row, without its checksum
}

func readSummaryFront(key, sealed []byte) (s summaryFront, err error) {
	if _, s.indexTime, s.id, err = parseSummaryKey(key); err != nil {
		return s, err
	}
	if s.value, err = unseal(key, sealed); err != nil {
		return s, err
	}
	f := &fields{b: s.value}
	if version := f.byte(); version != summaryVersion {
		return s, corrupt(key, "has the unknown version %d", version)
	}
	s.start, s.end = s.indexTime+radiograph.Timestamp(f.varint()), s.indexTime+radiograph.Timestamp(f.varint())
	f.varint() // revision
	s.duration, s.responseTime = f.varint(), f.varint()
	if s.flags = f.byte(); f.bad {
		return s, corrupt(key, "does not decode")
	}
	return s, nil
}

func (s *summaryFront) position(by radiograph.TimeRangeType) radiograph.Position {
	switch by {
	case radiograph.ByEvent:
		return radiograph.Position{Time: s.start, ID: s.id}
	case radiograph.ByService:
		return radiograph.Position{Time: s.end, ID: s.id}
	}
	return radiograph.Position{Time: s.indexTime, ID: s.id}
}

// decided is Summary.Decides.
func (s *summaryFront) decided(q radiograph.SummaryQuery) bool {
	return (&radiograph.Summary{End: s.end, IsPartial: s.flags&summaryPartial != 0}).Decides(q)
}

// mayHold reports whether the trace may fulfil the condition. It does not decode:
// a text that a condition wants must at least stand somewhere in the row.
func (s *summaryFront) mayHold(c filter.Condition) bool {
	if flag, ok := flagOf(c.Field); ok && c.Join == filter.Single {
		return (s.flags&flag != 0) == c.Value.Bool
	}
	switch {
	case c.Join == filter.All:
		return every(c.Of, s.mayHold)
	case c.Join == filter.AnyOf:
		return some(c.Of, s.mayHold)
	case c.Field == filter.ResponseTime:
		return s.responseTime >= 0 && c.Operator.Number(seconds(s.responseTime), c.Value.Number)
	case c.Field == filter.Duration:
		return c.Operator.Number(seconds(s.duration), c.Value.Number)
	case c.Field == filter.Service:
		return bytes.Contains(s.value, []byte(c.Node.Name))
	case c.Field == filter.Annotation && !bytes.Contains(s.value, []byte(c.Key)):
		return false
	case c.Operator == filter.Equal && c.Value.Kind == radiograph.StringValue:
		return bytes.Contains(s.value, []byte(c.Value.String))
	}
	return true
}

// rowRange are the keys of the summary rows that may be in question.
func (c *summaryScan) rowRange() keyRange {
	space := appendSpace(nil, summarySpace, c.tenant)
	if c.query.RangeType != radiograph.ByTraceID {
		return keyRange{space, after(space)}
	}
	end := after(appendDescending(slices.Clip(space), int64(c.query.From)))
	if c.from != nil && c.from.Time < c.query.To {
		return keyRange{appendSummaryKey(nil, c.tenant, c.from.Time, c.from.ID), end}
	}
	return keyRange{appendDescending(slices.Clip(space), int64(c.query.To-1)), end}
}

// keyRange is a range of keys: from first on, before end.
type keyRange struct{ first, end []byte }

// cut is the part of r that is in o as well.
func (r keyRange) cut(o keyRange) keyRange {
	if bytes.Compare(o.first, r.first) > 0 {
		r.first = o.first
	}
	if bytes.Compare(o.end, r.end) < 0 {
		r.end = o.end
	}
	return r
}

func (r keyRange) empty() bool { return bytes.Compare(r.first, r.end) >= 0 }

// rowRanges cuts rowRange to the minutes that have rows.
func (c *summaryScan) rowRanges(minutes []int64, known bool) []keyRange {
	whole := c.rowRange()
	if !known {
		return []keyRange{whole}
	}
	space := appendSpace(nil, summarySpace, c.tenant)
	key := func(t radiograph.Timestamp) []byte { return appendDescending(slices.Clip(space), int64(t)) }
	var list []keyRange
	for len(minutes) > 0 {
		n := 1
		for n < len(minutes) && minutes[n] == minutes[n-1]-1 {
			n++
		}
		last, first := radiograph.Timestamp(minutes[0]), radiograph.Timestamp(minutes[n-1])
		if r := (keyRange{key((last+1)*minute - 1), after(key(first * minute))}).cut(whole); !r.empty() {
			list = append(list, r)
		}
		minutes = minutes[n:]
	}
	return list
}

// openRows is the cursor of the open traces, and what ends it.
func (c *summaryScan) openRows() (summaryCursor, func(), error) {
	if c.query.RangeType == radiograph.ByTraceID {
		it, err := c.db.NewIter(&pebble.IterOptions{})
		if err != nil {
			return nil, nil, readError("summaries", err)
		}
		return &rowCursor{scan: c, it: it, left: c.rows}, func() { _ = it.Close() }, nil // its error was seen by it.Error
	}
	list := &listCursor{by: c.query.RangeType}
	for _, r := range c.rows {
		for row, err := range rows(c.ctx, c.db, r.first, r.end) {
			if err != nil {
				return nil, nil, err
			}
			ok, err := c.wantsRow(row.key, row.value)
			if err != nil {
				return nil, nil, err
			}
			if !ok {
				continue
			}
			sum, err := readSummary(row.key, row.value)
			if err != nil {
				return nil, nil, err
			}
			list.left = append(list.left, sum)
		}
	}
	slices.SortFunc(list.left, func(a, b *radiograph.Summary) int { return a.Position(list.by).Compare(b.Position(list.by)) })
	return list, func() {}, nil
}

// wantsRow decides about a row before it is decoded.
func (c *summaryScan) wantsRow(key, sealed []byte) (bool, error) {
	front, err := readSummaryFront(key, sealed)
	if err != nil || !c.wants(front.position(c.query.RangeType), front.start, front.end) {
		return false, err
	}
	return !c.preselect || front.mayHold(c.condition) || !front.decided(c.query), nil
}

// rowCursor reads rows as they are needed.
type rowCursor struct {
	scan    *summaryScan
	it      *pebble.Iterator
	left    []keyRange // behind the one it is in
	current *radiograph.Summary
}

func (r *rowCursor) at() radiograph.Position {
	return r.current.Position(r.scan.query.RangeType)
}
func (r *rowCursor) summary() (*radiograph.Summary, error) { return r.current, nil }

func (r *rowCursor) next() (bool, error) {
	ok := r.it.Valid() && r.it.Next()
	for n := 1; ; n++ {
		for ; !ok; ok = r.it.First() {
			if err := r.it.Error(); err != nil {
				return false, readError("summaries", err)
			}
			if len(r.left) == 0 {
				return false, nil
			}
			r.it.SetBounds(r.left[0].first, r.left[0].end)
			r.left = r.left[1:]
		}
		if n%256 == 0 && r.scan.ctx.Err() != nil {
			return false, r.scan.ctx.Err()
		}
		sealed, err := r.it.ValueAndErr()
		if err != nil {
			return false, readError(describe(r.it.Key()), err)
		}
		wanted, err := r.scan.wantsRow(r.it.Key(), sealed)
		if err != nil {
			return false, err
		}
		if wanted {
			r.current, err = readSummary(r.it.Key(), sealed)
			return err == nil, err
		}
		ok = r.it.Next()
	}
}

// listCursor stands in a list that was sorted before.
type listCursor struct {
	by    radiograph.TimeRangeType
	left  []*radiograph.Summary
	began bool
}

func (l *listCursor) at() radiograph.Position               { return l.left[0].Position(l.by) }
func (l *listCursor) summary() (*radiograph.Summary, error) { return l.left[0], nil }

func (l *listCursor) next() (bool, error) {
	if l.began {
		l.left = l.left[1:]
	}
	l.began = true
	return len(l.left) > 0, nil
}

// countRows counts the open traces in question, up to last.
func (c *summaryScan) countRows(last *radiograph.Position) (n int64, err error) {
	for _, r := range c.rows {
		if c.query.RangeType == radiograph.ByTraceID && last != nil {
			r = r.cut(keyRange{r.first, append(appendSummaryKey(nil, c.tenant, last.Time, last.ID), 0)})
		}
		if r.empty() {
			continue
		}
		for row, err := range rows(c.ctx, c.db, r.first, r.end) {
			if err != nil {
				return 0, err
			}
			front, err := readSummaryFront(row.key, row.value)
			if err != nil {
				return 0, err
			}
			p := front.position(c.query.RangeType)
			if c.wants(p, front.start, front.end) && front.decided(c.query) && (last == nil || p.Compare(*last) <= 0) {
				n++
			}
		}
	}
	return n, nil
}
