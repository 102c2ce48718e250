// Package trace holds the pure functions of traces: decode a segment document,
// merge documents into a trace, summarize it, draw its part of the service graph
// and lay it out as rows.
//
// Segment documents enter as bytes, everything leaves as the root package's
// words. Nothing here reads a clock, keeps state, does I/O or logs; each
// function's answer depends on its arguments alone, so stores and package query
// share them and nobody copies them.
package trace

import "radiograph"

// Decoded is one decoded document: a segment, or an independent subsegment, with
// what is nested in it.
type Decoded struct {
	Trace radiograph.TraceID
	Root  *radiograph.Entity
}
