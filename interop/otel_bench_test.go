package interop

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// BenchmarkOTLP measures spans acknowledged, and so durable, a second: OTLP over
// HTTP in protobuf, traces of eight spans with four attributes each.
func BenchmarkOTLP(b *testing.B) {
	for _, perRequest := range []int{1, 64} {
		b.Run(fmt.Sprintf("spans=%d", perRequest*spansPerTrace), func(b *testing.B) {
			s := start(b, "--data", b.TempDir())
			body := newSpanBody(perRequest)
			cpu := flood(b, s, body, func(mine []byte) bool {
				req, err := http.NewRequest("POST", "http://"+s.OTLPHTTP+"/v1/traces", bytes.NewReader(mine))
				if err != nil {
					b.Error(err)
					return false
				}
				req.Header.Set("Content-Type", "application/x-protobuf")
				return answers(b, req, func(answer []byte) bool { return len(answer) == 0 })
			})
			spans := float64(b.N * perRequest * spansPerTrace)
			b.ReportMetric(spans/b.Elapsed().Seconds(), "spans/s")
			b.ReportMetric(spans/cpu.Seconds(), "spans/cpu-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

const spansPerTrace = 8

// spanBody is an export request whose trace ids can be renewed in place.
type spanBody struct {
	bytes []byte
	ids   [][]int // where each trace's id stands
}

func newSpanBody(traces int) *spanBody {
	field := func(b []byte, id protowire.Number, content string) []byte {
		return protowire.AppendString(protowire.AppendTag(b, id, protowire.BytesType), content)
	}
	text := func(b []byte, id protowire.Number, key, value string) []byte {
		return field(b, id, string(field(field(nil, 1, key), 2, string(field(nil, 1, value)))))
	}
	now := uint64(time.Now().UnixNano())
	var scope []byte
	var ids []string
	for range traces {
		trace := make([]byte, 16)
		_, _ = rand.Read(trace)
		ids = append(ids, string(trace))
		for n := range uint64(spansPerTrace) {
			span := field(nil, 1, string(trace))
			span = field(span, 2, string(binary.BigEndian.AppendUint64(nil, n+1)))
			kind := uint64(2) // a server's
			if n > 0 {
				span = field(span, 4, string(binary.BigEndian.AppendUint64(nil, (n+1)/2)))
				kind = 1 + 2*(n%2) // internal, or a client's
			}
			span = field(span, 5, "operation")
			span = protowire.AppendVarint(protowire.AppendTag(span, 6, protowire.VarintType), kind)
			span = protowire.AppendFixed64(protowire.AppendTag(span, 7, protowire.Fixed64Type), now+n*1e6)
			span = protowire.AppendFixed64(protowire.AppendTag(span, 8, protowire.Fixed64Type), now+100e6-n*1e6)
			for _, a := range [][2]string{{"http.request.method", "GET"}, {"server.address", "orders.test"}, {"url.path", "/orders/17"}, {"plan", "pro"}} {
				span = text(span, 9, a[0], a[1])
			}
			scope = field(scope, 2, string(span))
		}
	}
	resource := text(text(nil, 1, "service.name", "shop"), 1, "telemetry.sdk.language", "go")
	body := field(nil, 1, string(field(field(nil, 1, string(resource)), 2, string(scope))))
	s := &spanBody{bytes: body}
	for _, id := range ids {
		var at []int
		for from := 0; ; {
			i := bytes.Index(body[from:], []byte(id))
			if i < 0 {
				break
			}
			at = append(at, from+i)
			from += i + len(id)
		}
		s.ids = append(s.ids, at)
	}
	return s
}

func (s *spanBody) whole() []byte { return s.bytes }

// renew gives every trace in a copy of the body an id that no other request has.
func (s *spanBody) renew(body []byte, request int64) {
	for n, places := range s.ids {
		for _, at := range places {
			binary.BigEndian.PutUint64(body[at+8:], uint64(request)<<8|uint64(n))
		}
	}
}
