package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseFrame(t *testing.T) {
	for _, c := range []struct {
		name, frame, body string
		err               error
	}{
		{"as Python sends it", "{\"format\":\"json\",\"version\":1}\n{\"id\":\"a\"}", `{"id":"a"}`, nil},
		{"as Go sends it", "{\"format\": \"json\", \"version\": 1}\n{}", `{}`, nil},
		{"other order, more members", "{\"version\":1,\"x\":[],\"format\":\"json\"}\n{}", `{}`, nil},
		{"any letter case", "{\"Format\":\"JSON\",\"VERSION\":1}\n{}", `{}`, nil},
		{"carriage return", "{\"format\":\"json\",\"version\":1}\r\n{}", `{}`, nil},
		{"the body is not looked into", "{\"format\":\"json\",\"version\":1}\nnot json\n\n", "not json\n\n", nil},
		{"no newline", `{"format":"json","version":1}`, "", ErrMissing},
		{"no body", "{\"format\":\"json\",\"version\":1}\n", "", ErrMissing},
		{"nothing", "", "", ErrMissing},
		{"a newline", "\n", "", ErrMissing},
		{"no header", "\n{}", "", ErrHeader},
		{"not JSON", "hello\n{}", "", ErrHeader},
		{"other format", "{\"format\":\"xml\",\"version\":1}\n{}", "", ErrHeader},
		{"other version", "{\"format\":\"json\",\"version\":2}\n{}", "", ErrHeader},
		{"version as text", "{\"format\":\"json\",\"version\":\"1\"}\n{}", "", ErrHeader},
		{"no version", "{\"format\":\"json\"}\n{}", "", ErrHeader},
		{"more after the header", "{\"format\":\"json\",\"version\":1} x\n{}", "", ErrHeader},
		{"a document without a header", "{\"id\":\n1}", "", ErrHeader},
		{"OpenTelemetry", "{\"format\":\"json\",\"version\":1}\nT1SCg==", "T1SCg==", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, err := ParseFrame([]byte(c.frame))
			if string(body) != c.body || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v; want %q, %v", body, err, c.body, c.err)
			}
		})
	}
}

func FuzzParseFrame(f *testing.F) {
	for _, s := range []string{
		"{\"format\":\"json\",\"version\":1}\n{}", "{\"format\": \"json\", \"version\": 1}\n{\"id\":1}",
		"{\"Format\":\"Json\",\"version\":1.0}\nx", "\n\n", "{}\n{}", "{\"format\":\"json\",\"version\":1}\nT1S",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		whole := bytes.Clone(frame)
		body, err := ParseFrame(frame)
		if !bytes.Equal(frame, whole) {
			t.Fatal("the frame was changed")
		}
		if err != nil {
			if body != nil {
				t.Errorf("%q with %v", body, err)
			}
			return
		}
		head, rest, found := bytes.Cut(frame, []byte("\n"))
		if !found || !bytes.Equal(rest, body) || len(body) == 0 {
			t.Errorf("body %q of %q", body, frame)
		}
		// What is accepted names the format and the version, read by another way.
		var h map[string]any
		if json.Unmarshal(head, &h) != nil {
			t.Fatalf("header %q is not an object", head)
		}
		var format, version bool
		for k, v := range h {
			s, _ := v.(string)
			format = format || strings.EqualFold(k, "format") && strings.EqualFold(s, "json")
			version = version || strings.EqualFold(k, "version") && v == float64(1)
		}
		if !format || !version {
			t.Errorf("header %q was accepted", head)
		}
	})
}
