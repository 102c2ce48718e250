package otlp

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protowire"

	"radiograph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var tenant = radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}

// sink remembers what it was given.
type sink struct {
	docs    []string
	batches []int
	tenants []radiograph.Tenant
	reject  func(i int) string // why a document is rejected
	fail    error
	block   bool // until the caller gives up
}

func (s *sink) Put(ctx context.Context, t radiograph.Tenant, door radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	if door != radiograph.DoorOTLP {
		return nil, errors.New("another door")
	}
	if s.block {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if s.fail != nil {
		return nil, s.fail
	}
	var out []radiograph.Rejection
	for i, d := range docs {
		if s.reject != nil {
			if why := s.reject(i); why != "" {
				out = append(out, radiograph.Rejection{Index: i, Message: why})
				continue
			}
		}
		s.docs = append(s.docs, string(d.Body))
	}
	s.batches = append(s.batches, len(docs))
	if !slices.Contains(s.tenants, t) {
		s.tenants = append(s.tenants, t)
	}
	return out, nil
}

func (s *sink) Offer(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, errors.New("spans must be durable")
}

// What a store may fail with.
var (
	errDisk     = errors.New("disk full")
	errThrottle = &radiograph.Error{Kind: radiograph.KindThrottled, Message: "Rate exceeded"}
)

// encode writes a request in protobuf, another way than the reader reads it.
func encode(request []resourceSpans) []byte {
	var out []byte
	for _, rs := range request {
		resource := encodeAttributes(1, rs.resource)
		var scope []byte
		for i := range rs.spans {
			scope = tagged(scope, 2, encodeSpan(&rs.spans[i]))
		}
		out = tagged(out, 1, tagged(tagged(nil, 1, resource), 2, scope))
	}
	return out
}

func encodeSpan(s *span) []byte {
	b := tagged(tagged(tagged(nil, 1, s.traceID), 2, s.spanID), 4, s.parentID)
	b = tagged(b, 5, []byte(s.name))
	b = protowire.AppendVarint(protowire.AppendTag(b, 6, protowire.VarintType), uint64(s.kind))
	b = protowire.AppendFixed64(protowire.AppendTag(b, 7, protowire.Fixed64Type), s.start)
	b = protowire.AppendFixed64(protowire.AppendTag(b, 8, protowire.Fixed64Type), s.end)
	b = append(b, encodeAttributes(9, s.attributes)...)
	for _, e := range s.events {
		x := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), e.time)
		b = tagged(b, 11, append(tagged(x, 2, []byte(e.name)), encodeAttributes(3, e.attributes)...))
	}
	for _, l := range s.links {
		b = tagged(b, 13, append(tagged(tagged(nil, 1, l.traceID), 2, l.spanID), encodeAttributes(4, l.attributes)...))
	}
	status := tagged(nil, 2, []byte(s.message))
	status = protowire.AppendVarint(protowire.AppendTag(status, 3, protowire.VarintType), uint64(s.status))
	b = tagged(b, 15, status)
	return protowire.AppendFixed32(protowire.AppendTag(b, 16, protowire.Fixed32Type), s.flags)
}

func encodeAttributes(id protowire.Number, list attributes) (b []byte) {
	for i := range list {
		b = tagged(b, id, tagged(tagged(nil, 1, []byte(list[i].key)), 2, encodeValue(&list[i].value)))
	}
	return b
}

func encodeValue(v *value) []byte {
	varint := func(id protowire.Number, n uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, id, protowire.VarintType), n)
	}
	switch v.kind {
	case stringValue:
		return tagged(nil, 1, []byte(v.text))
	case boolValue:
		return varint(2, v.number)
	case intValue:
		return varint(3, v.number)
	case doubleValue:
		return protowire.AppendFixed64(protowire.AppendTag(nil, 4, protowire.Fixed64Type), v.number)
	case bytesValue:
		return tagged(nil, 7, []byte(v.text))
	case listValue:
		var items []byte
		for i := range v.list {
			items = tagged(items, 1, encodeValue(&v.list[i]))
		}
		return tagged(nil, 5, items)
	case mapValue:
		return tagged(nil, 6, encodeAttributes(1, v.pairs))
	}
	return nil
}

func tagged(b []byte, id protowire.Number, content []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, id, protowire.BytesType), content)
}

// request has a server span with a call in it, and one of everything.
func request() []resourceSpans {
	now := uint64(time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC).UnixNano())
	trace := []byte("0123456789abcdef")
	text := func(k, v string) attribute { return attribute{k, value{kind: stringValue, text: v}} }
	return []resourceSpans{{
		resource: attributes{text("service.name", "shop"), text("telemetry.sdk.language", "go")},
		spans: []span{
			{
				traceID: trace, spanID: []byte("parent_1"), name: "GET /", kind: kindServer, start: now, end: now + 5e8,
				attributes: attributes{
					text("http.request.method", "GET"),
					{"http.response.status_code", value{kind: intValue, number: 503}},
					{"list", value{kind: listValue, nested: &nested{list: []value{{kind: boolValue, number: 1}, {}, doubleOf(1.5), {kind: bytesValue, text: "\x00\x01"}}}}},
					{"map", mapOf(attributes{text("k", "ü"), {"n", value{kind: intValue, number: 1<<64 - 1}}})},
				},
				status: statusError, message: "it broke",
			},
			{
				traceID: trace, spanID: []byte("child__1"), parentID: []byte("parent_1"), name: "GetItem", kind: kindClient,
				flags: flagKnowsRemote, start: now + 1e6, end: now + 2e6,
				attributes: attributes{text("rpc.system", "aws-api"), text("rpc.service", "DynamoDB"), text("rpc.method", "GetItem")},
				events:     []event{{"exception", now + 2e6, attributes{text("exception.type", "E")}}},
				links:      []link{{[]byte("fedcba9876543210"), []byte("linked_1"), attributes{text("k", "v")}}},
			},
		},
	}}
}

// discard is a Sink that takes everything at once.
type discard struct{}

func (discard) Put(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, nil
}

func (discard) Offer(context.Context, radiograph.Tenant, radiograph.Door, []radiograph.Document) ([]radiograph.Rejection, error) {
	return nil, nil
}
