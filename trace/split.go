package trace

import (
	"unsafe"

	"radiograph"
)

// Part is one of some documents that lie end to end.
type Part struct {
	Trace  radiograph.TraceID
	Length int // of the document, in bytes
}

// Split finds the parts of accepted documents that were laid end to end. It reads
// no more of them than that, and is false for anything else.
func Split(documents []byte) ([]Part, bool) {
	r := scanner{s: unsafe.String(unsafe.SliceData(documents), len(documents))}
	var parts []Part
	for r.i < len(r.s) {
		start := r.i
		var id radiograph.TraceID
		for ok := r.open('{'); ok; ok = r.more('{') {
			if r.key() != "trace_id" || r.peek() != '"' {
				r.skip()
				continue
			}
			var err error
			if id, err = radiograph.ParseTraceID(r.text()); err != nil {
				return nil, false
			}
		}
		if r.failed || id.IsZero() {
			return nil, false
		}
		parts = append(parts, Part{id, r.i - start})
	}
	return parts, true
}
