package radiograph

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestParseSeconds(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Timestamp
	}{
		{"0", 0},
		{"1700000000", 1700000000e9},
		{"1700000000.0", 1700000000e9},
		{"1577836800.25", 1577836800_250000000},
		{"1.700000000389E9", 1700000000_389000000},
		{"1.7000000009095895E9", 1700000000_909589500},
		{"1.4782933E9", 1478293300e9},
		{"17e8", 1700000000e9},
		{"1795254594726e-3", 1795254594_726000000},
		{"1700000000.1234567894321", 1700000000_123456789},
		{"1700000000.123456789432112345678901234567890", 1700000000_123456789},
		{"0.000000001", 1},
		{"1e-9", 1},
		{"1e-10", 0},
		{"0.0000000000000000000000000001e20", 10},
		{"-1.5", -1_500000000},
		{"9223372036", 9223372036e9},
	} {
		got, err := ParseSeconds(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseSeconds(%q) = %d, %v; want %d", c.in, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "-", ".", "e9", "1e", "1e99999", "1.2.3", "0x10", "NaN", "Infinity", " 1", "1 ", "1e300", "9223372037", "99999999999999999999999"} {
		if got, err := ParseSeconds(bad); err == nil {
			t.Errorf("ParseSeconds(%q) = %d, want an error", bad, got)
		}
	}
}

// TestSecondsRoundTrip holds that what is printed is read back to the nanosecond.
func TestSecondsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Timestamp(rapid.Int64Range(-1<<62, 1<<62).Draw(t, "ns"))
		text := want.AppendSeconds(nil)
		got, err := ParseSeconds(text)
		if err != nil || got != want {
			t.Fatalf("%d → %s → %d, %v", want, text, got, err)
		}
	})
}

// FuzzParseSeconds compares with exact rational arithmetic.
func FuzzParseSeconds(f *testing.F) {
	for _, s := range []string{"1700000000.5", "1.7E9", "-0.1e3", "0.00000000000000000000001e22"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseSeconds(s)
		if err != nil || len(s) > 19 { // more digits than the mantissa keeps may differ below the nanosecond
			return
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("ParseSeconds took %q = %d, which is no number", s, got)
		}
		want.Mul(want, big.NewRat(1e9, 1))
		cut := new(big.Int).Quo(want.Num(), want.Denom())
		if cut.Int64() != int64(got) {
			t.Fatalf("ParseSeconds(%q) = %d, want %s", s, got, cut)
		}
	})
}
