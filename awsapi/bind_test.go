package awsapi

import (
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"radiograph"
)

type bindInput struct {
	Label  string                `path:"Label" required:"true"`
	Count  *int32                `query:"count"`
	On     bool                  `query:"on"`
	Names  []string              `query:"name"`
	Since  *radiograph.Timestamp `header:"X-Since"`
	Blob   []byte                `header:"X-Blob"`
	Ratio  float64               `header:"X-Ratio"`
	Member string
}

// FuzzBind binds any label, parameters, header and body: an error or a value,
// and the same value when it is written out again.
func FuzzBind(f *testing.F) {
	f.Add("a", "count=1&on=true&name=x&name=y", "2020-01-01T00:00:00Z", "aGk=", `{"Member":"m"}`)
	f.Add("arn:aws:x:y", "count=x", "Wed, 01 Jan 2020 00:00:00 GMT", "%", `[`)
	f.Add("", "on=TRUE", "1577836800.5", "", "")
	shape := ShapeOf(reflect.TypeFor[bindInput]())
	f.Fuzz(func(t *testing.T, label, raw, since, blob, body string) {
		query, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		header := http.Header{"X-Since": {since}, "X-Blob": {blob}}
		var in bindInput
		if err := bindRest(shape, reflect.ValueOf(&in).Elem(), map[string]string{"Label": label}, query, header, []byte(body)); err != nil {
			return
		}
		if in.Since == nil || len(in.Names) != len(query["name"]) || in.On && !query.Has("on") {
			t.Errorf("%+v from %q and %v", in, raw, header)
		}
		_ = checkBounds(shape, reflect.ValueOf(&in).Elem())
		out := appendJSON(nil, ShapeOf(reflect.TypeFor[everything]()), reflect.ValueOf(everything{String: in.Label, Strings: in.Names, Time: in.Since}))
		var back everything
		if err := decodeJSON(out, ShapeOf(reflect.TypeFor[everything]()), reflect.ValueOf(&back).Elem()); err != nil || *back.Time != *in.Since || back.String != in.Label {
			t.Errorf("%s read back as %+v, %v", out, back, err)
		}
	})
}
