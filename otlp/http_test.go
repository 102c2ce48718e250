package otlp

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"radiograph"
)

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b)
	_ = z.Close()
	return out.Bytes()
}

// post sends one request to a receiver with this sink.
func post(t *testing.T, s radiograph.Sink, path, media, encoding string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", media)
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	New(Config{Sink: s}).HTTP(tenant).ServeHTTP(w, r)
	return w
}

func requestJSON(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/request.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEncodings: a request is the same documents however it comes.
func TestEncodings(t *testing.T) {
	var want []string
	for _, tt := range []struct {
		name, media, encoding string
		body                  []byte
		answer                string
	}{
		{"protobuf", protobufType, "", encode(request()), ""},
		{"protobuf, gzip", protobufType, "gzip", zipped(encode(request())), ""},
		{"JSON", "application/json; charset=utf-8", "", requestJSON(t), "{}"},
		{"JSON, gzip", jsonType, "GZIP", zipped(requestJSON(t)), "{}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &sink{}
			w := post(t, s, Path, tt.media, tt.encoding, tt.body)
			if w.Code != 200 || w.Body.String() != tt.answer {
				t.Errorf("%d %q", w.Code, w.Body)
			}
			if media, _, _ := strings.Cut(tt.media, ";"); w.Header().Get("Content-Type") != media {
				t.Errorf("Content-Type %s", w.Header().Get("Content-Type"))
			}
			if want == nil {
				want = s.docs
			}
			if diff := cmp.Diff(want, s.docs); len(s.docs) != 2 || diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]radiograph.Tenant{tenant}, s.tenants); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	bomb := zipped(bytes.Repeat([]byte{0}, maxBody+1))
	for _, tt := range []struct {
		name, path, media, encoding string
		body                        []byte
		status                      int
		code                        statusCode
		message                     string
	}{
		{"wrong shape", Path, jsonType, "", []byte(`{"resourceSpans":7}`), 400, codeInvalidArgument, "not an ExportTraceServiceRequest"},
		{"array", Path, jsonType, "", []byte(`[]`), 400, codeInvalidArgument, "not an ExportTraceServiceRequest"},
		{"id that is no hex", Path, jsonType, "", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"zz"}]}]}]}`), 400, codeInvalidArgument, "invalid byte"},
		{"no JSON", Path, jsonType, "", nil, 400, codeInvalidArgument, "unexpected end"},
		{"no gzip", Path, jsonType, "gzip", []byte(`{}`), 400, codeInvalidArgument, "not gzip"},
		{"cut gzip", Path, protobufType, "gzip", zipped([]byte("\n\x00"))[:15], 400, codeInvalidArgument, "could not be read"},
		{"other encoding", Path, jsonType, "br", []byte(`{}`), 415, codeInvalidArgument, "br"},
		{"no protobuf", Path, protobufType, "", []byte("\xff"), 400, codeInvalidArgument, "protobuf"},
		{"other media", Path, "text/plain", "", []byte(`{}`), 415, codeInvalidArgument, "application/json"},
		{"too large", Path, protobufType, "", make([]byte, maxBody+1), 413, codeInvalidArgument, "larger"},
		{"too large once unpacked", Path, protobufType, "gzip", bomb, 413, codeInvalidArgument, "larger"},
		{"metrics", "/v1/metrics", protobufType, "", nil, 404, codeUnimplemented, "no metrics"},
		{"logs", "/v1/logs", jsonType, "", nil, 404, codeUnimplemented, "no logs"},
		{"elsewhere", "/", jsonType, "", nil, 404, codeUnimplemented, "/v1/traces"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &sink{}
			w := post(t, s, tt.path, tt.media, tt.encoding, tt.body)
			code, message := readStatus(t, w)
			if w.Code != tt.status || code != tt.code || !strings.Contains(message, tt.message) {
				t.Errorf("%d, code %d, %q", w.Code, code, message)
			}
			if s.docs != nil {
				t.Error("something was stored")
			}
		})
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, Path, nil)
	w := httptest.NewRecorder()
	New(Config{Sink: &sink{}}).HTTP(tenant).ServeHTTP(w, r)
	if w.Code != 405 || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", w.Code, w.Header())
	}
}

// readStatus reads a google.rpc.Status in the answer's own media type.
func readStatus(t *testing.T, w *httptest.ResponseRecorder) (code statusCode, message string) {
	t.Helper()
	if w.Header().Get("Content-Type") == jsonType {
		var s struct {
			Code    statusCode
			Message string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &s); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		return s.Code, s.Message
	}
	var r wireReader
	if err := r.message(w.Body.Bytes(), func(f field) error {
		switch {
		case f.is(1, protowire.VarintType):
			code = statusCode(f.number)
		case f.is(2, protowire.BytesType):
			message = f.text()
		}
		return nil
	}); err != nil {
		t.Fatalf("%q: %v", w.Body, err)
	}
	return code, message
}

func TestEmptyRequest(t *testing.T) {
	for media, body := range map[string]string{protobufType: "", jsonType: "{}"} {
		if w := post(t, &sink{}, Path, media, "", []byte(body)); w.Code != 200 {
			t.Errorf("%s: %d %s", media, w.Code, w.Body)
		}
	}
}

// TestPartialSuccess: bad spans are counted and told, their neighbours stored.
func TestPartialSuccess(t *testing.T) {
	in := request()
	bad := in[0].spans[0]
	bad.traceID = make([]byte, 16)
	in[0].spans = append(in[0].spans, bad, span{spanID: []byte("short")})
	s := &sink{}
	w := post(t, s, Path, protobufType, "", encode(in))
	var rejected uint64
	var message string
	var r wireReader
	err := r.message(w.Body.Bytes(), func(f field) error {
		return r.message(f.bytes, func(f field) error {
			if f.is(1, protowire.VarintType) {
				rejected = f.number
			} else {
				message = f.text()
			}
			return nil
		})
	})
	if err != nil || w.Code != 200 || rejected != 2 || message != "span 706172656e745f31: the trace id is not 16 bytes, or all zero (and 1 more)" || len(s.docs) != 2 {
		t.Errorf("%d %q: %d, %q, %v; %d stored", w.Code, w.Body, rejected, message, err, len(s.docs))
	}
	w = post(t, &sink{reject: func(i int) string { return map[int]string{1: "too large"}[i] }}, Path, jsonType, "", requestJSON(t))
	if want := `{"partialSuccess":{"rejectedSpans":"1","errorMessage":"span 6368696c645f5f31: too large"}}`; w.Code != 200 || w.Body.String() != want {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestStoreTrouble: the answer asks to come again.
func TestStoreTrouble(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		code   statusCode
	}{{errDisk, 503, codeUnavailable}, {errThrottle, 429, codeResourceExhausted}} {
		w := post(t, &sink{fail: tt.err}, Path, protobufType, "", encode(request()))
		code, message := readStatus(t, w)
		if w.Code != tt.status || w.Header().Get("Retry-After") != strconv.Itoa(retrySeconds) || code != tt.code || strings.Contains(message, "disk") {
			t.Errorf("%d %v, %d %q", w.Code, w.Header(), code, message)
		}
	}
}

// TestBatches: a large request reaches the store in parts of bounded size.
func TestBatches(t *testing.T) {
	in := request()
	call := in[0].spans[1]
	call.parentID = nil // two documents each
	in[0].spans = nil
	for range 1500 {
		in[0].spans = append(in[0].spans, call)
	}
	s := &sink{reject: func(i int) string { return map[int]string{0: "a", 1: "b"}[i] }}
	w := post(t, s, Path, protobufType, "gzip", zipped(encode(in)))
	if diff := cmp.Diff([]int{1000, 1000, 1000}, s.batches); w.Code != 200 || diff != "" {
		t.Error(w.Code, diff)
	}
	if !strings.Contains(w.Body.String(), "(and 2 more)") {
		t.Errorf("%q", w.Body) // one span a batch, of whose two documents both are rejected
	}
}

func BenchmarkExport(b *testing.B) {
	in := request()
	for len(in[0].spans) < 512 {
		in[0].spans = append(in[0].spans, in[0].spans[0], in[0].spans[1])
	}
	for _, e := range []struct {
		name, media string
		body        []byte
	}{{"protobuf", protobufType, encode(in)}} {
		b.Run("encoding="+e.name+"/spans=512", func(b *testing.B) {
			h := New(Config{Sink: discard{}}).HTTP(tenant)
			b.SetBytes(int64(len(e.body)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, Path, bytes.NewReader(e.body))
				r.Header.Set("Content-Type", e.media)
				h.ServeHTTP(noAnswer{http.Header{}}, r)
			}
			b.ReportMetric(float64(b.N*512)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}

// noAnswer throws an answer away.
type noAnswer struct{ header http.Header }

func (n noAnswer) Header() http.Header         { return n.header }
func (n noAnswer) WriteHeader(int)             {}
func (n noAnswer) Write(p []byte) (int, error) { return io.Discard.Write(p) }
