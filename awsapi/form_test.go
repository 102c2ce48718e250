package awsapi

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

func TestDecodeForm(t *testing.T) {
	type pair struct{ Key, Value string }
	type input struct {
		Name  string
		Count *int32
		On    bool
		At    *radiograph.Timestamp
		Tags  []pair
		Names []string
		Map   map[string]string
		Inner *pair
	}
	for _, tt := range []struct {
		name, form string
		want       input
		err        string
	}{
		{"nothing", "", input{}, ""},
		{"scalars", "Name=a%20b&Count=7&On=true&At=2020-01-01T00%3A00%3A00Z&Unknown.member.1=x", input{Name: "a b", Count: ptr(int32(7)), On: true, At: ptr(radiograph.Timestamp(1577836800e9))}, ""},
		{"the last value counts", "Name=a&Name=b", input{Name: "b"}, ""},
		{"lists", "Names.member.1=a&Names.member.2=b&Names.member.4=lost", input{Names: []string{"a", "b"}}, ""},
		{"empty list", "Names=", input{Names: []string{}}, ""},
		{"structures in lists", "Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=l", input{Tags: []pair{{"k", "v"}, {"l", ""}}}, ""},
		{"structure", "Inner.Key=k", input{Inner: &pair{Key: "k"}}, ""},
		{"map", "Map.entry.1.key=a&Map.entry.1.value=b", input{Map: map[string]string{"a": "b"}}, ""},
		{"wrong type", "Count=many", input{}, `Count: "many" is not a 32-bit integer`},
		{"structure for a value", "Name.x=1", input{}, "Name: a structure where a value is wanted"},
		{"too many parts", "a" + strings.Repeat(".b", 20) + "=1", input{}, "too many parts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form, err := url.ParseQuery(tt.form)
			if err != nil {
				t.Fatal(err)
			}
			var got input
			err = decodeForm(form, ShapeOf(reflect.TypeFor[input]()), reflect.ValueOf(&got).Elem())
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("%v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzForm decodes any form; what is set must be within the form.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "String=a&Int=1", "Strings.member.1=a&List.member.1.Map.entry.1.key=k&List.member.1.Map.entry.1.value=v", "Nested.Nested.Bool=true", "Texts.member.1=x", "Blob=aGk%3D", "Time=5", "....=1", "List.member.1=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		var in everything
		err = decodeForm(form, ShapeOf(reflect.TypeFor[everything]()), reflect.ValueOf(&in).Elem())
		if err == nil && in.String != "" && !form.Has("String") {
			t.Errorf("String = %q from nowhere", in.String)
		}
		if len(in.Strings) > len(form) {
			t.Errorf("%d strings from %d keys", len(in.Strings), len(form))
		}
		_ = checkBounds(ShapeOf(reflect.TypeFor[everything]()), reflect.ValueOf(&in).Elem())
	})
}
