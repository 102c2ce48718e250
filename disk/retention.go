package disk

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"radiograph"
)

// Retention drops whole stored hours of a tenant: those that are older than
// Options.Retention, and the oldest of all while the store takes more than
// Options.MaxBytes. An hour goes in steps, each of them whole or absent after a
// crash, and each leaving every trace found whole or not at all:
//
//  1. its chunks, in one batch: no search lists its sealed traces;
//  2. so many traces at a time, under their locks: trace rows and summary rows.
//     From then on they are unknown, and a late document begins a new trace;
//  3. the index rows and packs, which nothing points to any more.
//
// An hour that still has index rows was not dropped to its end, and is again.
const (
	retainEvery = time.Minute
	// dropTraces is how many traces one batch of step 2 takes.
	dropTraces = 512
)

// startRetention starts the one goroutine that drops what is too old or too much.
func (s *Store) startRetention() {
	s.retention.start(retainEvery, s.retain, func(err error) {
		s.log.Error("old traces could not be dropped; it is tried again", "err", err)
	})
}

// firstHour is the first hour that is kept.
func (s *Store) firstHour() hour {
	if s.options.Retention <= 0 {
		return 0
	}
	return hourOf(radiograph.TimestampOf(s.clock().Add(-s.options.Retention)))
}

// retain is one pass.
func (s *Store) retain(ctx context.Context) error {
	if err := s.enter(); err != nil {
		return nil // the store ends
	}
	defer s.leave()
	first := s.firstHour()
	for _, t := range s.tenants.all() {
		for {
			h, ok, err := s.oldestHour(t)
			if err != nil {
				return err
			}
			if !ok || h >= first {
				break
			}
			if err := s.dropHour(ctx, t, h); err != nil {
				return err
			}
		}
		if err := s.dropSums(ctx, t, first); err != nil {
			return err
		}
	}
	return s.shrink(ctx)
}

// shrink drops one hour, the oldest of all, when the store is too large. Space
// comes back as Pebble compacts, so that it may take some passes until it is known
// whether that was enough. The hour that goes on is never dropped.
func (s *Store) shrink(ctx context.Context) error {
	if s.options.MaxBytes <= 0 || s.db.Metrics().DiskSpaceUsage() <= uint64(s.options.MaxBytes) {
		return nil
	}
	var from tenant
	oldest := hourOf(radiograph.TimestampOf(s.clock()))
	for _, t := range s.tenants.all() {
		if h, ok, err := s.oldestHour(t); err != nil {
			return err
		} else if ok && h < oldest {
			from, oldest = t, h
		}
	}
	if from == 0 {
		return nil
	}
	if err := s.dropHour(ctx, from, oldest); err != nil {
		return err
	}
	// Then the files below can go.
	if _, err := s.db.AsyncFlush(); err != nil {
		return s.fail(err)
	}
	return nil
}

// oldestHour finds the first hour that a tenant has documents of.
func (s *Store) oldestHour(t tenant) (h hour, ok bool, err error) {
	space := appendSpace(nil, indexSpace, t)
	for row, err := range rows(context.Background(), s.db, space, after(space)) {
		if err != nil {
			return 0, false, err
		}
		_, h, _, _, err := parseIndexKey(row.key)
		return h, err == nil, err
	}
	return 0, false, nil
}

// dropHour drops one hour of a tenant. Meanwhile no trace is sealed, no chunk
// rewritten and nothing packed again.
func (s *Store) dropHour(ctx context.Context, t tenant, h hour) error {
	s.sealer.pass.Lock()
	defer s.sealer.pass.Unlock()
	s.repacker.step.Lock()
	defer s.repacker.step.Unlock()
	if err := s.dropRanges(t, h, chunkSpace, columnSpace, voidSpace); err != nil {
		return err
	}
	traces := 0
	within := binary.BigEndian.AppendUint32(appendSpace(nil, indexSpace, t), uint32(h))
	var ids []radiograph.TraceID
	for row, err := range rows(ctx, s.db, within, after(within)) {
		if err != nil {
			return err
		}
		_, _, id, _, err := parseIndexKey(row.key)
		if err != nil {
			return err
		}
		if n := len(ids); n > 0 && ids[n-1] == id {
			continue
		}
		if len(ids) == dropTraces {
			if err := s.dropTraces(t, h, ids); err != nil {
				return err
			}
			ids = ids[:0]
		}
		ids = append(ids, id)
		traces++
	}
	if err := s.dropTraces(t, h, ids); err != nil {
		return err
	}
	if err := s.dropRanges(t, h, indexSpace, packSpace, repackedSpace); err != nil {
		return err
	}
	s.dropped.hours.Add(1)
	s.dropped.traces.Add(int64(traces))
	s.log.Info("traces were dropped", "traces", traces, "stored", h.start().Time())
	return nil
}

// dropTraces deletes the trace rows and the summary rows of traces that are filed
// under an hour.
func (s *Store) dropTraces(t tenant, h hour, ids []radiograph.TraceID) error {
	b := s.db.NewBatch()
	err := func() error {
		defer s.stripes.lock(t, ids)()
		var gone []traceKey
		for _, id := range ids {
			key := appendTraceKey(nil, t, id)
			at, err := get(s.db, key, readHome)
			if err != nil {
				s.damaged(err) // it is in no answer, and goes
			}
			if err == nil && (at == nil || at.Hour != h) {
				continue // it was begun again, or is gone
			}
			if err := b.Delete(key, nil); err != nil {
				return writeError(describe(key), err)
			}
			if at != nil {
				key := appendSummaryKey(nil, t, at.IndexTime, id)
				if err := b.Delete(key, nil); err != nil {
					return writeError(describe(key), err)
				}
			}
			gone = append(gone, traceKey{t, id})
		}
		if err := s.apply(b, false); err != nil {
			return err
		}
		for _, k := range gone {
			s.open.remove(k)
			s.sealer.drop(k)
		}
		return nil
	}()
	if err != nil {
		_ = b.Close()
		return err
	}
	return s.settle(b, false)
}

// dropRanges deletes all rows of some keyspaces that belong to an hour.
func (s *Store) dropRanges(t tenant, h hour, spaces ...byte) error {
	b := s.db.NewBatch()
	for _, space := range spaces {
		from := binary.BigEndian.AppendUint32(appendSpace(nil, space, t), uint32(h))
		if err := b.DeleteRange(from, after(from), nil); err != nil {
			return writeError("an hour's rows", err)
		}
	}
	if err := s.apply(b, false); err != nil {
		return err
	}
	return s.settle(b, false)
}

// dropSums deletes the sums and link rows of the hours before first, which Contributions does
// not answer any more.
func (s *Store) dropSums(ctx context.Context, t tenant, first hour) error {
	b := s.db.NewBatch()
	fill := func() error {
		none := radiograph.TraceID{}
		links, end := appendLinkKey(nil, t, 0, none), appendLinkKey(nil, t, first, none)
		for _, err := range rows(ctx, s.db, links, end) { // else nothing is there to be deleted again and again
			if err != nil {
				return err
			}
			if err := b.DeleteRange(links, end, nil); err != nil {
				return writeError("old links", err)
			}
			break
		}
		for _, space := range [...]byte{hourSpace, minutesSpace} {
			all := appendSpace(nil, space, t)
			for from := all; from != nil; {
				var old []byte // the first row of a group
				for row, err := range rows(ctx, s.db, from, after(all)) {
					if err != nil {
						return err
					}
					old = slices.Clone(row.key)
					break
				}
				if old == nil {
					break
				}
				_, in, _, _, err := parseRollupKey(old)
				if err != nil {
					return err
				}
				end := appendRollupKey(nil, space, t, radiograph.Membership{Group: in.Group}, int64(first))
				if bytes.Compare(old, end) < 0 { // else nothing is there to be deleted again and again
					if err := b.DeleteRange(old, end, nil); err != nil {
						return writeError("old sums", err)
					}
				}
				from = after(old[:len(all)+8])
			}
		}
		return s.apply(b, false)
	}
	if err := fill(); err != nil {
		_ = b.Close()
		return err
	}
	return s.settle(b, false)
}
