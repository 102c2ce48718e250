package awsapi

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
)

// everything has a member of each kind.
type everything struct {
	Text    Text
	Texts   []Text
	String  string
	Blob    []byte
	Bool    bool
	Int     int
	Int32   *int32
	Double  float64
	Time    *radiograph.Timestamp
	Strings []string
	Map     map[string]string
	Nested  *everything
	List    []everything
}

func decode(t testing.TB, body string) (everything, error) {
	t.Helper()
	var in everything
	err := decodeJSON([]byte(body), ShapeOf(reflect.TypeFor[everything]()), reflect.ValueOf(&in).Elem())
	return in, err
}

func ptr[T any](v T) *T { return &v }

func TestDecodeJSON(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       everything
	}{
		{"empty body", "", everything{}},
		{"blanks", " \t\r\n", everything{}},
		{"null", "null", everything{}},
		{"empty object", "{}", everything{}},
		{"null members", `{"String":null,"Texts":null,"Nested":null,"Time":null}`, everything{}},
		{"unknown members", `{"x":[1,{"y":"\""}],"String":"a","z":1e5}`, everything{String: "a"}},
		{"names are case-sensitive", `{"string":"a"}`, everything{}},
		{"the last of two counts", `{"String":"a","String":"b"}`, everything{String: "b"}},
		{"escapes", `{"String":"\"\\\/\b\f\n\r\té😀\ud800x"}`, everything{String: "\"\\/\b\f\n\r\té😀\uFFFDx"}},
		{
			"texts", `{"Texts":["","{\"a\":\"b\",\"c\":[]}","plain and longer than eight"]}`,
			everything{Texts: []Text{{}, Text(`{"a":"b","c":[]}`), Text("plain and longer than eight")}},
		},
		{"empty list is a list", `{"Strings":[],"Texts":[]}`, everything{Strings: []string{}, Texts: []Text{}}},
		{"blob", `{"Blob":"aGk="}`, everything{Blob: []byte("hi")}},
		{"integers", `{"Int":-7,"Int32":10.0}`, everything{Int: -7, Int32: ptr(int32(10))}},
		{"doubles", `{"Double":1.5e-3}`, everything{Double: 0.0015}},
		{"time as a number", `{"Time":1577836800.25}`, everything{Time: ptr(radiograph.Timestamp(1577836800_250000000))}},
		{"time as an exponent", `{"Time":1.57783680025E9}`, everything{Time: ptr(radiograph.Timestamp(1577836800_250000000))}},
		{"time as milliseconds", `{"Time":1577836800250}`, everything{Time: ptr(radiograph.Timestamp(1577836800_250000000))}},
		{"time as ISO 8601", `{"Time":"2020-01-01T00:00:00.25Z"}`, everything{Time: ptr(radiograph.Timestamp(1577836800_250000000))}},
		{"time as text", `{"Time":"1577836800"}`, everything{Time: ptr(radiograph.Timestamp(1577836800_000000000))}},
		{"map", `{"Map":{"a":"b","":""}}`, everything{Map: map[string]string{"a": "b", "": ""}}},
		{"nested", `{"Nested":{"List":[{"Bool":true},{}]}}`, everything{Nested: &everything{List: []everything{{Bool: true}, {}}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decode(t, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeJSONFails(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		{`[]`, "a list where an object is wanted (at byte 0)"},
		{`{"String":1}`, "String: a number where a string is wanted (at byte 10)"},
		{`{"Nested":{"List":[{},{"Bool":"yes"}]}}`, "Nested.List[1].Bool: a string where a boolean is wanted (at byte 30)"},
		{`{"Map":{"k":[]}}`, "Map.k: a list where a string is wanted (at byte 12)"},
		{`{"Int":1.5}`, "Int: 1.5 where a 64-bit integer is wanted (at byte 7)"},
		{`{"Int32":3000000000}`, "Int32: 3000000000 where a 32-bit integer is wanted (at byte 9)"},
		{`{"Blob":"%"}`, "Blob: a string that is not base64 (at byte 8)"},
		{`{"Time":"soon"}`, `Time: "soon" is not a time (at byte 8)`},
		{`{"Time":1577836800250000000}`, "Time: 1577836800250000000 is not a time (at byte 8)"},
		{`{"Time":1e99}`, "Time: 1e99 is not a time (at byte 8)"},
		{`{"String":"a`, "String: a string without an end (at byte 12)"},
		{`{"Text":"a\x"}`, "Text: an unknown escape in a string (at byte 10)"},
		{"{\"Text\":\"a\nb\"}", `Text: the control character '\n' in a string (at byte 10)`},
		{`{"String":"a"`, "the end of the body where a comma or '}' is wanted (at byte 13)"},
		{`{"String":"a"}x`, "the character 'x' after the end of the value (at byte 14)"},
		{`{"String" "a"}`, "a string where a colon is wanted (at byte 10)"},
		{`{x:1}`, "the character 'x' where a member name is wanted (at byte 1)"},
		{`{"x":01}`, "a number where a comma or '}' is wanted (at byte 6)"},
		{`{"x":-}`, "a number that is not one (at byte 6)"},
		{`{"x":nul}`, "null where a value is wanted (at byte 5)"},
		{"{\"x\":1}\x00", `the character '\x00' after the end of the value (at byte 7)`},
		{strings.Repeat(`{"Nested":`, 70), "nested more than 64 levels deep (at byte 640)"},
		{`{"x":` + strings.Repeat("[", 1<<20), "nested more than 64 levels deep (at byte 68)"},
	} {
		_, err := decode(t, tt.body)
		if err == nil || !strings.HasSuffix(err.Error(), tt.want) {
			t.Errorf("%.60s: %v, want %s", tt.body, err, tt.want)
		}
	}
}

// FuzzJSON holds the reader against encoding/json: the same texts are JSON, and
// strings read the same. Deep nesting is refused here alone.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"String":"é\"\\","Texts":["{\"a\":1}",""],"Int":1.0}`, `{"Time":"2020-01-01T00:00:00Z","List":[{"Map":{"a":"b"}}]}`,
		`{"x":[1,2.5e-3,-0,true,false,null,"\ud83d\ude00"]}`, `null`, ` `, `{"a":01}`, "{\"a\":\"\x80\"}", string(batch(2)),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &jsonReader{b: body}
		err := r.skip()
		if err == nil {
			err = r.end()
		}
		tooDeep := err != nil && strings.Contains(err.Error(), "nested more")
		if valid := json.Valid(body); valid != (err == nil) && !tooDeep {
			t.Fatalf("encoding/json says valid = %v, the reader %v", valid, err)
		}
		var in everything
		_ = decodeJSON(body, ShapeOf(reflect.TypeFor[everything]()), reflect.ValueOf(&in).Elem())

		quoted := append(append([]byte{'"'}, body...), '"')
		for _, slack := range []string{"", " and more text"} {
			r := &jsonReader{b: append(append([]byte{}, quoted...), slack...)}
			text, terr := r.text()
			var want string
			if slack == "" && json.Unmarshal(quoted, &want) == nil {
				if terr != nil {
					t.Fatalf("encoding/json reads %q, the reader says %v", want, terr)
				}
				if got := strings.ToValidUTF8(string(text), "\uFFFD"); utf8.Valid(body) && got != want {
					t.Fatalf("got %q, want %q", got, want)
				}
			}
		}
	})
}

// TestTextsAreApart checks that texts that share memory do not reach into each
// other.
func TestTextsAreApart(t *testing.T) {
	in, err := decode(t, `{"Texts":["abcdefghij","klmnopqrst","\"\"\"\"\"\"\"\""]}`)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(in.Texts[0], "XXXXXXXX"...)
	want := []Text{Text("abcdefghij"), Text("klmnopqrst"), Text(`""""""""`)}
	if diff := cmp.Diff(want, in.Texts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestJSONRoundTrip writes values and reads them back, by this codec and by
// encoding/json.
func TestJSONRoundTrip(t *testing.T) {
	shape := ShapeOf(reflect.TypeFor[everything]())
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		in := everything{
			Text:    Text(text.Draw(t, "text")),
			Texts:   []Text{Text(text.Draw(t, "first")), Text(text.Draw(t, "second"))},
			String:  text.Draw(t, "string"),
			Blob:    rapid.SliceOf(rapid.Byte()).Draw(t, "blob"),
			Bool:    rapid.Bool().Draw(t, "bool"),
			Int:     rapid.Int().Draw(t, "int"),
			Int32:   ptr(rapid.Int32().Draw(t, "int32")),
			Double:  rapid.Float64().Draw(t, "double"),
			Time:    ptr(radiograph.Timestamp(rapid.Int64Range(0, 1<<62).Draw(t, "time"))),
			Strings: rapid.SliceOf(text).Draw(t, "strings"),
			Map:     rapid.MapOf(text, text).Draw(t, "map"),
			List:    []everything{},
		}
		body := appendJSON(nil, shape, reflect.ValueOf(in))
		if !json.Valid(body) {
			t.Fatalf("not JSON: %s", body)
		}
		var standard map[string]any
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.UseNumber()
		if err := dec.Decode(&standard); err != nil || standard["String"] != in.String {
			t.Fatalf("encoding/json reads %q, %v; want %q", standard["String"], err, in.String)
		}
		var out everything
		if err := decodeJSON(body, shape, reflect.ValueOf(&out).Elem()); err != nil {
			t.Fatal(err)
		}
		// A nil list is written as [], so it comes back empty.
		if in.Strings == nil {
			in.Strings = []string{}
		}
		if diff := cmp.Diff(in, out); diff != "" {
			t.Fatalf("(-in +out):\n%s", diff)
		}
	})
}

func TestEncodeJSON(t *testing.T) {
	type inner struct{ A []string }
	type output struct {
		List     []inner
		Map      map[string]string
		Absent   *string
		Omitted  string `omit:"empty"`
		Empty    string
		Zero     float64
		Whole    int64
		Double   float64
		Tiny     float64
		Huge     float64
		Time     radiograph.Timestamp
		Bad      string
		Header   string `header:"X-H"`
		Document Text
	}
	out := output{Whole: 10, Double: 10, Tiny: 1e-9, Huge: 1e22, Time: 1528317567e9, Bad: "\xff<&>\u2028\x01", Document: Text(`{"a":"b"}`), Header: "no"}
	want := `{"List":[],"Map":{},"Empty":"","Zero":0,"Whole":10,"Double":10,"Tiny":1e-09,"Huge":1e+22,"Time":1528317567.0,` +
		"\"Bad\":\"\uFFFD<&>\u2028\\u0001\",\"Document\":\"{\\\"a\\\":\\\"b\\\"}\"}"
	if got := string(appendJSON(nil, ShapeOf(reflect.TypeFor[output]()), reflect.ValueOf(out))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
