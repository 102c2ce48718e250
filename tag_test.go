package radiograph

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTags(t *testing.T) {
	const limit = 50
	full := Tags{}
	for i := range limit {
		full[fmt.Sprint("k", i)] = ""
	}
	for _, test := range []struct {
		name       string
		have, more Tags
		code       string // of the error; "-": no code
		want       Tags
	}{
		{name: "new and changed", have: Tags{"a": "1", "b": "2"}, more: Tags{"b": "3", "c": ""}, want: Tags{"a": "1", "b": "3", "c": ""}},
		{name: "all letters", more: Tags{"Größe _.:/=+-@1": "ja, nein"}, code: "-"},
		{name: "all that is permitted", more: Tags{"Größe _.:/=+-@1": "x y"}, want: Tags{"Größe _.:/=+-@1": "x y"}},
		{name: "empty key", more: Tags{"": "x"}, code: "-"},
		{name: "long key", more: Tags{strings.Repeat("k", 129): "x"}, code: "-"},
		{name: "long value", more: Tags{"k": strings.Repeat("v", 257)}, code: "-"},
		{name: "reserved", more: Tags{"AWS:x": "x"}, code: "-"},
		{name: "not UTF-8", more: Tags{"k": "\xff"}, code: "-"},
		{name: "one too many", have: full, more: Tags{"new": ""}, code: "TooManyTagsException"},
		{name: "changed when full", have: full, more: Tags{"k0": "x"}, want: func() Tags { f, _ := full.With(Tags{"k0": "x"}, limit); return f }()},
	} {
		got, err := test.have.With(test.more, limit)
		if test.code != "" {
			var e *Error
			if !errors.As(err, &e) || e.Kind != KindInvalid || e.Code != strings.Trim(test.code, "-") {
				t.Errorf("%s: %v, %v", test.name, got, err)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
		}
	}
	have := Tags{"a": "1", "b": "2"}
	if diff := cmp.Diff(Tags{"b": "2"}, have.Without([]string{"a", "nosuch"})); diff != "" || len(have) != 2 {
		t.Errorf("without (-want +got):\n%s", diff)
	}
}
