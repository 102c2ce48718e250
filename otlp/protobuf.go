package otlp

import (
	"errors"
	"strings"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

var errProtobuf = errors.New("the body is not an ExportTraceServiceRequest in protobuf")

// field is one field of a message: number holds a scalar, bytes the rest.
type field struct {
	id     protowire.Number
	wire   protowire.Type
	number uint64
	bytes  []byte
}

// is reports whether the field has an id and wire type. One with another wire
// type counts as unknown, as in every protobuf reader.
func (f field) is(id protowire.Number, wire protowire.Type) bool {
	return f.id == id && f.wire == wire
}

// text shares the body's memory.
func (f field) text() string {
	if !utf8.Valid(f.bytes) {
		return strings.ToValidUTF8(string(f.bytes), "\uFFFD")
	}
	return unsafe.String(unsafe.SliceData(f.bytes), len(f.bytes))
}

// wireReader reads one message and bounds what it may hold.
type wireReader struct{ elements int }

// decodeProtobuf reads an ExportTraceServiceRequest. What it returns shares
// body's memory, which nobody may change from here on.
func decodeProtobuf(body []byte) ([]resourceSpans, error) {
	var r wireReader
	var out []resourceSpans
	err := r.message(body, func(f field) error {
		if !f.is(1, protowire.BytesType) {
			return nil
		}
		out = append(out, resourceSpans{})
		return r.resourceSpans(f.bytes, &out[len(out)-1])
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// message hands each field of a message to take.
func (r *wireReader) message(b []byte, take func(field) error) error {
	if r.elements++; r.elements > maxElements {
		return errTooMany
	}
	var f field
	for len(b) > 0 {
		id, wire, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errProtobuf
		}
		b = b[n:]
		f = field{id: id, wire: wire}
		switch wire {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.number = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default: // groups, which no message of OTLP has
			n = protowire.ConsumeFieldValue(id, wire, b)
		}
		if n < 0 {
			return errProtobuf
		}
		b = b[n:]
		if err := take(f); err != nil {
			return err
		}
	}
	return nil
}

func (r *wireReader) resourceSpans(b []byte, into *resourceSpans) error {
	return r.message(b, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType): // resource
			return r.message(f.bytes, func(f field) error { return r.attribute(f, 1, &into.resource, 0) })
		case f.is(2, protowire.BytesType): // scope spans
			return r.message(f.bytes, func(f field) error {
				if !f.is(2, protowire.BytesType) {
					return nil
				}
				into.spans = append(into.spans, span{})
				return r.span(f.bytes, &into.spans[len(into.spans)-1])
			})
		}
		return nil
	})
}

func (r *wireReader) span(b []byte, s *span) error {
	return r.message(b, func(f field) error {
		switch f.wire {
		case protowire.BytesType:
			switch f.id {
			case 1:
				s.traceID = f.bytes
			case 2:
				s.spanID = f.bytes
			case 4:
				s.parentID = f.bytes
			case 5:
				s.name = f.text()
			case 9:
				return r.attribute(f, 9, &s.attributes, 0)
			case 11:
				s.events = append(s.events, event{})
				return r.event(f.bytes, &s.events[len(s.events)-1])
			case 13:
				s.links = append(s.links, link{})
				return r.link(f.bytes, &s.links[len(s.links)-1])
			case 15:
				return r.status(f.bytes, s)
			}
		case protowire.Fixed64Type:
			switch f.id {
			case 7:
				s.start = f.number
			case 8:
				s.end = f.number
			}
		case protowire.Fixed32Type:
			if f.id == 16 {
				s.flags = uint32(f.number)
			}
		case protowire.VarintType:
			if f.id == 6 {
				s.kind = spanKind(f.number)
			}
		}
		return nil
	})
}

func (r *wireReader) status(b []byte, s *span) error {
	return r.message(b, func(f field) error {
		switch {
		case f.is(2, protowire.BytesType):
			s.message = f.text()
		case f.is(3, protowire.VarintType):
			s.status = int32(f.number)
		}
		return nil
	})
}

func (r *wireReader) event(b []byte, e *event) error {
	return r.message(b, func(f field) error {
		switch {
		case f.is(1, protowire.Fixed64Type):
			e.time = f.number
		case f.is(2, protowire.BytesType):
			e.name = f.text()
		}
		return r.attribute(f, 3, &e.attributes, 0)
	})
}

func (r *wireReader) link(b []byte, l *link) error {
	return r.message(b, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			l.traceID = f.bytes
		case f.is(2, protowire.BytesType):
			l.spanID = f.bytes
		}
		return r.attribute(f, 4, &l.attributes, 0)
	})
}

// attribute adds f to list when it is the KeyValue field of that id.
func (r *wireReader) attribute(f field, id protowire.Number, list *attributes, depth int) error {
	if !f.is(id, protowire.BytesType) {
		return nil
	}
	*list = append(*list, attribute{})
	a := &(*list)[len(*list)-1]
	return r.message(f.bytes, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			a.key = f.text()
		case f.is(2, protowire.BytesType):
			return r.value(f.bytes, &a.value, depth)
		}
		return nil
	})
}

// value reads an AnyValue; of several contents the last counts.
func (r *wireReader) value(b []byte, v *value, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	return r.message(b, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			*v = value{kind: stringValue, text: f.text()}
		case f.is(2, protowire.VarintType):
			*v = value{kind: boolValue, number: min(f.number, 1)}
		case f.is(3, protowire.VarintType):
			*v = value{kind: intValue, number: f.number}
		case f.is(4, protowire.Fixed64Type):
			*v = value{kind: doubleValue, number: f.number}
		case f.is(5, protowire.BytesType):
			*v = value{kind: listValue, nested: &nested{}}
			return r.message(f.bytes, func(f field) error {
				if !f.is(1, protowire.BytesType) {
					return nil
				}
				v.list = append(v.list, value{})
				return r.value(f.bytes, &v.list[len(v.list)-1], depth+1)
			})
		case f.is(6, protowire.BytesType):
			*v = value{kind: mapValue, nested: &nested{}}
			return r.message(f.bytes, func(f field) error { return r.attribute(f, 1, &v.pairs, depth+1) })
		case f.is(7, protowire.BytesType):
			*v = value{kind: bytesValue, text: string(f.bytes)}
		}
		return nil
	})
}

// appendResponse appends an ExportTraceServiceResponse.
func appendResponse(b []byte, rejected int, message string) []byte {
	if rejected == 0 && message == "" {
		return b
	}
	var partial []byte
	if rejected > 0 {
		partial = protowire.AppendTag(partial, 1, protowire.VarintType)
		partial = protowire.AppendVarint(partial, uint64(rejected))
	}
	partial = appendText(partial, 2, message)
	return appendText(b, 1, string(partial))
}

// appendStatus appends a google.rpc.Status; with retry, its details hold a
// RetryInfo, which tells exporters to come again.
func appendStatus(b []byte, code statusCode, message string, retry bool) []byte {
	b = protowire.AppendTag(b, 1, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(code))
	b = appendText(b, 2, message)
	if retry {
		delay := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(retrySeconds))
		info := appendText(nil, 1, string(delay))
		detail := appendText(nil, 1, "type.googleapis.com/google.rpc.RetryInfo")
		b = appendText(b, 3, string(appendText(detail, 2, string(info))))
	}
	return b
}

func appendText(b []byte, id protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, id, protowire.BytesType), s)
}
