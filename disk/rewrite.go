package disk

import (
	"context"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// rewriteChunks puts the traces of small chunks of one tenant and hour together:
// those that were sealed before they filled a chunk, and those that have lost
// many traces to later writes. While an hour goes on it waits for some to come
// together.
const (
	smallChunk   = chunkRows / 2
	smallChunks  = 8             // of an hour that goes on
	manyVoids    = chunkRows / 4 // a chunk with more is rewritten by itself
	hourIsQuiet  = 2             // hours after which hardly any trace is sealed in it
	rewriteBatch = 64            // chunks put together at once, at most
)

// livingChunk is a chunk and what is left of it.
type livingChunk struct {
	ref    chunkRef
	header *chunkHeader
	voids  *rowSet
}

func (c *livingChunk) traces() int { return c.header.Rows - c.voids.count() }

func (s *Store) rewriteChunks(ctx context.Context) error {
	now := hourOf(radiograph.TimestampOf(s.clock()))
	space := []byte{chunkSpace}
	var small []livingChunk // of one tenant and hour
	flush := func() error {
		list := small
		small = nil
		if len(list) == 0 || list[0].ref.hour+hourIsQuiet > now && len(list) < smallChunks {
			list = slices.DeleteFunc(list, func(c livingChunk) bool { return c.voids.count() < manyVoids })
		}
		return s.rewriteAll(list)
	}
	for row, err := range rows(ctx, s.db, space, after(space)) {
		if err != nil {
			return err
		}
		ref, header, err := readChunkRow(row)
		if err != nil {
			s.damaged(err)
			continue
		}
		c := livingChunk{ref: ref, header: header}
		if c.voids, err = s.voidsOf(s.db, ref); err != nil {
			s.damaged(err)
			continue
		}
		if len(small) > 0 && (small[0].ref.tenant != ref.tenant || small[0].ref.hour != ref.hour) {
			if err := flush(); err != nil {
				return err
			}
		}
		if c.traces() < smallChunk || c.voids.count() >= manyVoids {
			small = append(small, c)
		}
	}
	return flush()
}

// voidsOf reads a chunk's voids.
func (s *Store) voidsOf(db pebble.Reader, ref chunkRef) (*rowSet, error) {
	v, err := get(db, ref.append(nil, voidSpace), readVoids)
	if err != nil || v == nil {
		return &rowSet{}, err
	}
	return *v, nil
}

// rewriteAll puts chunks together, as many as fit in one.
func (s *Store) rewriteAll(list []livingChunk) error {
	for len(list) > 0 {
		n, traces := 1, list[0].traces()
		for n < len(list) && n < rewriteBatch && traces+list[n].traces() <= chunkRows {
			traces += list[n].traces()
			n++
		}
		if n > 1 || list[0].voids.count() > 0 {
			if err := s.rewrite(list[:n]); err != nil {
				// The chunk stays as it is, and is told to who reads it.
				s.damaged(err)
			}
		}
		list = list[n:]
	}
	return nil
}

// rewrite makes one chunk of some, or none when nothing is left of them.
func (s *Store) rewrite(list []livingChunk) error {
	type origin struct{ chunk, row int }
	type living struct {
		summary *radiograph.Summary
		from    origin
	}
	var traces []living
	for i, c := range list {
		r := s.openChunk(s.db, c.ref, c.header)
		set := allRows(c.header.Rows)
		set.remove(c.voids)
		for row := range set.rows() {
			sum, err := r.summary(row)
			if err != nil {
				return err
			}
			traces = append(traces, living{sum, origin{i, row}})
		}
	}
	slices.SortFunc(traces, func(a, b living) int {
		return a.summary.Position(radiograph.ByTraceID).Compare(b.summary.Position(radiograph.ByTraceID))
	})
	var w *chunkWriter
	if len(traces) > 0 {
		sums := make([]*radiograph.Summary, len(traces))
		for i := range traces {
			sums[i] = traces[i].summary
		}
		w = writeChunk(s.packer, sums)
	}
	number, err := s.sequences.take(s.db, 1)
	if err != nil {
		return s.fail(err)
	}
	ref := chunkRef{list[0].ref.tenant, list[0].ref.hour, number}
	return s.applySealed(func(b *pebble.Batch) error {
		since := make([]*rowSet, len(list))
		for i, c := range list {
			v, err := s.voidsOf(s.db, c.ref)
			if err != nil {
				return err
			}
			since[i] = v
			if err := deleteChunk(b, c.ref); err != nil {
				return err
			}
		}
		if w == nil {
			return nil
		}
		if err := w.write(b, ref); err != nil {
			return err
		}
		gone := &rowSet{}
		for row, t := range traces {
			if since[t.from.chunk].has(t.from.row) {
				gone.set(row)
			}
		}
		if gone.count() == 0 {
			return nil
		}
		return addVoids(b, ref, gone)
	}, func() {})
}

// deleteChunk deletes all rows of a chunk.
func deleteChunk(b *pebble.Batch, ref chunkRef) error {
	for _, space := range [...]byte{chunkSpace, voidSpace} {
		if err := b.Delete(ref.append(nil, space), nil); err != nil {
			return writeError("chunk", err)
		}
	}
	columns := ref.append(nil, columnSpace)
	if err := b.DeleteRange(columns, after(columns), nil); err != nil {
		return writeError("chunk", err)
	}
	return nil
}
