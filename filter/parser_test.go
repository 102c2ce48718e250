package filter_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
)

func reason(t *testing.T, text string) string {
	t.Helper()
	_, err := filter.Parse(text, nil)
	var where *filter.InvalidError
	if err == nil || !errors.As(err, &where) {
		return ""
	}
	return where.Reason
}

// TestBounds holds the limits of length, depth and number of tests, on both
// sides.
func TestBounds(t *testing.T) {
	chain := func(n int) string {
		groups := strings.Repeat("fault OR ", n-1) + "fault"
		return groups
	}
	for _, test := range []struct {
		name, text, want string
	}{
		{"500 tests", chain(500), ""},
		{"501 tests", chain(501), "more than 500 tests"},
		{"deep enough", strings.Repeat("(", 63) + "ok" + strings.Repeat(")", 63), ""},
		{"too deep", strings.Repeat("(", 64) + "ok" + strings.Repeat(")", 64), "nested more than 64 deep"},
		{"negated too deep", strings.Repeat("!", 1000) + "ok", "nested more than 64 deep"},
		{"long enough", `user = "` + strings.Repeat("x", 20_000-9) + `"`, ""},
		{"too long", `user = "` + strings.Repeat("x", 20_000-8) + `"`, "more than 20000 bytes"},
		{"open parentheses", strings.Repeat("(", 19_999), "nested more than 64 deep"},
		{"deep JSON", "json = #" + strings.Repeat("[", 19_000), "root cause JSON: "},
		{"long key", "annotation." + strings.Repeat("k", 501), "an annotation key has 1 to 500 letters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := reason(t, test.text); got == "" != (test.want == "") || !strings.HasPrefix(got, test.want) {
				t.Errorf("reason %q, want %q", got, test.want)
			}
		})
	}
}

// TestGroupsEnd wants groups of groups to be resolved, and to end.
func TestGroupsEnd(t *testing.T) {
	deep := func(g filter.Group) (string, bool) { return `group.name = "` + g.Name + `x"`, true }
	if _, err := filter.Parse(`group.name = "a"`, deep); err == nil || !strings.Contains(err.Error(), "part of itself") {
		t.Errorf("endless groups: %v", err)
	}
	wide := func(filter.Group) (string, bool) { return strings.Repeat("fault OR ", 400) + "ok", true }
	if _, err := filter.Parse(`group.name = "a" OR group.name = "b"`, wide); err == nil || !strings.Contains(err.Error(), "more than 500 tests") {
		t.Errorf("wide groups: %v", err)
	}
	if _, err := filter.Parse(`group.name = "Default"`, nil); err == nil {
		t.Error("no groups are known, and one was found")
	}
}

// TestAnyTextParsesOrTellsWhere feeds pieces of the language in any order.
func TestAnyTextParsesOrTellsWhere(t *testing.T) {
	pieces := []string{
		"ok", "fault", "!", "AND", "or", "NOT", "(", ")", "{", "}", "[", "]", ",", ":", "#", "=", "!=", "<", "CONTAINS", `"a"`, "5", "true",
		"service(", "edge(", "id(", "name", "type:", "annotation", ".k", "[", "group.name", "rootcause.fault.service", "json", "[{}]", `"`, `\`, "é", "\xff", " ",
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 12).Draw(t, "pieces"), rapid.SampledFrom([]string{"", " "}).Draw(t, "gap")))
	})
}

// check wants an expression that prints itself, or an error with a place.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string,
) {
	t.Helper()
	e, err := filter.Parse(text, oracleGroups)
	var where *filter.InvalidError
	switch {
	case err == nil:
		if len(e.String()) <= 20_000 {
			sameAgain(t, e)
		}
		e.Condition().Holds(&radiograph.Summary{})
		e.Judge(&radiograph.FilterView{Summary: &radiograph.Summary{}})
	case radiograph.ErrorKind(err) != radiograph.KindInvalid || !errors.As(err, &where):
		t.Fatalf("%q: foreign error %#v", text, err)
	case where.Position < 1 || where.Position > len([]rune(text))+1:
		t.Fatalf("%q: position %d", text, where.Position)
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range []string{"testdata/examples.txt", "testdata/invalid.txt"} {
		for _, line := range seeds(f, file) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		check(t, text)
		if c := filter.Complete(text, func(string) []string { return []string{"a", "é", ""} }); c.From < 0 || c.From > len(text) {
			t.Fatalf("completion from %d of %q", c.From, text)
		}
		if s, err := filter.ParseSelector(text); err == nil {
			if again, err := filter.ParseSelector(s.String()); err != nil || again.String() != s.String() {
				t.Fatalf("selector %s: %v", s, err)
			}
			s.Node(radiograph.ServiceID{}, "")
			s.Edge(radiograph.ServiceID{}, radiograph.ServiceID{}, "")
		}
	})
}
