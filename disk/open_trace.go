package disk

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/trace"
)

// traceKey names a trace within the store.
type traceKey struct {
	tenant tenant
	id     radiograph.TraceID
}

// openTrace is one trace as it is stored, merged. It is immutable: a write makes
// a new one.
type openTrace struct {
	at      home
	records []*radiograph.Record // all that are merged, by sequence
	bytes   int                  // of their documents
	// leftOut are the hashes of the documents that came when the trace was over
	// its limit. It is shared with later versions of the trace: for writers, who
	// have the trace's lock.
	leftOut map[uint64]struct{}

	merged   *radiograph.Trace
	summary  *radiograph.Summary
	observed []trace.Observation // what it adds to the sums
}

// with is the trace with more records, and with as many more left out.
func (o *openTrace) with(id radiograph.TraceID, records []*radiograph.Record, leftOut int) *openTrace {
	next := &openTrace{}
	if o != nil {
		*next = *o
	}
	if o != nil && len(records) == 0 {
		// A trace that is full does not cost a merge for each document more.
		if o.summary == nil {
			o.summary = trace.Summarize(o.merged)
		}
		merged, summary := *o.merged, *o.summary
		merged.Revision += leftOut
		merged.LimitExceeded = merged.LimitExceeded || leftOut > 0
		summary.Revision = merged.Revision
		next.merged, next.summary = &merged, &summary
		return next
	}
	// Readers of o see its own length only, and writers have the trace's lock.
	next.records = append(next.records, records...)
	for _, r := range records {
		next.bytes += len(r.Root.Body)
	}
	next.merge(id, leftOut)
	next.summary = trace.Summarize(next.merged)
	next.observed = trace.Observe(next.merged)
	return next
}

// merge fills in merged. leftOut more documents are left out than o knows yet.
func (o *openTrace) merge(id radiograph.TraceID, leftOut int) {
	o.merged = trace.Merge(id, o.records)
	if n := len(o.leftOut) + leftOut; n > 0 {
		o.merged.LimitExceeded = true
		o.merged.Revision += n
	}
}

// repeated finds the record that r repeats, or nil.
func repeated(records []*radiograph.Record, r *radiograph.Record) *radiograph.Record {
	for _, have := range records {
		if have.Root.ID == r.Root.ID && have.Door == r.Door && bytes.Equal(have.Root.Body, r.Root.Body) {
			return have
		}
	}
	return nil
}

// load reads what is stored of a trace and merges it, without summary and
// contributions; nil when there is nothing. What is damaged is told to aside, whose
// error, if any, ends it.
// db is a snapshot, since the pieces are read one after the other.
func (s *Store) load(db pebble.Reader, t tenant, id radiograph.TraceID, aside func(error) error) (*openTrace, error) {
	key := appendTraceKey(nil, t, id)
	at, err := get(db, key, readHome)
	if err != nil {
		return nil, aside(err)
	}
	if at == nil {
		return nil, nil
	}
	o := &openTrace{at: *at}
	var merged []place
	for p, err := range places(db, t, at.Hour, id) {
		switch {
		case err != nil:
			if err := aside(err); err != nil {
				return nil, err
			}
		case !p.LeftOut:
			merged = append(merged, p)
		default:
			if o.leftOut == nil {
				o.leftOut = map[uint64]struct{}{}
			}
			o.leftOut[p.Hash] = struct{}{}
		}
	}
	for r, err := range s.records(db, t, at.Hour, id, merged) {
		if err != nil {
			if err := aside(err); err != nil {
				return nil, err
			}
			continue
		}
		o.records = append(o.records, r)
		o.bytes += len(r.Root.Body)
	}
	if len(o.records) == 0 {
		o.merged = &radiograph.Trace{ID: id}
		return o, aside(corrupt(key, "has no documents"))
	}
	o.merge(id, 0)
	return o, nil
}

// strict is for readers: damage ends their call, since an answer would be wrong.
func strict(err error) error { return err }

// setAside is for writers: damage is told, and the rest of the trace goes on.
func (s *Store) setAside(err error) error {
	if !errors.Is(err, errDamaged) && !pebble.IsCorruptionError(errors.Unwrap(err)) {
		return err
	}
	s.damaged(err)
	return nil
}

// records reads the documents at some places of a trace, with an error in place of
// each that cannot be read.
func (s *Store) records(db pebble.Reader, t tenant, h hour, id radiograph.TraceID, places []place) iter.Seq2[*radiograph.Record, error] {
	return func(yield func(*radiograph.Record, error) bool) {
		var documents []byte // of the last pack: neighbours mostly share it
		var unpacked uint64
		for i := range places {
			p := &places[i]
			if documents == nil || unpacked != p.Pack {
				key := appendPackKey(nil, t, h, p.Pack)
				pack, err := get(db, key, func(key, value []byte) ([]byte, error) { return s.packer.unpack(key, value) })
				if err == nil && pack == nil {
					err = corrupt(key, "is missing")
				}
				if err != nil {
					if documents = nil; !yield(nil, err) {
						return
					}
					continue
				}
				documents, unpacked = *pack, p.Pack
			}
			r, err := decodeRecord(documents, id, p)
			if err != nil {
				r, err = nil, corrupt(appendIndexKey(nil, t, h, id, p.Sequence), "%w", err)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// places reads a trace's index rows, by sequence, with an error in place of each
// that cannot be read.
func places(db pebble.Reader, t tenant, h hour, id radiograph.TraceID) iter.Seq2[place, error] {
	return func(yield func(place, error) bool) {
		prefix := appendIndexPrefix(nil, t, h, id)
		for row, err := range rows(context.Background(), db, prefix, after(prefix)) {
			var p place
			if err == nil {
				p, err = readPlace(row.key, row.value)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// readPlaces is places in a list; it ends at the first error.
func readPlaces(db pebble.Reader, t tenant, h hour, id radiograph.TraceID) ([]place, error) {
	var list []place
	for p, err := range places(db, t, h, id) {
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// decodeRecord makes the record of a document in an unpacked pack.
func decodeRecord(documents []byte, id radiograph.TraceID, p *place) (*radiograph.Record, error) {
	if p.Offset > len(documents) || p.Length > len(documents)-p.Offset {
		return nil, errors.New("points outside its pack")
	}
	// A copy, since entities share memory with their document and would keep the
	// whole pack alive.
	body := slices.Clone(documents[p.Offset : p.Offset+p.Length])
	decoded, err := trace.Decode(body)
	if p.Independent && (err != nil || len(decoded) == 1 && !decoded[0].Root.Subsegment) {
		// It came in an array, where it need not say that it is a subsegment.
		decoded, err = trace.Decode(slices.Concat([]byte{'['}, body, []byte{']'}))
	}
	switch {
	case err != nil:
		return nil, err
	case len(decoded) != 1 || decoded[0].Trace != id:
		return nil, errors.New("points at another trace's document")
	}
	return &radiograph.Record{Trace: id, Sequence: p.Sequence, Door: p.Door, Stamp: p.Stamp, Received: p.Received, Root: decoded[0].Root}, nil
}

// get reads one row; nil when it is not there.
func get[T any](db pebble.Reader, key []byte, read func(key, value []byte) (T, error)) (*T, error) {
	sealed, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, readError(describe(key), err)
	}
	v, err := read(key, sealed)
	if err := errors.Join(err, closer.Close()); err != nil {
		return nil, err
	}
	return &v, nil
}

// Estimates of what the pieces of an open trace take in memory; BenchmarkOpenTrace
// measures them.
const (
	openTraceMemory = 2000
	recordMemory    = 250
	nodeMemory      = 1400
	leftOutMemory   = 32

	membershipMemory  = 16
	parkedTraceMemory = 400
	placeMemory       = 96
)

// memory estimates the bytes that o keeps alive.
func (o *openTrace) memory() int64 {
	return openTraceMemory + int64(len(o.records))*recordMemory + int64(len(o.merged.Nodes))*nodeMemory +
		int64(len(o.leftOut))*leftOutMemory + int64(len(o.at.Groups))*membershipMemory + int64(o.bytes)
}

// stripes are the locks of traces: many share one.
type stripes [256]sync.Mutex

// lock takes the locks of some traces, always in the same order, and returns
// what gives them free.
func (st *stripes) lock(t tenant, ids []radiograph.TraceID) (unlock func()) {
	which := make([]int, len(ids))
	for i, id := range ids {
		which[i] = stripe(t, id)
	}
	slices.Sort(which)
	which = slices.Compact(which)
	for _, i := range which {
		st[i].Lock()
	}
	return func() {
		for _, i := range which {
			st[i].Unlock()
		}
	}
}

// lockAll takes the locks of all traces.
func (st *stripes) lockAll() (unlock func()) {
	for i := range st {
		st[i].Lock()
	}
	return func() {
		for i := range st {
			st[i].Unlock()
		}
	}
}

func stripe(t tenant, id radiograph.TraceID) int {
	n := uint32(t)
	for i := 0; i < len(id); i += 4 {
		n = n*0x9e3779b1 ^ (uint32(id[i]) | uint32(id[i+1])<<8 | uint32(id[i+2])<<16 | uint32(id[i+3])<<24)
	}
	return int(n * 0x9e3779b1 >> 24)
}
