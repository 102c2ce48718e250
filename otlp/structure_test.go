package otlp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/ingest"
	"radiograph/query"
	"radiograph/storetest"
)

// told is what a reader sees of one span.
type told struct {
	Parent     radiograph.SegmentID
	Start, End radiograph.Timestamp
	Subsegment bool
	Fault      bool
}

// TestStructure: whatever the spans of a trace, in whatever order and requests
// they come, and however often, each is one entity with its own id, its parent
// and its times to the nanosecond, and nothing else is there but the segments of
// services that begin with a call.
func TestStructure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		traceID := radiograph.NewTraceID(time.Unix(1795262400, 0))
		base := uint64(1795262400_000000000) + uint64(rng.Int63n(1e9))
		spans := make([]span, 1+rng.Intn(20))
		want := make(map[radiograph.SegmentID]told)
		for i := range spans {
			var id radiograph.SegmentID
			binary.BigEndian.PutUint64(id[:], uint64(i+1))
			s := span{
				traceID: traceID[:], spanID: id[:], name: fmt.Sprint("span ", i), kind: spanKind(1 + rng.Intn(5)),
				start: base + uint64(rng.Int63n(1e9)),
			}
			s.end = s.start + uint64(rng.Int63n(1e9))
			if rng.Intn(5) == 0 {
				s.status = statusError
			}
			w := told{Start: radiograph.Timestamp(s.start), End: radiograph.Timestamp(s.end), Fault: s.status == statusError}
			if i > 0 {
				s.parentID = bytes.Clone(spans[rng.Intn(i)].spanID)
				w.Parent = radiograph.SegmentID(s.parentID)
				s.flags = []uint32{0, flagKnowsRemote, flagKnowsRemote | flagIsRemote}[rng.Intn(3)]
			}
			// The rule, in words of its own: which spans others call, or nobody.
			called := s.kind == kindServer || s.kind == kindConsumer && s.flags&flagKnowsRemote == 0
			first := i == 0 || called || s.flags&flagIsRemote != 0
			calls := s.kind == kindClient || s.kind == kindProducer
			w.Subsegment = !first || calls
			if first && calls {
				service := serviceID(traceID, id)
				own := w
				own.Subsegment = false
				want[service] = own
				w.Parent = service
			}
			want[id], spans[i] = w, s
		}
		order := append(rng.Perm(len(spans)), rng.Perm(len(spans))[:rng.Intn(len(spans))]...)
		store := storetest.NewModel()
		log := slog.New(slog.DiscardHandler)
		clock := func() time.Time { return time.Unix(1795262410, 0) }
		h := New(Config{Sink: ingest.New(ingest.Config{Store: store, Log: log, Clock: clock})}).HTTP(tenant)
		for len(order) > 0 {
			n := 1 + rng.Intn(len(order))
			rs := resourceSpans{resource: attributes{{"service.name", value{kind: stringValue, text: "s"}}}}
			for _, i := range order[:n] {
				rs.spans = append(rs.spans, spans[i])
			}
			order = order[n:]
			r := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(encode([]resourceSpans{rs})))
			r.Header.Set("Content-Type", protobufType)
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != 200 || w.Body.Len() != 0 {
				t.Fatalf("%d %q", w.Code, w.Body)
			}
		}
		found, _, err := query.New(store, clock).Traces(t.Context(), tenant, []radiograph.TraceID{traceID})
		if err != nil || len(found) != 1 {
			t.Fatalf("%d traces, %v", len(found), err)
		}
		got := make(map[radiograph.SegmentID]told)
		var walk func(n *radiograph.Node)
		walk = func(n *radiograph.Node) {
			if n.Inferred {
				return
			}
			x := told{Start: n.Start, End: n.End, Subsegment: n.Subsegment, Fault: n.Fault}
			if n.Parent != nil {
				x.Parent = n.Parent.ID
			}
			if _, twice := got[n.ID]; twice {
				t.Errorf("%s is there twice", n.ID)
			}
			got[n.ID] = x
			for _, c := range n.Children {
				walk(c)
			}
		}
		for _, n := range found[0].Segments {
			walk(n)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}
