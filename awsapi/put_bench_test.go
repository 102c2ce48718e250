package awsapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/awsapi/xray"
)

// swallow is a sink that keeps nothing: what is measured is the wire alone.
type swallow struct{ documents int }

func (s *swallow) Put(_ context.Context, _ radiograph.Tenant, _ radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	s.documents += len(docs)
	return nil, nil
}

func (s *swallow) Offer(ctx context.Context, t radiograph.Tenant, d radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	return s.Put(ctx, t, d, docs)
}

// BenchmarkPutTraceSegments is a request from dispatch to answer, without the
// connection and without storing anything.
func BenchmarkPutTraceSegments(b *testing.B) {
	document := `{"name":"shop","id":"70de5b6f19ff9a0a","trace_id":"1-66f0a1b2-a006649127e371903a2de979","start_time":1726980530.1,"end_time":1726980530.4,"annotations":{"text":"` + strings.Repeat("x", 700) + `"}}`
	for _, n := range []int{1, 50} {
		b.Run(fmt.Sprintf("docs=%d", n), func(b *testing.B) {
			docs := make([]string, n)
			for i := range docs {
				docs[i] = document
			}
			body, err := json.Marshal(map[string]any{"TraceSegmentDocuments": docs})
			if err != nil {
				b.Fatal(err)
			}
			sink := &swallow{}
			server := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{xray.New(xray.Config{Sink: sink})}})
			header := http.Header{"Authorization": {sign("AKIDEXAMPLE", "xray")}, "Content-Type": {"application/json"}}
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/TraceSegments", bytes.NewReader(body))
				r.Header = header
				w := httptest.NewRecorder()
				server.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			b.ReportMetric(float64(sink.documents)/b.Elapsed().Seconds(), "documents/s")
		})
	}
}
