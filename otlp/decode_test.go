package otlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/encoding/protowire"
)

var compare = cmp.Options{
	cmp.AllowUnexported(resourceSpans{}, span{}, event{}, link{}, attribute{}, value{}, nested{}),
	cmpopts.EquateEmpty(),
}

func TestProtobuf(t *testing.T) {
	want := request()
	got, err := decodeProtobuf(encode(want))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Error(diff)
	}
}

// TestUnknownFields: what a later version adds is passed over.
func TestUnknownFields(t *testing.T) {
	body := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 7)
	body = append(tagged(body, 98, []byte("x")), encode(request())...)
	body = protowire.AppendTag(body, 97, protowire.StartGroupType)
	body = protowire.AppendTag(body, 97, protowire.EndGroupType)
	got, err := decodeProtobuf(body)
	if diff := cmp.Diff(request(), got, compare); err != nil || diff != "" {
		t.Error(err, diff)
	}
	inJSON, err := decodeJSON([]byte(`{"new":{"a":[1]},"resourceSpans":[{"x":1,"scopeSpans":[{"spans":[{"name":"n","y":{}}]}]}]}`))
	if err != nil || len(inJSON) != 1 || inJSON[0].spans[0].name != "n" {
		t.Errorf("%v, %v", inJSON, err)
	}
}

// TestJSON: the same request in JSON is the same request.
func TestJSON(t *testing.T) {
	body, err := os.ReadFile("testdata/request.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeJSON(body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(request(), got, compare); diff != "" {
		t.Error(diff)
	}
}

// TestJSONEnums: numbers by OTLP, names by protobuf's own mapping.
func TestJSONEnums(t *testing.T) {
	for _, test := range []struct {
		kind, code string
		ok         bool
	}{
		{`2`, `2`, true},
		{`"SPAN_KIND_SERVER"`, `"STATUS_CODE_ERROR"`, true},
		{`"SERVER"`, `2`, false},
		{`"SPAN_KIND_NONE"`, `2`, false},
		{`2`, `"STATUS_CODE_"`, false},
		{`2`, `1e300`, false},
	} {
		got, err := decodeJSON([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":` + test.kind + `,"status":{"code":` + test.code + `}}]}]}]}`))
		if (err == nil) != test.ok || test.ok && (got[0].spans[0].kind != kindServer || got[0].spans[0].status != 2) {
			t.Errorf("%s, %s: %+v, %v", test.kind, test.code, got, err)
		}
	}
}

func TestBounds(t *testing.T) {
	nested := func(depth int) []byte {
		v := value{kind: stringValue, text: "x"}
		for range depth {
			v = value{kind: listValue, nested: &nested{list: []value{v}}}
		}
		return encode([]resourceSpans{{resource: attributes{{"k", v}}}})
	}
	if _, err := decodeProtobuf(nested(maxDepth)); err != nil {
		t.Error(err)
	}
	if _, err := decodeProtobuf(nested(maxDepth + 1)); !errors.Is(err, errTooDeep) {
		t.Error(err)
	}
	empty := bytes.Repeat([]byte{2<<3 | 2, 0}, maxElements) // scope spans
	if _, err := decodeProtobuf(tagged(nil, 1, empty)); !errors.Is(err, errTooMany) {
		t.Error(err)
	}
	deep := func(depth int) string {
		return `{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":` +
			strings.Repeat(`{"kvlistValue":{"values":[{"value":`, depth) + `{"intValue":"1"}` + strings.Repeat(`}]}}`, depth) + `}]}}]}`
	}
	if _, err := decodeJSON([]byte(deep(maxDepth))); err != nil {
		t.Error(err)
	}
	if _, err := decodeJSON([]byte(deep(maxDepth + 3))); !errors.Is(err, errTooDeep) {
		t.Error(err)
	}
	many := `{"resourceSpans":[` + strings.Repeat("{},", maxElements) + `{}]}`
	if _, err := decodeJSON([]byte(many)); !errors.Is(err, errTooMany) {
		t.Error(err)
	}
}

// fuzzed maps what a decoder made of anything: the documents are JSON and never a
// panic.
func fuzzed(t *testing.T, request []resourceSpans) {
	for i := range request {
		r := newResource(request[i].resource)
		for j := range request[i].spans {
			m := mapper{cfg: &Config{AnnotateAll: j%2 == 1}}
			docs, err := m.documents(r, &request[i].spans[j])
			for _, d := range docs {
				if err != nil || !json.Valid(d) {
					t.Errorf("%v, not JSON: %s", err, d)
				}
			}
		}
	}
}

func FuzzProtobuf(f *testing.F) {
	f.Add(encode(request()))
	f.Add([]byte{1<<3 | 2, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decodeProtobuf(bytes.Clone(b))
		if err != nil {
			return
		}
		fuzzed(t, got)
		again, err := decodeProtobuf(encode(got))
		if diff := cmp.Diff(got, again, compare); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func FuzzJSON(f *testing.F) {
	body, err := os.ReadFile("testdata/request.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":1,"attributes":[{"key":"a","value":{"doubleValue":"NaN"}}]}]}]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := decodeJSON(b); err == nil {
			fuzzed(t, got)
		}
	})
}

// FuzzStack: any text is a stack in any language.
func FuzzStack(f *testing.F) {
	f.Add("Traceback\n  File \"a\", line 1, in f\n    x\nE: m\n\n" + pythonCause + "\n\nF")
	f.Add("E\n\tat a/b.c(D.java:1)\nCaused by: F: g\n    at x (a:1:2)\n   at y in z:line 4")
	f.Add("goroutine 1 [running]:\nmain.f()\n\t/a.go:1 +0x1")
	f.Fuzz(func(t *testing.T, text string) {
		for _, language := range []string{"java", "python", "nodejs", "dotnet", "go", ""} {
			list := parseStack(language, text)
			if len(list) == 0 || list[len(list)-1].wraps {
				t.Errorf("%s: %d exceptions", language, len(list))
			}
		}
	})
}
