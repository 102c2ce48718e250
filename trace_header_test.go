package radiograph

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseTraceHeader(t *testing.T) {
	root, _ := ParseTraceID("1-5759e988-bd862e3fe1be46a994272793")
	parent, _ := ParseSegmentID("53995c3f42cd8ad8")
	full := TraceHeader{Root: root, Parent: parent, Sampled: SampledYes}
	for _, c := range []struct {
		name, in string
		want     TraceHeader
		out      string
	}{
		{"Full", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", full, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"},
		{"BlanksAndCase", " root = 1-5759E988-BD862E3FE1BE46A994272793 ; PARENT=53995C3F42CD8AD8; sampled=1 ", full, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"},
		{"RootOnly", "Root=1-5759e988-bd862e3fe1be46a994272793", TraceHeader{Root: root}, "Root=1-5759e988-bd862e3fe1be46a994272793"},
		{"Asked", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=?", TraceHeader{Root: root, Sampled: SampledRequested}, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=?"},
		{"SelfDropped", "Self=1-67891234-12456789abcdef012345678;Root=1-5759e988-bd862e3fe1be46a994272793", TraceHeader{Root: root}, "Root=1-5759e988-bd862e3fe1be46a994272793"},
		{"LineageAndOther", "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=061379e8:0|cbc84ad3:0;CalledFrom=app", TraceHeader{Root: root, Lineage: "061379e8:0|cbc84ad3:0", Other: []string{"CalledFrom=app"}}, "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=061379e8:0|cbc84ad3:0;CalledFrom=app"},
		{"MalformedRoot", "Root=1-5759e988-xyz;Sampled=1", TraceHeader{Sampled: SampledYes}, "Sampled=1"},
		{"SampledNonsense", "Sampled=yes", TraceHeader{}, ""},
		{"Empty", "", TraceHeader{}, ""},
		{"Garbage", ";;=;=;x", TraceHeader{}, ""},
		{"NoInjection", "A=b\r\nX-Evil: 1", TraceHeader{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ParseTraceHeader(c.in)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("parsed (-want +got):\n%s", d)
			}
			if got.String() != c.out {
				t.Errorf("String() = %q, want %q", got, c.out)
			}
		})
	}
}

// FuzzTraceHeader holds that a header never panics, never grows without bound,
// never carries control characters on, and that its print parses to itself.
func FuzzTraceHeader(f *testing.F) {
	f.Add("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
	f.Add("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a87bd80c:0;X=y")
	f.Fuzz(func(t *testing.T, s string) {
		h := ParseTraceHeader(s)
		text := h.String()
		if strings.ContainsAny(text, "\r\n\x00") || len(text) > 512 {
			t.Fatalf("%q printed as %q", s, text)
		}
		if d := cmp.Diff(h, ParseTraceHeader(text)); d != "" {
			t.Fatalf("%q → %q differs:\n%s", s, text, d)
		}
	})
}
