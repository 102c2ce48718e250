package disk

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/filter"
)

// Summaries implements radiograph.TraceStore.
//
// It reads the headers of all chunks of the tenant (some 50 bytes for 1024 traces),
// and the chunks that may hold an answer, the latest first, no more of them than
// the answers taken need. Rows of open traces are read in the order of their keys:
// by index time, as far as is needed; else all of them.
func (s *Store) Summaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) {
		if err := s.scan(ctx, t, q, func(c *summaryScan) error { return c.run(yield) }); err != nil {
			yield(nil, err)
		}
	}
}

// CountSummaries implements radiograph.TraceStore. Of a chunk that lies within
// the range as a whole it reads the header only.
func (s *Store) CountSummaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery, last *radiograph.Position) (n int64, err error) {
	q.Preselect = false
	err = s.scan(ctx, t, q, func(c *summaryScan) error {
		n, err = c.count(last)
		return err
	})
	return n, err
}

// scan runs one question on one moment of all rows: a summary may move while the
// caller reads on.
func (s *Store) scan(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery, run func(*summaryScan) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	c := summaryScan{ctx: ctx, store: s, query: q}
	if q.Token != "" {
		token, err := radiograph.ParsePosition(q.Token)
		if err != nil {
			return err
		}
		c.from = &token
	}
	var ok bool
	if c.tenant, ok = s.tenants.find(t); !ok || q.To <= q.From {
		return nil
	}
	if f, ok := q.Filter.(interface{ Condition() filter.Condition }); ok && q.Preselect {
		c.condition = f.Condition()
		c.preselect = c.condition.Join != filter.Single || c.condition.Field != 0
	}
	snapshot, minutes, known := s.sealer.view(s.db, c.tenant)
	defer func() { _ = snapshot.Close() }() // never fails on an open database
	c.db = snapshot
	c.rows = c.rowRanges(minutes, known)
	return run(&c)
}

// summaryScan is one call of Summaries.
type summaryScan struct {
	ctx    context.Context
	store  *Store
	db     pebble.Reader
	tenant tenant
	query  radiograph.SummaryQuery
	from   *radiograph.Position // only what stands behind it is wanted
	rows   []keyRange           // in which the summary rows in question are, in order

	preselect bool
	condition filter.Condition
}

// wants reports whether the position and the times of a trace are in question.
func (c *summaryScan) wants(p radiograph.Position, start, end radiograph.Timestamp) bool {
	s := radiograph.Summary{ID: p.ID, IndexTime: p.Time, Start: start, End: end} // IndexTime is looked at by its own range only
	return s.MayMatch(c.query) && (c.from == nil || c.from.Compare(p) < 0)
}

// summaryCursor is a source of summaries in order. It stands at one until it has
// ended.
type summaryCursor interface {
	at() radiograph.Position
	summary() (*radiograph.Summary, error)
	next() (bool, error) // reports whether there is one more
}

func (c *summaryScan) run(yield func(*radiograph.Summary, error) bool) error {
	pending, err := c.chunks()
	if err != nil {
		return err
	}
	by := c.query.RangeType
	slices.SortFunc(pending, func(a, b sealedChunk) int { return cmp.Compare(b.header.latest(by), a.header.latest(by)) })
	open, closeRows, err := c.openRows()
	if err != nil {
		return err
	}
	defer closeRows()
	cursors := cursorHeap{}
	push := func(cursor summaryCursor) error {
		more, err := cursor.next()
		if more {
			heap.Push(&cursors, cursor)
		}
		return err
	}
	if err := push(open); err != nil {
		return err
	}
	for n := 0; ; n++ {
		// A chunk is opened when it may hold something before all that is known.
		for len(pending) > 0 && (len(cursors) == 0 || pending[0].header.latest(by) >= cursors[0].at().Time) {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			cursor, err := c.openChunk(pending[0])
			if err != nil {
				return err
			}
			if pending = pending[1:]; cursor == nil {
				continue
			}
			if err := push(cursor); err != nil {
				return err
			}
		}
		if len(cursors) == 0 {
			return nil
		}
		if n%256 == 255 && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		sum, err := cursors[0].summary()
		if err != nil {
			return err
		}
		if !yield(sum, nil) {
			return nil
		}
		more, err := cursors[0].next()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&cursors, 0)
		} else {
			heap.Pop(&cursors)
		}
	}
}

// cursorHeap keeps the cursor that stands first in the listing on top.
type cursorHeap []summaryCursor

func (h cursorHeap) Len() int           { return len(h) }
func (h cursorHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h cursorHeap) Less(i, j int) bool { return h[i].at().Compare(h[j].at()) < 0 }
func (h *cursorHeap) Push(c any)        { *h = append(*h, c.(summaryCursor)) }

func (h *cursorHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}

// sealedChunk is a chunk that may hold an answer.
type sealedChunk struct {
	ref    chunkRef
	header *chunkHeader
	voids  *rowSet
	within bool // all its traces lie in the query's range
}

// chunks lists the chunks of the tenant that overlap with the query's range.
func (c *summaryScan) chunks() ([]sealedChunk, error) {
	voids := map[chunkRef]*rowSet{}
	space := appendSpace(nil, voidSpace, c.tenant)
	for row, err := range rows(c.ctx, c.db, space, after(space)) {
		if err != nil {
			return nil, err
		}
		ref, err := parseChunkKey(row.key, voidSpace)
		if err != nil {
			return nil, err
		}
		if voids[ref], err = readVoids(row.key, row.value); err != nil {
			return nil, err
		}
	}
	var list []sealedChunk
	space = appendSpace(nil, chunkSpace, c.tenant)
	for row, err := range rows(c.ctx, c.db, space, after(space)) {
		if err != nil {
			return nil, err
		}
		ref, header, err := readChunkRow(row)
		if err != nil {
			return nil, err
		}
		some, within := header.overlaps(c.query)
		if !some || c.from != nil && header.times(c.query.RangeType).Min > int64(c.from.Time) {
			continue
		}
		v := voids[ref]
		if v == nil {
			v = &rowSet{}
		}
		list = append(list, sealedChunk{ref, header, v, within})
	}
	return list, nil
}

// chunkCursor stands in a chunk.
type chunkCursor struct {
	chunk *chunkReader
	rows  []chunkRow // that are left, the first is the one it stands at
	began bool
}

type chunkRow struct {
	at  radiograph.Position
	row int
}

func (c *chunkCursor) at() radiograph.Position               { return c.rows[0].at }
func (c *chunkCursor) summary() (*radiograph.Summary, error) { return c.chunk.summary(c.rows[0].row) }

func (c *chunkCursor) next() (bool, error) {
	if c.began {
		c.rows = c.rows[1:]
	}
	c.began = true
	return len(c.rows) > 0, nil
}

// openChunk finds the answers in a chunk; nil when there are none.
func (c *summaryScan) openChunk(s sealedChunk) (summaryCursor, error) {
	r := c.store.openChunk(c.db, s.ref, s.header)
	set, err := c.choose(r)
	if err != nil || set == nil {
		return nil, err
	}
	list, err := c.within(s, r, set)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	if c.query.RangeType != radiograph.ByTraceID {
		slices.SortFunc(list, func(a, b chunkRow) int { return a.at.Compare(b.at) })
	}
	return &chunkCursor{chunk: r, rows: list}, nil
}

// choose finds the rows that the filter may want; nil when there are none. Rows
// of which only the trace tells whether it lies in the range are among them.
func (c *summaryScan) choose(r *chunkReader) (*rowSet, error) {
	if !c.preselect {
		return allRows(r.header.Rows), nil
	}
	undecided, err := c.undecided(r)
	if err != nil {
		return nil, err
	}
	set := &rowSet{}
	if r.header.mayHold(c.condition) {
		lookup, err := r.lookup()
		if err != nil {
			return nil, err
		}
		if lookup.terms.mayHave(c.condition) {
			if set, err = r.choose(c.condition); err != nil {
				return nil, err
			}
		}
	}
	if undecided != nil {
		set.unite(undecided)
	}
	if *set == (rowSet{}) {
		return nil, nil
	}
	return set, nil
}

// undecided are the rows that Summary.Decides says no of; nil when there are none.
func (c *summaryScan) undecided(r *chunkReader) (*rowSet, error) {
	if c.query.RangeType != radiograph.ByService || r.header.Some&summaryPartial == 0 && r.header.End.Max < int64(c.query.To) {
		return nil, nil
	}
	ends, err := r.ends()
	if err != nil {
		return nil, err
	}
	set, err := r.chooseFlag(summaryPartial, true)
	if err != nil {
		return nil, err
	}
	for row, end := range ends {
		if end >= int64(c.query.To) {
			set.set(row)
		}
	}
	return set, nil
}

// within cuts a set to the rows in range that are no voids, with their positions.
func (c *summaryScan) within(s sealedChunk, r *chunkReader, set *rowSet) ([]chunkRow, error) {
	set.remove(s.voids)
	var starts, ends []int64
	if c.query.RangeType != radiograph.ByTraceID {
		var err error
		if starts, err = r.starts(); err != nil {
			return nil, err
		}
		if ends, err = r.ends(); err != nil {
			return nil, err
		}
	}
	list := make([]chunkRow, 0, set.count())
	for row := range set.rows() {
		p, err := r.position(row)
		if err != nil {
			return nil, err
		}
		var start, end radiograph.Timestamp
		if starts != nil {
			start, end = radiograph.Timestamp(starts[row]), radiograph.Timestamp(ends[row])
		}
		switch c.query.RangeType {
		case radiograph.ByEvent:
			p.Time = start
		case radiograph.ByService:
			p.Time = end
		}
		if c.wants(p, start, end) {
			list = append(list, chunkRow{p, row})
		}
	}
	return list, nil
}

// count counts the traces in question, up to last, that Summary.Decides says yes
// of.
func (c *summaryScan) count(last *radiograph.Position) (n int64, err error) {
	by := c.query.RangeType
	chunks, err := c.chunks()
	if err != nil {
		return 0, err
	}
	for _, s := range chunks {
		if err := c.ctx.Err(); err != nil {
			return 0, err
		}
		times := s.header.times(by)
		if last != nil && times.Max < int64(last.Time) {
			continue // all stand behind it
		}
		r := c.store.openChunk(c.db, s.ref, s.header)
		undecided, err := c.undecided(r)
		if err != nil {
			return 0, err
		}
		if s.within && undecided == nil && (c.from == nil || times.Max < int64(c.from.Time)) && (last == nil || times.Min > int64(last.Time)) {
			n += int64(s.header.Rows - s.voids.count())
			continue
		}
		set := allRows(s.header.Rows)
		if undecided != nil {
			set.remove(undecided)
		}
		list, err := c.within(s, r, set)
		if err != nil {
			return 0, err
		}
		for _, row := range list {
			if last == nil || row.at.Compare(*last) <= 0 {
				n++
			}
		}
	}
	open, err := c.countRows(last)
	return n + open, err
}
