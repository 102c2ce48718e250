package otlp

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFrame(t *testing.T) {
	good := base64.StdEncoding.EncodeToString(encode(request()))
	bad := request()
	bad[0].spans[0].traceID = nil
	for _, tt := range []struct {
		name, body string
		docs       int
		lost       string
	}{
		{"sampled", "T1S" + good, 2, ""},
		{"as the first versions sent it", "T1" + good, 2, ""},
		{"not sampled", "T1U" + good, 0, "not sampled"},
		{"metrics", "M1" + good, 0, "metrics"},
		{"no base64", "T1S!", 0, "not base64"},
		{"no protobuf", "T1S/w==", 0, "not an ExportTraceServiceRequest"},
		{"a bad span", "T1S" + base64.StdEncoding.EncodeToString(encode(bad)), 1, "the trace id is not 16 bytes"},
		{"nothing", "T1S", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := New(Config{})
			if !r.IsFrame([]byte(tt.body)) {
				t.Fatal("no frame")
			}
			docs, lost := r.Frame([]byte(tt.body))
			if len(docs) != tt.docs || (tt.lost == "") != (lost == nil) || !strings.Contains(strings.Join(lost, "\n"), tt.lost) {
				t.Errorf("%d documents, %q", len(docs), lost)
			}
		})
	}
	for _, body := range []string{"", "T", "{}", `[{"id":"T1S"}]`, "not json", "true", "T2S"} {
		if New(Config{}).IsFrame([]byte(body)) {
			t.Errorf("%q is a frame", body)
		}
	}
}

// TestFrameSameAsHTTP: the door changes nothing of what a span becomes.
func TestFrameSameAsHTTP(t *testing.T) {
	s := &sink{}
	post(t, s, Path, protobufType, "", encode(request()))
	docs, _ := New(Config{}).Frame([]byte("T1S" + base64.StdEncoding.EncodeToString(encode(request()))))
	var got []string
	for _, d := range docs {
		got = append(got, string(d))
	}
	if diff := cmp.Diff(s.docs, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("T1S" + base64.StdEncoding.EncodeToString(encode(request()))))
	f.Add([]byte("T1UCg=="))
	f.Add([]byte("M1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		docs, _ := New(Config{}).Frame(body)
		for _, d := range docs {
			if !json.Valid(d) {
				t.Errorf("not JSON: %s", d)
			}
		}
	})
}
