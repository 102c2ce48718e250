package radiograph

import (
	"strings"
	"testing"
	"time"
)

func TestParseTraceID(t *testing.T) {
	const want = "1-5f84c7a1-e7d1852db8c4fd35d88bf49a"
	for name, in := range map[string]string{
		"XRay":      want,
		"UpperCase": strings.ToUpper(want),
		"W3C":       "5f84c7a1e7d1852db8c4fd35d88bf49a",
		"W3CUpper":  "5F84C7A1E7D1852DB8C4FD35D88BF49A",
	} {
		t.Run(name, func(t *testing.T) {
			id, err := ParseTraceID(in)
			if err != nil || id.String() != want {
				t.Fatalf("ParseTraceID(%q) = %v, %v; want %s", in, id, err, want)
			}
		})
	}
	for name, in := range map[string]string{
		"Empty":        "",
		"Short":        "1-5f84c7a1-e7d1852db8c4fd35d88bf49",
		"Version2":     "2-5f84c7a1-e7d1852db8c4fd35d88bf49a",
		"NotHex":       "1-5f84c7a1-e7d1852db8c4fd35d88bf49g",
		"DashMoved":    "1-5f84c7a1e-7d1852db8c4fd35d88bf49a",
		"W3CNotHex":    "5f84c7a1e7d1852db8c4fd35d88bf4-a",
		"NonASCII":     "1-5f84c7a1-e7d1852db8c4fd35d88bfé9",
		"TrailingByte": want + "0",
	} {
		t.Run(name, func(t *testing.T) {
			if id, err := ParseTraceID(in); err == nil {
				t.Fatalf("ParseTraceID(%q) = %v, want an error", in, id)
			}
		})
	}
}

func TestNewTraceIDHoldsTheEpoch(t *testing.T) {
	now := time.Unix(1700000000, 5)
	id := NewTraceID(now)
	if got := id.Epoch(); got != TimestampOf(now.Truncate(time.Second)) {
		t.Errorf("Epoch() = %d", got)
	}
	if !strings.HasPrefix(id.String(), "1-6553f100-") {
		t.Errorf("String() = %s", id)
	}
	if id == NewTraceID(now) {
		t.Error("two fresh ids are equal")
	}
}

func TestSegmentID(t *testing.T) {
	id, err := ParseSegmentID("00F067AA0ba902b7")
	if err != nil || id.String() != "00f067aa0ba902b7" {
		t.Fatalf("got %v, %v", id, err)
	}
	for _, bad := range []string{"", "00f067aa0ba902b", "00f067aa0ba902b7a", "00f067aa0ba902bx"} {
		if _, err := ParseSegmentID(bad); err == nil {
			t.Errorf("ParseSegmentID(%q) took it", bad)
		}
	}
}

func FuzzParseTraceID(f *testing.F) {
	f.Add("1-5f84c7a1-e7d1852db8c4fd35d88bf49a")
	f.Add("5F84C7A1E7D1852DB8C4FD35D88BF49A")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseTraceID(s)
		if err != nil {
			return
		}
		for _, again := range []string{id.String(), id.W3C()} {
			if back, err := ParseTraceID(again); err != nil || back != id {
				t.Fatalf("%q → %v → %q → %v, %v", s, id, again, back, err)
			}
		}
	})
}
