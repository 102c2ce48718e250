package console

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// formatDuration writes a duration in the unit a reader expects, with about
// three significant digits: 0 ms, 420 µs, 12.3 ms, 1.25 s, 2 m 5 s.
func formatDuration(d time.Duration) string {
	if d < 0 {
		return "−" + formatDuration(-d)
	}
	switch {
	case d == 0:
		return "0 ms"
	case d < time.Millisecond-500:
		return digits(float64(d)/1e3, 3) + " µs"
	case d < time.Second-500*time.Microsecond:
		return digits(float64(d)/1e6, 3) + " ms"
	case d < time.Minute-5*time.Millisecond:
		return digits(float64(d)/1e9, 3) + " s"
	}
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return strconv.Itoa(h) + " h " + strconv.Itoa(m) + " m"
	}
	return strconv.Itoa(m) + " m " + strconv.Itoa(s) + " s"
}

// digits writes v with n significant digits and no needless zeros.
func digits(v float64, n int) string {
	decimals := n - 1
	if v > 0 {
		decimals -= int(math.Floor(math.Log10(v)))
	}
	s := strconv.FormatFloat(v, 'f', max(decimals, 0), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// formatAge writes how long ago something was, roughly.
func formatAge(d time.Duration) string {
	switch {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s ago"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min ago"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h ago"
	}
	return strconv.Itoa(int(d.Hours()/24)) + " days ago"
}

// formatTime is a moment in the machine's time zone, to the millisecond.
func formatTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05.000 MST") }

// formatCount groups thousands by thin spaces.
func formatCount(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u2009" + s[i:]
	}
	return s
}

// formatShare is part of whole in percent; what is not nothing is never 0 %, and
// what is not all is never 100 %.
func formatShare(part, whole int64) string {
	if whole <= 0 || part <= 0 {
		return "0 %"
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case p < 1:
		return "< 1 %"
	case p > 99 && part < whole:
		return "> 99 %"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}

// formatRate is a number per minute.
func formatRate(n int64, over time.Duration) string {
	if over <= 0 {
		return "0"
	}
	v := float64(n) / over.Minutes()
	switch {
	case v == 0:
		return "0"
	case v < 0.01:
		return "< 0.01"
	}
	return digits(v, 2)
}

// formatBytes is a size in bytes, kB, MB.
func formatBytes(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1e6:
		return digits(float64(n)/1e3, 3) + " kB"
	}
	return digits(float64(n)/1e6, 3) + " MB"
}
