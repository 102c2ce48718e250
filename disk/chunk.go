package disk

import (
	"encoding/binary"

	"radiograph"
)

// A chunk is the summaries of some sealed traces of one tenant and
// stored hour, by member instead of by trace, in the order of Position by index
// time. It is immutable and lies in several rows: the header with the bounds that
// tell whether it can hold an answer, and one row for each column. Which of its
// traces were written to since stands in a row of its own, the voids.
const (
	chunkVersion = 2
	// chunkRows is how many are put in a chunk. It is a compromise: finding one trace
	// takes a chunk apart (0.4 ms), passing over chunks looks at each.
	chunkRows = 1024
	// maxChunkRows is how many are read.
	maxChunkRows = 4096
	// maxKeyColumns is how many annotation keys of a chunk, the most frequent, have
	// a column of their own; values of others stand in the annotations' shapes.
	maxKeyColumns = 64
)

// Columns of a chunk. keyColumn is that of the first annotation key.
const (
	indexTimeColumn = iota // how far before that of the trace before it; that of the first before the header's
	idTimeColumn           // the first 4 bytes of the id, less the index time's seconds
	idColumn               // the other 12 bytes; plain
	startColumn            // less index time
	durationColumn
	endColumn      // less start and duration
	responseColumn // duration less response time
	flagColumn     // one byte a trace
	revisionColumn
	lengthColumn // HTTP content length
	statusColumn // from here on dictionaries
	methodColumn
	urlColumn
	userAgentColumn
	clientIPColumn
	entryPointColumn
	userColumn
	serviceColumn
	resourceColumn
	instanceColumn
	zoneColumn
	faultCauseColumn
	errorCauseColumn
	slowCauseColumn  // with the coverages left out
	coverageColumn   // their coverages, one after the other
	annotationColumn // the shape: keys and services; values are in the keys' columns
	lookupColumn     // the keys that have columns, and the values there are
	keyColumn        = 64
)

// chunkRef names a chunk.
type chunkRef struct {
	tenant tenant
	hour   hour
	number uint64 // of the sequence; never used again
}

func (c chunkRef) append(b []byte, space byte) []byte {
	b = binary.BigEndian.AppendUint32(appendSpace(b, space, c.tenant), uint32(c.hour))
	return binary.BigEndian.AppendUint64(b, c.number)
}

func (c chunkRef) appendColumn(b []byte, column int) []byte {
	return append(c.append(b, columnSpace), byte(column))
}

func parseChunkKey(key []byte, space byte) (chunkRef, error) {
	f := fields{b: key}
	got := f.byte()
	c := chunkRef{tenant(f.uint32()), hour(f.uint32()), f.uint64()}
	if got != space || !f.ended() {
		return chunkRef{}, corrupt(key, "is no chunk key")
	}
	return c, nil
}

// bounds are the least and the greatest value of a column.
type bounds struct{ Min, Max int64 }

func (b *bounds) widen(v int64, first bool) {
	if first {
		*b = bounds{v, v}
	}
	b.Min, b.Max = min(b.Min, v), max(b.Max, v)
}

// chunkHeader tells what a chunk holds at least and at most, those of its traces
// too that were written to since.
type chunkHeader struct {
	Rows                                  int
	Some, All                             byte // flags that one trace has, that all have
	Index, Start, End, Response, Duration bounds
}

func (h *chunkHeader) bounds() [5]*bounds {
	return [...]*bounds{&h.Index, &h.Start, &h.End, &h.Response, &h.Duration}
}

// latest is a time that no trace of the chunk stands before in a listing.
func (h *chunkHeader) latest(by radiograph.TimeRangeType) radiograph.Timestamp {
	return radiograph.Timestamp(h.times(by).Max)
}

// times are the bounds of what a listing sorts by.
func (h *chunkHeader) times(by radiograph.TimeRangeType) bounds {
	switch by {
	case radiograph.ByEvent:
		return h.Start
	case radiograph.ByService:
		return h.End
	}
	return h.Index
}

// overlaps reports whether a trace may lie in the query's range, within whether
// all do, as Summary.MayMatch says.
func (h *chunkHeader) overlaps(q radiograph.SummaryQuery) (some, within bool) {
	from, to := int64(q.From), int64(q.To)
	if q.RangeType == radiograph.ByTraceID {
		return h.Index.Min < to && h.Index.Max >= from, h.Index.Max < to && h.Index.Min >= from
	}
	return h.Start.Min < to && h.End.Max >= from, h.Start.Max < to && h.End.Min >= from
}

func appendChunkHeader(b []byte, h *chunkHeader) []byte {
	b = binary.AppendUvarint(append(b, chunkVersion), uint64(h.Rows))
	b = append(b, h.Some, h.All)
	for _, s := range h.bounds() {
		b = binary.AppendVarint(b, s.Min)
		b = binary.AppendUvarint(b, uint64(s.Max-s.Min))
	}
	return b
}

func readChunkHeader(key, sealed []byte) (*chunkHeader, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	f := fields{b: value}
	if version := f.byte(); version != chunkVersion {
		return nil, corrupt(key, "has the unknown version %d", version)
	}
	h := &chunkHeader{}
	rows := f.uvarint()
	h.Rows, h.Some, h.All = int(rows), f.byte(), f.byte()
	for _, s := range h.bounds() {
		s.Min = f.varint()
		if s.Max = s.Min + int64(f.uvarint()); s.Max < s.Min {
			f.fail()
		}
	}
	if !f.ended() || rows == 0 || rows > maxChunkRows {
		return nil, corrupt(key, "does not decode")
	}
	return h, nil
}
