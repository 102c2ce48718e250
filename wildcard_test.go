package radiograph

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWildcard compares with a plain recursive definition.
func TestWildcard(t *testing.T) {
	var plain func(p, s string) bool
	plain = func(p, s string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '*':
			return plain(p[1:], s) || s != "" && plain(p, s[1:])
		case s == "":
			return false
		}
		return (p[0] == '?' || p[0] == s[0]) && plain(p[1:], s[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringOfN(rapid.SampledFrom([]rune("ab*?")), 0, 8, -1).Draw(t, "pattern")
		s := rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 10, -1).Draw(t, "s")
		if got, want := Wildcard(p, s), plain(p, s); got != want {
			t.Fatalf("Wildcard(%q, %q) = %v", p, s, got)
		}
	})
	if Wildcard(strings.Repeat("*a", 2000)+"b", strings.Repeat("a", 4000)) {
		t.Error("matched")
	}
}
