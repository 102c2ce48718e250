package disk

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/trace"
)

// Put implements radiograph.TraceStore. All records of the call become visible
// and durable together, or none does.
//
// Records of one trace are merged in the order of recs. A record that repeats a
// stored one gets that one's Sequence and changes nothing.
func (s *Store) Put(ctx context.Context, t radiograph.Tenant, recs []*radiograph.Record, durable bool) ([]radiograph.Refused, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i, r := range recs {
		if r.Root == nil || len(r.Root.Body) == 0 {
			return nil, radiograph.Errorf(radiograph.KindInvalid, "record %d has no document", i)
		}
	}
	if len(recs) == 0 {
		return nil, nil
	}
	if err := s.enterToWrite(); err != nil {
		return nil, err
	}
	defer s.leave()
	n, err := s.tenants.number(s.db, t)
	if err != nil {
		return nil, s.fail(err)
	}
	p := put{store: s, tenant: n, account: t.Account, recs: recs, draft: s.packer.layOut(recs)}
	if s.groups != nil {
		p.groups = s.groups.Matching(t)
	}
	if err := p.applyLocked(durable); err != nil || p.batch == nil {
		return p.refused, err
	}
	if len(p.groups) > 0 {
		s.groups.Matched(t, p.matches)
	}
	err = s.settle(p.batch, durable)
	if p.fold && err == nil {
		err = s.foldSums()
	}
	return p.refused, err
}

// put is one call of Store.Put.
type put struct {
	store   *Store
	tenant  tenant
	account radiograph.AccountID
	recs    []*radiograph.Record
	draft   []pack              // of all recs, compressed before the locks were taken
	groups  []*radiograph.Group // that the traces are matched against

	changes []*change
	refused []radiograph.Refused
	matches radiograph.GroupMatches
	batch   *pebble.Batch // nil when nothing changes
	sums    differences
	fold    bool // enough sums are pending

	traces     *pebble.Iterator // over trace rows, as they were when the locks were taken; nil: not yet asked
	key, value []byte           // of the next row, empty; the batch copies what it gets
}

// change is what a put does to one trace.
type change struct {
	id       radiograph.TraceID
	old      *openTrace                    // nil: the trace is new
	read     bool                          // old came from disk
	next     *openTrace                    // nil: nothing changes
	accepted []*radiograph.Record          // those to be stored, with their sequences
	leftOut  map[*radiograph.Record]uint64 // those of them that are not merged, with their hashes
}

// applyLocked does what needs the traces' locks: read, merge, apply. It does not
// wait for the disk to sync.
func (p *put) applyLocked(durable bool) error {
	s := p.store
	groups := byTrace(p.recs)
	ids := make([]radiograph.TraceID, len(groups))
	for i, g := range groups {
		ids[i] = g[0].Trace
	}
	defer s.stripes.lock(p.tenant, ids)()

	// Under the locks, so that of two writes to a trace the later one has the
	// greater sequences.
	first, err := s.sequences.take(s.db, len(p.recs))
	if err != nil {
		return s.fail(err)
	}
	sequence := make(map[*radiograph.Record]uint64, len(p.recs))
	for i, r := range p.recs {
		sequence[r] = first + uint64(i)
	}
	defer func() {
		if p.traces != nil {
			_ = p.traces.Close() // its error was seen by known
		}
	}()
	for _, g := range groups {
		c, err := p.change(g, sequence)
		if err != nil {
			return err
		}
		if len(c.accepted) > 0 {
			p.changes = append(p.changes, c)
		}
	}
	if len(p.changes) == 0 {
		return nil
	}
	err = p.fill()
	s.sealer.writing(p.tenant, p.changes)
	if err == nil {
		err = s.apply(p.batch, durable)
	}
	if err != nil {
		s.sealer.failed(p.tenant, p.changes)
		err = errors.Join(err, p.batch.Close())
		p.batch = nil
		return err
	}
	s.sealer.written(p.tenant, p.changes, s.clock())
	if len(p.sums) > 0 {
		p.fold = s.pending.add(p.sumsKey(), p.sums)
	}
	for _, c := range p.changes {
		c.applied()
		if key := (traceKey{p.tenant, c.id}); c.old == nil {
			s.open.put(key, c.next)
		} else {
			s.open.replace(key, c.next, c.read)
		}
	}
	return nil
}

// byTrace groups records by trace, each group in the order given.
func byTrace(recs []*radiograph.Record) [][]*radiograph.Record {
	sorted := slices.Clone(recs)
	slices.SortStableFunc(sorted, func(a, b *radiograph.Record) int { return bytes.Compare(a.Trace[:], b.Trace[:]) })
	var groups [][]*radiograph.Record
	for len(sorted) > 0 {
		n := 1
		for n < len(sorted) && sorted[n].Trace == sorted[0].Trace {
			n++
		}
		groups = append(groups, sorted[:n:n])
		sorted = sorted[n:]
	}
	return groups
}

// change decides which records of one trace are taken and merges them.
func (p *put) change(recs []*radiograph.Record, sequence map[*radiograph.Record]uint64) (*change, error) {
	c := &change{id: recs[0].Trace}
	var err error
	if c.old, c.read, err = p.current(c.id); err != nil {
		return nil, err
	}
	now := c.old
	var fresh []*radiograph.Record // accepted and to be merged, not yet in now
	for i, r := range recs {
		r.First = i == 0 && c.old == nil
		if r.Door != radiograph.DoorLambda && slices.ContainsFunc(fresh, byLambda) {
			now, fresh = now.with(c.id, fresh, 0), nil // what Lambda wrote in this call guards too
		}
		if now != nil {
			p.refused = append(p.refused, trace.Guard(now.merged, r)...)
			if have := repeated(now.records, r); have != nil {
				r.Sequence = have.Sequence
				continue
			}
		}
		if have := repeated(fresh, r); have != nil {
			r.Sequence = have.Sequence
			continue
		}
		if p.late(c.old) && !byLambda(r) {
			p.refused = append(p.refused, radiograph.Refused{Record: r, ID: r.Root.ID, Late: true})
			continue
		}
		left := p.over(now, fresh, r) || len(c.leftOut) > 0 && !byLambda(r)
		var hash uint64
		if left {
			if hash = documentHash(r); c.hasLeftOut(hash) {
				continue
			}
		}
		r.Sequence = sequence[r]
		kept := *r // the caller's record is the caller's; its entities are immutable
		c.accepted = append(c.accepted, &kept)
		if left {
			if c.leftOut == nil {
				c.leftOut = map[*radiograph.Record]uint64{}
			}
			c.leftOut[&kept] = hash
			continue
		}
		fresh = append(fresh, &kept)
	}
	if len(c.accepted) == 0 {
		return c, nil
	}
	c.next = now.with(c.id, fresh, len(c.leftOut))
	if c.old == nil {
		c.next.at.Hour = hourOf(radiograph.TimestampOf(p.store.clock()))
	}
	c.next.at.IndexTime = c.next.summary.IndexTime
	p.match(c)
	return c, nil
}

// current is a trace as it is stored, or nil, and whether it was read from disk.
func (p *put) current(id radiograph.TraceID) (o *openTrace, read bool, err error) {
	s := p.store
	o, parked := s.open.get(traceKey{p.tenant, id})
	if o != nil {
		return o, false, nil
	}
	if parked != nil {
		o, err = parked.unpark(id)
	} else if known, e := p.known(id); known {
		snapshot := s.db.NewSnapshot() // packs may be packed again meanwhile
		o, err = s.load(snapshot, p.tenant, id, s.setAside)
		_ = snapshot.Close() // never fails on an open database
	} else {
		return nil, false, e
	}
	if err != nil || o == nil {
		return nil, false, err
	}
	o.observed = trace.Observe(o.merged)
	return o, parked == nil, nil
}

// known reports whether a trace has a row. Most do not: one iterator serves all of
// a write's traces, and asks the filters of the lowest level, which Get does not,
// before it reads a block.
func (p *put) known(id radiograph.TraceID) (bool, error) {
	if p.traces == nil {
		from := appendSpace(nil, traceSpace, p.tenant)
		it, err := p.store.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: after(from), UseL6Filters: true})
		if err != nil {
			return false, readError(describe(from), err)
		}
		p.traces = it
	}
	key := appendTraceKey(p.key, p.tenant, id)
	known := p.traces.SeekPrefixGE(key)
	p.key = key[:0]
	if err := p.traces.Error(); err != nil {
		return false, readError(describe(key), err)
	}
	return known, nil
}

// hasLeftOut reports whether a document was left out before.
func (c *change) hasLeftOut(hash uint64) bool {
	if c.old != nil {
		if _, ok := c.old.leftOut[hash]; ok {
			return true
		}
	}
	for _, h := range c.leftOut {
		if h == hash {
			return true
		}
	}
	return false
}

// applied tells that c is in the database.
func (c *change) applied() {
	if len(c.leftOut) > 0 && c.next.leftOut == nil {
		c.next.leftOut = make(map[uint64]struct{}, len(c.leftOut))
	}
	for _, h := range c.leftOut {
		c.next.leftOut[h] = struct{}{}
	}
}

func byLambda(r *radiograph.Record) bool { return r.Door == radiograph.DoorLambda }

// late reports whether a trace was first recorded too long ago to change.
func (p *put) late(old *openTrace) bool {
	window := p.store.options.UpdateWindow
	return window > 0 && old != nil && p.store.clock().Sub((old.at.Hour+1).start().Time()) > window
}

// over reports whether the trace is full, so that r is stored but not merged.
// Once one document was left out, so are all that follow: a gap in the middle
// would depend on sizes alone.
func (p *put) over(now *openTrace, fresh []*radiograph.Record, r *radiograph.Record) bool {
	if byLambda(r) {
		return false
	}
	if now == nil && len(fresh) == 0 {
		return false // a trace is never only what was left out of it
	}
	size := len(r.Root.Body)
	if now != nil {
		if len(now.leftOut) > 0 {
			return true
		}
		size += now.bytes
	}
	for _, f := range fresh {
		size += len(f.Root.Body)
	}
	return size > p.store.options.TraceLimit
}

// fill writes the batch.
func (p *put) fill() error {
	s := p.store
	p.batch = s.db.NewBatch()
	p.sums = differences{}
	for _, c := range p.changes {
		if err := errors.Join(p.writeTrace(c), p.writeLinks(c)); err != nil {
			return err
		}
		p.sum(p.sums, c)
	}
	return errors.Join(p.writeDocuments(), p.writeSums())
}

// writeSums writes the row of differences.
func (p *put) writeSums() error {
	if len(p.sums) == 0 {
		return nil
	}
	return p.set(append(p.key, p.sumsKey()...), appendDifferences(p.value, p.sums))
}

// sumsKey is named for the first record taken, which no other write has.
func (p *put) sumsKey() []byte { return appendDifferencesKey(nil, p.changes[0].accepted[0].Sequence) }

// writeTrace writes the trace row, when it changes, and the summary.
func (p *put) writeTrace(c *change) error {
	if c.old == nil || !c.old.at.equal(&c.next.at) {
		if err := p.set(appendTraceKey(p.key, p.tenant, c.id), appendHome(p.value, &c.next.at)); err != nil {
			return err
		}
	}
	if c.old != nil {
		if err := p.store.reopen(p.batch, p.tenant, c.id, &c.old.at); err != nil {
			return err
		}
	}
	if c.old != nil && c.old.at.IndexTime != c.next.at.IndexTime {
		key := appendSummaryKey(nil, p.tenant, c.old.at.IndexTime, c.id)
		if err := p.batch.Delete(key, nil); err != nil {
			return writeError(describe(key), err)
		}
	}
	return p.set(appendSummaryKey(p.key, p.tenant, c.next.at.IndexTime, c.id), appendSummary(p.value, c.next.summary))
}

// writeDocuments writes packs and index rows. A pack belongs to one stored hour,
// so that an hour can go with its rows and nobody has to count references.
func (p *put) writeDocuments() error {
	hours := map[hour][]*radiograph.Record{}
	leftOut := map[*radiograph.Record]uint64{}
	stored := 0
	for _, c := range p.changes {
		hours[c.next.at.Hour] = append(hours[c.next.at.Hour], c.accepted...)
		stored += len(c.accepted)
		maps.Copy(leftOut, c.leftOut)
	}
	for h, recs := range hours {
		slices.SortFunc(recs, func(a, b *radiograph.Record) int { return cmp.Compare(a.Sequence, b.Sequence) })
		packs := p.draft
		if len(hours) > 1 || stored != len(p.recs) {
			packs = p.store.packer.layOut(recs) // repeats, or late documents: rare
		}
		for _, pack := range packs {
			first := recs[0].Sequence
			if err := p.setPack(h, first, pack.packed); err != nil {
				return err
			}
			offset := 0
			for _, r := range recs[:pack.documents] {
				hash, left := leftOut[r]
				at := place{
					Sequence: r.Sequence, Door: r.Door, Stamp: r.Stamp, Received: r.Received, LeftOut: left, Hash: hash,
					Independent: r.Root.Subsegment, Pack: first, Offset: offset, Length: len(r.Root.Body),
				}
				if err := p.set(appendIndexKey(p.key, p.tenant, h, r.Trace, r.Sequence), appendPlace(p.value, h, &at)); err != nil {
					return err
				}
				offset += at.Length
			}
			recs = recs[pack.documents:]
		}
	}
	return nil
}

func (p *put) setPack(h hour, first uint64, packed []byte) error {
	key := appendPackKey(nil, p.tenant, h, first)
	if err := p.batch.Set(key, seal(key, packed), nil); err != nil {
		return writeError(describe(key), err)
	}
	return nil
}

// set writes a row whose key and value were appended to p.key and p.value.
func (p *put) set(key, value []byte) error {
	p.key, p.value = key[:0], value[:0] // the next row's; seal may still grow this one
	if err := p.batch.Set(key, seal(key, value), nil); err != nil {
		return writeError(describe(key), err)
	}
	return nil
}
