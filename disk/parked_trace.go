package disk

import (
	"radiograph"
)

// parkedTrace is an open trace as bytes: a quarter of the memory, and nothing for
// the garbage collector to follow. Most traces are never written again, and those
// that are, once or twice; decoding and merging them again costs less than
// keeping them merged. It is immutable.
type parkedTrace struct {
	at        home
	places    []place // of the documents below; Pack means nothing here
	documents []byte
	leftOut   map[uint64]struct{}
}

// park makes the bytes.
func (o *openTrace) park() *parkedTrace {
	p := &parkedTrace{
		at: o.at, leftOut: o.leftOut,
		places: make([]place, len(o.records)), documents: make([]byte, 0, o.bytes),
	}
	for i, r := range o.records {
		p.places[i] = place{
			Sequence: r.Sequence, Door: r.Door, Stamp: r.Stamp, Received: r.Received, Independent: r.Root.Subsegment,
			Offset: len(p.documents), Length: len(r.Root.Body),
		}
		p.documents = append(p.documents, r.Root.Body...)
	}
	return p
}

// unpark merges the trace again, without summary and contributions.
func (p *parkedTrace) unpark(id radiograph.TraceID) (*openTrace, error) {
	o := &openTrace{at: p.at, leftOut: p.leftOut, bytes: len(p.documents), records: make([]*radiograph.Record, len(p.places))}
	for i := range p.places {
		var err error
		if o.records[i], err = decodeRecord(p.documents, id, &p.places[i]); err != nil {
			return nil, err // it was decoded before
		}
	}
	o.merge(id, 0)
	return o, nil
}

// memory estimates the bytes that p keeps alive.
func (p *parkedTrace) memory() int64 {
	return parkedTraceMemory + int64(len(p.places))*placeMemory + int64(len(p.leftOut))*leftOutMemory + int64(cap(p.documents))
}
