package console

import (
	"testing"
	"time"
)

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 1: "0.001 µs", 1500: "1.5 µs", 42 * time.Microsecond: "42 µs", 420123: "420 µs", 999499: "999 µs", 999500: "1 ms", 12345 * time.Microsecond: "12.3 ms", 999499 * time.Microsecond: "999 ms",
		999500 * time.Microsecond: "1 s", 1254 * time.Millisecond: "1.25 s", 59990 * time.Millisecond: "60 s", time.Minute: "1 m 0 s", 125 * time.Second: "2 m 5 s", 25 * time.Hour: "25 h 0 m", -time.Second: "−1 s",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("%d ns: %q, want %q", d, got, want)
		}
	}
}

func TestFormatShare(t *testing.T) {
	for want, pair := range map[string][2]int64{"0 %": {0, 7}, "< 1 %": {1, 1000}, "50 %": {1, 2}, "> 99 %": {9999, 10000}, "100 %": {7, 7}, "33 %": {1, 3}} {
		if got := formatShare(pair[0], pair[1]); got != want {
			t.Errorf("%v: %q, want %q", pair, got, want)
		}
	}
	if got := formatShare(1, 0); got != "0 %" {
		t.Errorf("of nothing: %q", got)
	}
}

func TestFormatRate(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		over time.Duration
		want string
	}{{0, time.Hour, "0"}, {1, time.Hour, "0.017"}, {1, 24 * time.Hour, "< 0.01"}, {90, time.Hour, "1.5"}, {123456, time.Hour, "2058"}, {5, 0, "0"}} {
		if got := formatRate(tt.n, tt.over); got != tt.want {
			t.Errorf("%d in %v: %q, want %q", tt.n, tt.over, got, tt.want)
		}
	}
}

func TestFormatCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1\u2009000", 1234567: "1\u2009234\u2009567", -1000: "-1\u2009000"} {
		if got := formatCount(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}
