package disk

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// A trace that is written has a summary row of its own. When it has been quiet
// for a while it is sealed: with others of its tenant and stored hour it goes into
// a chunk, and its row is deleted in the same batch. A write to a sealed trace
// makes a row again and sets a void in the chunk. So at each moment each trace
// has either a row or one row of a chunk that is no void.
//
// The chunk is made without any lock. Under all traces' locks it is only looked
// which of its traces were written to meanwhile; those are voids from the start.
const (
	// sealAfter is how long a trace has to be quiet: longer than a function's calls
	// mostly take, shorter than what is worth scanning row by row.
	sealAfter = 15 * time.Second
	// sealAnyway is when traces that do not fill a chunk are sealed.
	sealAnyway = 5 * time.Minute
	// sealEvery is how often it is looked.
	sealEvery = time.Second
	// openRows is how many summary rows there may be before traces are sealed that
	// were written to lately; it bounds the memory of sealer too.
	openRows = 128 << 10
)

// sealer knows the traces that have summary rows. Readers ask it where those may
// be: a scan would step over the deleted rows of all that was sealed lately.
type sealer struct {
	mu      sync.Mutex
	rows    map[traceKey]openRow
	minutes map[rowMinute]int // how many rows there may be, at least one
	writes  uint64
	knows   bool // all rows, those of an earlier process too

	pass     sync.Mutex // held over a pass; the next two are the pass's
	adopted  []byte     // rows of an earlier process before this key are known; nil: all are
	rewrites time.Time

	loop
}

// openRow is a trace with a summary row.
type openRow struct {
	write     uint64 // the last, counted
	at        int64  // of it, Unix seconds
	hour      hour
	indexTime radiograph.Timestamp
}

// rowMinute is a minute of index time.
type rowMinute struct {
	tenant tenant
	minute int64
}

// count changes the number of rows that there may be in a minute.
func (l *sealer) count(t tenant, indexTime radiograph.Timestamp, by int) {
	k := rowMinute{t, minuteOf(indexTime)}
	if l.minutes[k] += by; l.minutes[k] == 0 {
		delete(l.minutes, k)
	}
}

// writing tells that rows of traces are about to be applied, under their locks;
// written or failed follows.
func (l *sealer) writing(t tenant, changes []*change) { l.countAll(t, changes, 1) }

func (l *sealer) failed(t tenant, changes []*change) { l.countAll(t, changes, -1) }

func (l *sealer) countAll(t tenant, changes []*change, by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range changes {
		l.count(t, c.next.at.IndexTime, by)
	}
}

// written tells that they were applied.
func (l *sealer) written(t tenant, changes []*change, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range changes {
		k := traceKey{t, c.id}
		if old, ok := l.rows[k]; ok {
			l.count(t, old.indexTime, -1)
		}
		l.writes++
		l.rows[k] = openRow{l.writes, now.Unix(), c.next.at.Hour, c.next.at.IndexTime}
	}
}

// view is a snapshot, and the minutes, latest first, outside of which the tenant
// has no summary rows in it; known is false when that is not known.
func (l *sealer) view(db *pebble.DB, t tenant) (snapshot *pebble.Snapshot, minutes []int64, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.minutes {
		if k.tenant == t {
			minutes = append(minutes, k.minute)
		}
	}
	slices.SortFunc(minutes, func(a, b int64) int { return cmp.Compare(b, a) })
	return db.NewSnapshot(), minutes, l.knows
}

// has reports whether a trace is known to have a row.
func (l *sealer) has(k traceKey) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.rows[k]
	return ok
}

// startSealer starts the one goroutine; close ends it.
func (s *Store) startSealer() {
	l := &s.sealer
	l.rows, l.minutes = map[traceKey]openRow{}, map[rowMinute]int{}
	l.adopted = []byte{summarySpace}
	l.start(sealEvery, s.sealQuiet, func(err error) {
		s.log.Error("traces could not be sealed and are tried again", "err", err)
	})
}

// sealQuiet is one pass of the loop.
func (s *Store) sealQuiet(ctx context.Context) error {
	if err := s.enterToWrite(); err != nil {
		return nil // the store ends, or waits for room
	}
	defer s.leave()
	return s.seal(ctx, false)
}

// seal seals the traces that are quiet, or with all every trace, and rewrites
// chunks where that is due.
func (s *Store) seal(ctx context.Context, all bool) error {
	s.sealer.pass.Lock()
	defer s.sealer.pass.Unlock()
	if err := s.adoptRows(); err != nil {
		return err
	}
	now := s.clock()
	w := &chunkWriter{packer: s.packer, columns: map[int][]byte{}}
	for _, group := range s.sealer.quiet(now, all) {
		for len(group) > 0 {
			n := min(len(group), chunkRows)
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.sealTraces(w, group[:n]); err != nil {
				return err
			}
			group = group[n:]
		}
	}
	if all || now.Sub(s.sealer.rewrites).Abs() >= sealAnyway {
		s.sealer.rewrites = now
		return s.rewriteChunks(ctx)
	}
	return nil
}

// quietTrace is a trace that is to be sealed, as it was when that was decided.
type quietTrace struct {
	key traceKey
	row openRow
}

func (q quietTrace) position() radiograph.Position {
	return radiograph.Position{Time: q.row.indexTime, ID: q.key.id}
}

// quiet lists traces that are to be sealed, each list of one tenant and hour, the
// oldest first.
func (l *sealer) quiet(now time.Time, all bool) [][]quietTrace {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.until(now, all)
	periods := map[tenantHour][]quietTrace{}
	for k, row := range l.rows {
		if row.at <= until {
			p := tenantHour{k.tenant, row.hour}
			periods[p] = append(periods[p], quietTrace{k, row})
		}
	}
	var groups [][]quietTrace
	for _, list := range periods {
		oldest := slices.MinFunc(list, func(a, b quietTrace) int { return cmp.Compare(a.row.at, b.row.at) })
		slices.SortFunc(list, func(a, b quietTrace) int { return b.position().Compare(a.position()) })
		if !all && now.Unix()-oldest.row.at < int64(sealAnyway/time.Second) {
			list = list[:len(list)/chunkRows*chunkRows]
		}
		if len(list) > 0 {
			groups = append(groups, list)
		}
	}
	return groups
}

// until is the last second in which traces to be sealed were written.
func (l *sealer) until(now time.Time, all bool) int64 {
	until := now.Add(-sealAfter).Unix()
	if all {
		return 1<<63 - 1
	}
	if len(l.rows) <= openRows {
		return until
	}
	seconds := map[int64]int{}
	for _, row := range l.rows {
		seconds[row.at]++
	}
	excess := len(l.rows) - openRows
	for _, at := range slices.Sorted(maps.Keys(seconds)) {
		if excess -= seconds[at]; excess <= 0 {
			return max(until, at)
		}
	}
	return until
}

// adoptRows makes rows known that an earlier process left, so many at a time.
func (s *Store) adoptRows() error {
	l := &s.sealer
	if l.adopted == nil {
		return nil
	}
	l.mu.Lock()
	room := openRows - len(l.rows)
	l.mu.Unlock()
	for row, err := range rows(context.Background(), s.db, l.adopted, []byte{summarySpace + 1}) {
		if err != nil {
			return err
		}
		if room--; room < 0 {
			l.adopted = slices.Clone(row.key)
			return nil
		}
		t, indexTime, id, err := parseSummaryKey(row.key)
		if err != nil {
			s.damaged(err)
			continue
		}
		at, err := get(s.db, appendTraceKey(nil, t, id), readHome)
		if err == nil && (at == nil || at.IndexTime != indexTime) {
			err = corrupt(row.key, "is not what the trace row names")
		}
		if err != nil && l.has(traceKey{t, id}) {
			continue // written to since
		}
		if err != nil {
			s.damaged(err)
			l.mu.Lock()
			l.count(t, indexTime, 1) // for readers to name
			l.mu.Unlock()
			continue
		}
		l.adopt(traceKey{t, id}, openRow{at: s.clock().Unix(), hour: at.Hour, indexTime: indexTime})
	}
	l.adopted = nil
	l.mu.Lock()
	l.knows = true
	l.mu.Unlock()
	return nil
}

// adopt makes a row known, unless it was written to since.
func (l *sealer) adopt(k traceKey, row openRow) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.rows[k]; !ok {
		l.writes++
		row.write = l.writes
		l.rows[k] = row
		l.count(k.tenant, row.indexTime, 1)
	}
}

// sealTraces moves traces of one tenant and hour, the oldest first, into a chunk.
func (s *Store) sealTraces(w *chunkWriter, list []quietTrace) error {
	slices.Reverse(list) // as a chunk has them
	kept, sums, err := s.readQuiet(list)
	if err != nil || len(sums) == 0 {
		return err
	}
	w.fill(sums)
	number, err := s.sequences.take(s.db, 1)
	if err != nil {
		return s.fail(err)
	}
	ref := chunkRef{kept[0].key.tenant, kept[0].row.hour, number}
	return s.applySealed(func(b *pebble.Batch) error {
		if err := w.write(b, ref); err != nil {
			return err
		}
		written := s.sealer.writtenSince(kept)
		if written.count() == len(kept) {
			b.Reset()
			return nil
		}
		if written.count() > 0 {
			if err := addVoids(b, ref, written); err != nil {
				return err
			}
		}
		for row, q := range kept {
			if written.has(row) {
				continue
			}
			key := appendSummaryKey(nil, q.key.tenant, q.row.indexTime, q.key.id)
			if err := b.Delete(key, nil); err != nil {
				return writeError(describe(key), err)
			}
		}
		return nil
	}, func() {
		for row, q := range kept {
			if s.sealer.forget(q) {
				s.open.sealed(q.key, sealedRow{ref, row})
			}
		}
	})
}

// readQuiet reads the rows of traces, in the order of their keys, and tells which
// are there.
func (s *Store) readQuiet(list []quietTrace) (kept []quietTrace, sums []*radiograph.Summary, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{summarySpace}, UpperBound: []byte{summarySpace + 1}})
	if err != nil {
		return nil, nil, readError("summaries", err)
	}
	defer func() { _ = it.Close() }() // its error was seen by it.Error
	var key []byte
	for _, q := range list {
		key = appendSummaryKey(key[:0], q.key.tenant, q.row.indexTime, q.key.id)
		found := it.SeekGE(key) && bytes.Equal(it.Key(), key)
		if err := it.Error(); err != nil {
			return nil, nil, readError(describe(key), err)
		}
		if !found {
			s.sealer.forget(q)
			continue
		}
		sealed, err := it.ValueAndErr()
		var sum *radiograph.Summary
		if err == nil {
			sum, err = readSummary(key, sealed)
		}
		if err != nil {
			s.damaged(err)
			s.sealer.leave(q)
			continue
		}
		kept, sums = append(kept, q), append(sums, sum)
	}
	return kept, sums, nil
}

// applySealed fills and applies a batch while no trace is written to; applied is
// called before that is allowed again. It is soon durable.
func (s *Store) applySealed(fill func(*pebble.Batch) error, applied func()) error {
	b := s.db.NewBatch()
	unlock := s.stripes.lockAll()
	err := fill(b)
	if err == nil {
		if err = s.apply(b, false); err == nil {
			applied()
		}
	}
	unlock()
	if err != nil {
		_ = b.Close()
		return err
	}
	return s.settle(b, false)
}

// writtenSince are those of the traces that were written to since they were
// listed.
func (l *sealer) writtenSince(list []quietTrace) *rowSet {
	l.mu.Lock()
	defer l.mu.Unlock()
	set := &rowSet{}
	for row, q := range list {
		if l.rows[q.key].write != q.row.write {
			set.set(row)
		}
	}
	return set
}

// forget drops a trace that has no row any more, unless it was written to since.
func (l *sealer) forget(q quietTrace) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows[q.key].write != q.row.write {
		return false
	}
	delete(l.rows, q.key)
	l.count(q.key.tenant, q.row.indexTime, -1)
	return true
}

// leave gives a damaged row up: it is still there, for readers to name.
func (l *sealer) leave(q quietTrace) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rows[q.key].write == q.row.write {
		delete(l.rows, q.key)
	}
}

// drop forgets a trace that is no more. The caller holds its lock.
func (l *sealer) drop(k traceKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if row, ok := l.rows[k]; ok {
		delete(l.rows, k)
		l.count(k.tenant, row.indexTime, -1)
	}
}

func addVoids(b *pebble.Batch, ref chunkRef, set *rowSet) error {
	key := ref.append(nil, voidSpace)
	if err := b.Merge(key, seal(key, appendVoids(nil, set)), nil); err != nil {
		return writeError(describe(key), err)
	}
	return nil
}

// reopen makes a void of the chunk row that a trace has, if it has one: it gets a
// summary row in the same batch. The caller holds the trace's lock.
func (s *Store) reopen(b *pebble.Batch, t tenant, id radiograph.TraceID, at *home) error {
	if s.sealer.has(traceKey{t, id}) {
		return nil
	}
	if to, known := s.open.sealedAt(traceKey{t, id}); known {
		// The chunk may have been rewritten into another since.
		there, err := get(s.db, to.chunk.append(nil, chunkSpace), func([]byte, []byte) (struct{}, error) { return struct{}{}, nil })
		if err != nil {
			return err
		}
		if there != nil {
			set := &rowSet{}
			set.set(to.row)
			return addVoids(b, to.chunk, set)
		}
	}
	has, err := get(s.db, appendSummaryKey(nil, t, at.IndexTime, id), func([]byte, []byte) (struct{}, error) { return struct{}{}, nil })
	if err != nil || has != nil {
		return err
	}
	within := chunkRef{tenant: t, hour: at.Hour}.append(nil, chunkSpace)[:9]
	for row, err := range rows(context.Background(), s.db, within, after(within)) {
		if err != nil {
			return err
		}
		ref, header, err := readChunkRow(row)
		if err != nil {
			return err
		}
		if v := int64(at.IndexTime); v < header.Index.Min || v > header.Index.Max {
			continue
		}
		i, err := s.openChunk(s.db, ref, header).find(radiograph.Position{Time: at.IndexTime, ID: id})
		if err != nil {
			return err
		}
		if i < 0 {
			continue
		}
		if v, err := get(s.db, ref.append(nil, voidSpace), readVoids); err != nil {
			return err
		} else if v == nil || !(*v).has(i) {
			set := &rowSet{}
			set.set(i)
			return addVoids(b, ref, set)
		}
	}
	return nil
}

func readChunkRow(r row) (chunkRef, *chunkHeader, error) {
	ref, err := parseChunkKey(r.key, chunkSpace)
	if err != nil {
		return ref, nil, err
	}
	header, err := readChunkHeader(r.key, r.value)
	return ref, header, err
}
