package awsapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/awsapi/xray"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCompression(t *testing.T) {
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{things()}})
	auth := sign("AK", "things")
	post := func(body string, headers ...string) *httptest.ResponseRecorder {
		return ask(s, "POST", "/v1/things/a/blobs", body, append(headers, "Authorization", auth)...)
	}
	long := strings.Repeat("long ", 500)
	for _, tt := range []struct {
		name    string
		w       *httptest.ResponseRecorder
		status  int
		zipped  bool
		content string
	}{
		{"request", post(gzipped(t, "hello"), "Content-Encoding", "gzip"), 202, false, "hello"},
		{"request of identity", post("hello", "Content-Encoding", "identity"), 202, false, "hello"},
		{"not gzip", post("hello", "Content-Encoding", "gzip"), 400, false, "not gzip"},
		{"cut short", post(gzipped(t, long)[:30], "Content-Encoding", "gzip"), 400, false, "not gzip"},
		{"bomb", post(gzipped(t, strings.Repeat("\x00", 1<<20)), "Content-Encoding", "gzip"), 413, false, "smaller than 4096"},
		{"unknown", post("hello", "Content-Encoding", "br"), 415, false, "not supported"},
		{"not asked", post(long), 202, false, long},
		{"asked", post(long, "Accept-Encoding", "deflate, gzip;q=0.5"), 202, true, long},
		{"asked for none", post(long, "Accept-Encoding", "identity"), 202, false, long},
		{"refused", post(long, "Accept-Encoding", "gzip;q=0"), 202, false, long},
		{"too short to be worth it", post("short", "Accept-Encoding", "gzip"), 202, false, "short"},
	} {
		zipped := tt.w.Header().Get("Content-Encoding") == "gzip"
		var body io.Reader = tt.w.Body
		if zipped {
			zr, err := gzip.NewReader(tt.w.Body)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			body = zr
		}
		got, err := io.ReadAll(body)
		if err != nil || tt.w.Code != tt.status || zipped != tt.zipped || !strings.Contains(string(got), tt.content) {
			t.Errorf("%s: %d, zipped %v, %.60q, %v", tt.name, tt.w.Code, zipped, got, err)
		}
	}
}

// keeper is a sink that keeps what it is given, as stores may.
type keeper struct {
	mu   sync.Mutex
	kept []string
	docs []radiograph.Document
}

func (k *keeper) Put(_ context.Context, _ radiograph.Tenant, _ radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, d := range docs {
		k.kept = append(k.kept, string(d.Body))
	}
	k.docs = append(k.docs, docs...)
	return nil, nil
}

func (k *keeper) Offer(ctx context.Context, t radiograph.Tenant, d radiograph.Door, docs []radiograph.Document) ([]radiograph.Rejection, error) {
	return k.Put(ctx, t, d, docs)
}

// TestDocumentsAreKept checks that documents outlive their request, though
// request bodies share buffers.
func TestDocumentsAreKept(t *testing.T) {
	sink := &keeper{}
	s := awsapi.NewServer(awsapi.Config{Services: []awsapi.Service{xray.New(xray.Config{Sink: sink})}})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			document := strings.Repeat(string(rune('a'+i%26)), 100+i)
			if w := ask(s, "POST", "/TraceSegments", `{"TraceSegmentDocuments":["`+document+`","\"`+document+`\""]}`); w.Code != 200 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	wg.Wait()
	if len(sink.docs) != 100 {
		t.Fatalf("%d documents", len(sink.docs))
	}
	for i, d := range sink.docs {
		if string(d.Body) != sink.kept[i] {
			t.Errorf("document %d was %.40q and is now %.40q", i, sink.kept[i], d.Body)
		}
	}
}
