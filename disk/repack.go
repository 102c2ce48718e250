package disk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/trace"
)

// A request's documents are one pack, and a pack of one document compresses three
// times worse than one of fifty. So small packs are packed again when they have
// rested a while: those that lie side by side are taken apart, their documents
// sorted by trace, and packed with more effort. One batch writes the new packs and
// the places in the index rows, and deletes the old packs, so a crash leaves the
// one or the other; readers look at a snapshot, and need not wait.
//
// How far an hour has been gone through is kept in a row: version, the sequence up
// to which packs were looked at (8 bytes), checksum.
const repackedVersion = 1

const (
	// smallPack is how many bytes of documents a pack must have to be left alone.
	smallPack = 96 << 10
	// repackTarget is the size of a new pack. Reading a trace unpacks one.
	repackTarget = 128 << 10
	// repackStep bounds the documents taken apart at once, and so the memory.
	repackStep = 2 << 20
	// repackLook bounds the packs that one step looks at.
	repackLook = 4096
	// repackInterval is how often small packs are looked for; they have rested for
	// that long at least, so that most of their traces are complete.
	repackInterval = 10 * time.Second
	// repackPause is how many times longer than a step the pause after it is while
	// others write: a tenth of a core at most.
	repackPause = 9
	// compactAfter is how many bytes of deleted packs make it worth to compact.
	compactAfter = 16 << 20
)

// repacker runs in the background, from Open to Close.
type repacker struct {
	store *Store
	loop  loop

	// step is held while documents are moved, and has to be by whoever drops an
	// hour.
	step sync.Mutex
	// packer compresses with more effort than the one of the writers.
	packer *packer
}

func startRepacker(s *Store) (*repacker, error) {
	p, err := newPacker(repackEffort)
	if err != nil {
		return nil, err
	}
	r := &repacker{store: s, packer: p}
	rested := s.sequences.given()
	r.loop.start(repackInterval, func(ctx context.Context) error {
		if s.failed.Load() != nil {
			return nil
		}
		now := s.sequences.given()
		err := r.repack(ctx, rested)
		rested = now
		return err
	}, func(err error) { s.log.Warn("packing again failed and is tried again", "err", err) })
	return r, nil
}

// close ends the goroutine and waits for it.
func (r *repacker) close() {
	r.loop.close()
	r.packer.close()
}

// repack packs the small packs before a sequence again.
func (r *repacker) repack(ctx context.Context, before uint64) error {
	s := r.store
	current := hourOf(radiograph.TimestampOf(s.clock()))
	for at, err := range s.packHours(ctx) {
		if err != nil {
			return err
		}
		freed := 0
		for more := true; more; {
			if s.roomToWrite() != nil {
				return nil // packing again needs room before it gives some back
			}
			began, given := time.Now(), s.sequences.given()
			var n int
			n, more, err = r.once(ctx, at, before, at.hour < current)
			if err != nil {
				return err
			}
			if freed += n; more && given != s.sequences.given() {
				if err := pause(ctx, repackPause*time.Since(began)); err != nil {
					return err
				}
			}
		}
		if freed < compactAfter {
			continue
		}
		// What was deleted takes room until its tables are written anew.
		if err := s.db.Compact(ctx, appendPackKey(nil, at.tenant, at.hour, 0), appendPackKey(nil, at.tenant, at.hour, before), false); err != nil {
			return writeError("packs", err)
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// tenantHour names what belongs together on disk and goes together.
type tenantHour struct {
	tenant tenant
	hour   hour
}

// packHours yields the hours that have packs.
func (s *Store) packHours(ctx context.Context) func(yield func(tenantHour, error) bool) {
	return func(yield func(tenantHour, error) bool) {
		for from := []byte{packSpace}; ; {
			var at tenantHour
			found := false
			for row, err := range rows(ctx, s.db, from, after([]byte{packSpace})) {
				if err != nil {
					yield(at, err)
					return
				}
				f := fields{b: row.key[1:]}
				at, found = tenantHour{tenant(f.uint32()), hour(f.uint32())}, true
				break
			}
			if !found || !yield(at, nil) {
				return
			}
			from = after(appendPackKey(nil, at.tenant, at.hour, 0)[:len(appendPackKey(nil, 0, 0, 0))-8])
		}
	}
}

// smallOne is a pack that is to be packed again.
type smallOne struct {
	key       []byte
	first     uint64
	documents []byte
	parts     []trace.Part
	moved     int // parts with a row
}

// moving is one document on its way from a small pack.
type moving struct {
	trace radiograph.TraceID
	place place
	from  *smallOne
	body  []byte
}

// once packs some small packs of an hour again. It is false when there is nothing
// left to do. over tells that hardly anything will come to the hour any more. freed
// is the size of the packs that were deleted.
func (r *repacker) once(ctx context.Context, at tenantHour, before uint64, over bool) (freed int, more bool, err error) {
	r.step.Lock()
	defer r.step.Unlock()
	s := r.store
	snapshot := s.db.NewSnapshot()
	defer func() { _ = snapshot.Close() }() // never fails on an open database
	markKey := appendRepackedKey(nil, at)
	mark, err := get(snapshot, markKey, readRepacked)
	if err != nil {
		s.damaged(err) // then the hour is looked through again
		mark = nil
	}
	from := uint64(0)
	if mark != nil {
		from = *mark
	}
	small, looked, freed, err := r.look(ctx, snapshot, at, from, before)
	if err != nil || looked == from {
		return 0, false, err
	}
	bytes := 0
	for _, p := range small {
		bytes += len(p.documents)
	}
	full := bytes >= repackTarget
	if !full && !over && looked >= before {
		return 0, false, nil // there will be company
	}
	batch := s.db.NewBatch()
	defer func() { _ = batch.Close() }() // applied or of no use
	if len(small) < 2 {
		freed = 0
	} else if err := r.move(snapshot, batch, at, small); err != nil {
		return 0, false, err
	}
	if err := batch.Set(markKey, seal(markKey, appendRepacked(nil, looked)), nil); err != nil {
		return 0, false, writeError(describe(markKey), err)
	}
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	return freed, looked < before, s.apply(batch, false)
}

// look collects small packs of an hour, in [from, before). looked is where the
// next look begins.
func (r *repacker) look(ctx context.Context, db pebble.Reader, at tenantHour, from, before uint64) (small []*smallOne, looked uint64, freed int, err error) {
	n, size := 0, 0
	for row, err := range rows(ctx, db, appendPackKey(nil, at.tenant, at.hour, from), appendPackKey(nil, at.tenant, at.hour, before)) {
		if err != nil {
			return nil, 0, 0, err
		}
		first := binary.BigEndian.Uint64(row.key[len(row.key)-8:])
		if n++; n > repackLook || size >= repackStep {
			return small, first, freed, nil
		}
		if packedLength(row.value) >= smallPack {
			continue
		}
		documents, err := r.packer.unpack(row.key, row.value)
		if err != nil {
			r.store.damaged(err)
			continue
		}
		parts, ok := trace.Split(documents)
		if !ok {
			r.store.damaged(corrupt(row.key, "holds no documents"))
			continue
		}
		size += len(documents)
		freed += len(row.value)
		small = append(small, &smallOne{key: bytes.Clone(row.key), first: first, documents: documents, parts: parts})
	}
	if n == 0 {
		return nil, from, 0, nil
	}
	return small, before, freed, nil
}

// move writes the documents of small packs into new ones.
func (r *repacker) move(db pebble.Reader, batch *pebble.Batch, at tenantHour, small []*smallOne) error {
	documents, err := r.places(db, at, small)
	if err != nil {
		return err
	}
	for _, p := range small {
		if p.moved != len(p.parts) {
			r.store.damaged(corrupt(p.key, "has %d documents, and %d index rows", len(p.parts), p.moved))
			continue
		}
		if err := batch.Delete(p.key, nil); err != nil {
			return writeError(describe(p.key), err)
		}
	}
	documents = slices.DeleteFunc(documents, func(m moving) bool { return m.from.moved != len(m.from.parts) })
	slices.SortFunc(documents, func(a, b moving) int {
		return cmp.Or(bytes.Compare(a.trace[:], b.trace[:]), cmp.Compare(a.place.Sequence, b.place.Sequence))
	})
	for len(documents) > 0 {
		n := packUp(documents)
		if err := r.write(batch, at, documents[:n]); err != nil {
			return err
		}
		documents = documents[n:]
	}
	return nil
}

// packUp is how many documents go in the next pack: whole traces, when they fit.
func packUp(documents []moving) int {
	size, whole := 0, 0
	for i, m := range documents {
		if i > 0 && m.trace != documents[i-1].trace {
			whole = i
		}
		if size += len(m.body); size > repackTarget && i > 0 {
			return cmp.Or(whole, i)
		}
	}
	return len(documents)
}

// places finds the index rows of the documents in small packs.
func (r *repacker) places(db pebble.Reader, at tenantHour, small []*smallOne) ([]moving, error) {
	packs := make(map[uint64]*smallOne, len(small))
	var ids []radiograph.TraceID
	for _, p := range small {
		packs[p.first] = p
		for _, part := range p.parts {
			ids = append(ids, part.Trace)
		}
	}
	slices.SortFunc(ids, func(a, b radiograph.TraceID) int { return bytes.Compare(a[:], b[:]) })
	var out []moving
	for _, id := range slices.Compact(ids) {
		places, err := readPlaces(db, at.tenant, at.hour, id)
		if err != nil {
			r.store.damaged(err) // the packs of this trace stay as they are
			continue
		}
		for _, pl := range places {
			p := packs[pl.Pack]
			if p == nil || pl.Offset+pl.Length > len(p.documents) {
				continue
			}
			p.moved++
			out = append(out, moving{id, pl, p, p.documents[pl.Offset : pl.Offset+pl.Length]})
		}
	}
	return out, nil
}

// write makes one pack of documents.
func (r *repacker) write(batch *pebble.Batch, at tenantHour, documents []moving) error {
	first, raw := documents[0].place.Sequence, []byte(nil)
	for _, m := range documents {
		first = min(first, m.place.Sequence)
		raw = append(raw, m.body...)
	}
	key := appendPackKey(nil, at.tenant, at.hour, first)
	errs := batch.Set(key, seal(key, r.packer.pack(raw)), nil)
	offset := 0
	for _, m := range documents {
		m.place.Pack, m.place.Offset = first, offset
		offset += m.place.Length
		key := appendIndexKey(nil, at.tenant, at.hour, m.trace, m.place.Sequence)
		errs = errors.Join(errs, batch.Set(key, seal(key, appendPlace(nil, at.hour, &m.place)), nil))
	}
	if errs != nil {
		return writeError(describe(key), errs)
	}
	return nil
}

func appendRepackedKey(b []byte, at tenantHour) []byte {
	return binary.BigEndian.AppendUint32(appendSpace(b, repackedSpace, at.tenant), uint32(at.hour))
}

func appendRepacked(b []byte, sequence uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, repackedVersion), sequence)
}

func readRepacked(key, sealed []byte) (uint64, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return 0, err
	}
	f := fields{b: value}
	version, sequence := f.byte(), f.uint64()
	if version != repackedVersion || !f.ended() {
		return 0, corrupt(key, "does not decode")
	}
	return sequence, nil
}
