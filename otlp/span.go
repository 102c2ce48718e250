// Package otlp takes OpenTelemetry's spans. Export requests enter, by OTLP over
// HTTP, OTLP over gRPC, or as the frames that ADOT sends to an X-Ray daemon; they
// leave as segment documents, mapped by X-Ray's public conventions for
// OpenTelemetry.
//
// It stores nothing and merges nothing, and looks at no other signal than
// traces. A bad span is told in the answer's partial success and never fails its
// neighbours.
package otlp

import (
	"errors"
	"fmt"

	"radiograph"
)

// Bounds of one export request.
const (
	// maxBody bounds a request's body before and after decompression; it is the
	// OpenTelemetry collector's (confighttp, max_request_body_size).
	maxBody = 20 << 20
	// maxElements bounds spans, attributes, events and so on together: a small
	// body can hold very many empty ones.
	maxElements = 1_000_000
	// maxDepth bounds lists and maps within an attribute's value.
	maxDepth = 32
)

var (
	errTooMany = fmt.Errorf("the request has more than %d elements", maxElements)
	errTooDeep = fmt.Errorf("an attribute is nested more than %d deep", maxDepth)
)

// spanKind is opentelemetry.proto.trace.v1.Span.SpanKind.
type spanKind int32

const (
	kindServer   spanKind = 2
	kindClient   spanKind = 3
	kindProducer spanKind = 4
	kindConsumer spanKind = 5
)

// statusError is STATUS_CODE_ERROR.
const statusError = 2

// Bits of a span's flags (opentelemetry.proto.trace.v1.SpanFlags).
const (
	flagKnowsRemote = 1 << 8 // the next bit means something
	flagIsRemote    = 1 << 9 // the parent is in another process
)

// resourceSpans are the spans of one resource, whatever their scope.
type resourceSpans struct {
	resource attributes
	spans    []span
}

// span is what the mapping reads of a span. Its ids are as they came, of any
// length; its strings may share memory with the request.
type span struct {
	traceID, spanID, parentID []byte
	name                      string
	kind                      spanKind
	flags                     uint32
	start, end                uint64 // nanoseconds since the epoch; 0: not stated
	attributes                attributes
	events                    []event
	links                     []link
	status                    int32
	message                   string // of the status
}

type event struct {
	name       string
	time       uint64
	attributes attributes
}

type link struct {
	traceID, spanID []byte
	attributes      attributes
}

// identity is what a document cannot do without.
type identity struct {
	trace      radiograph.TraceID
	id, parent radiograph.SegmentID
	start, end radiograph.Timestamp // end 0: in progress
}

// maxTime is the last instant a Timestamp holds.
const maxTime = 1<<63 - 1

// identity checks a span's ids and times.
func (s *span) identity() (x identity, err error) {
	switch {
	case len(s.traceID) != len(x.trace) || allZero(s.traceID):
		return x, errors.New("the trace id is not 16 bytes, or all zero")
	case len(s.spanID) != len(x.id) || allZero(s.spanID):
		return x, errors.New("the span id is not 8 bytes, or all zero")
	case len(s.parentID) != len(x.parent) && !allZero(s.parentID):
		return x, errors.New("the parent span id is not 8 bytes")
	case s.start == 0:
		return x, errors.New("the start time is missing")
	case s.start > maxTime || s.end > maxTime:
		return x, errors.New("a time is after the year 2262")
	}
	x.trace, x.id = radiograph.TraceID(s.traceID), radiograph.SegmentID(s.spanID)
	if len(s.parentID) == len(x.parent) {
		x.parent = radiograph.SegmentID(s.parentID)
	}
	x.start, x.end = radiograph.Timestamp(s.start), radiograph.Timestamp(s.end)
	return x, nil
}

func allZero(id []byte) bool {
	for _, b := range id {
		if b != 0 {
			return false
		}
	}
	return true
}
