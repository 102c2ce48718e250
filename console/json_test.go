package console

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestColourJSON: the parts, joined, are the indented text.
func TestColourJSON(t *testing.T) {
	value := rapid.Deferred(func() *rapid.Generator[any] { return jsonValue(3) })
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(value.Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Indent(&want, text, "", "  "); err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, part := range colourJSON(text) {
			got.WriteString(part.Text)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Fatal(diff)
		}
	})
	if got := colourJSON([]byte("not json <")); len(got) != 1 || got[0].Text != "not json <" {
		t.Errorf("what is not JSON: %v", got)
	}
}

func jsonValue(depth int) *rapid.Generator[any] {
	scalars := rapid.OneOf(rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Float64(), func(f float64) any { return f }), rapid.Just[any](nil), rapid.Just[any](true))
	if depth == 0 {
		return scalars
	}
	return rapid.OneOf(scalars,
		rapid.Map(rapid.SliceOfN(jsonValue(depth-1), 0, 3), func(s []any) any { return s }),
		rapid.Map(rapid.MapOfN(rapid.String(), jsonValue(depth-1), 0, 3), func(m map[string]any) any { return m }))
}

func FuzzFlatten(f *testing.F) {
	for _, s := range []string{`{"a":{"b":[1,"x",null,true]}}`, `[`, `{"a":`, `nul`, `{"a":1}{"b":2}`, strings.Repeat("[", 200)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got := flatten(text); len(got) > maxFields+1 {
			t.Errorf("%d fields", len(got))
		}
		colourJSON(text)
		metadata(text)
	})
}

func TestFlatten(t *testing.T) {
	got := flatten([]byte(`{"z":1.50,"a":{"b":["x",{"c":null}],"d":true},"e":{},"f":[]}`))
	want := []field{{"z", "1.50"}, {"a.b[0]", "x"}, {"a.b[1].c", "null"}, {"a.d", "true"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
