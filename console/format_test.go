package console

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
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

func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		span := time.Duration(rapid.Int64Range(1, int64(30*24*time.Hour)).Draw(t, "span"))
		marks := ticks(span)
		if len(marks) < 2 && span > 1 || len(marks) > maxTicks+1 || marks[0].Label != "0" {
			t.Fatalf("%v has the marks %v", span, marks)
		}
		seen := map[string]bool{}
		for _, m := range marks {
			if seen[m.Label] {
				t.Fatalf("%v has two marks %s", span, m.Label)
			}
			seen[m.Label] = true
		}
	})
}

// TestColourJSON: the parts, joined, are the indented text.
func TestColourJSON(t *testing.T) {
	value := rapid.Deferred(func() *rapid.Generator[any] { return jsonValue(3) })
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(value.Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Indent(&want, text, "", "  "); err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, part := range colourJSON(text) {
			got.WriteString(part.Text)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Fatal(diff)
		}
	})
	if got := colourJSON([]byte("not json <")); len(got) != 1 || got[0].Text != "not json <" {
		t.Errorf("what is not JSON: %v", got)
	}
}

func jsonValue(depth int) *rapid.Generator[any] {
	scalars := rapid.OneOf(rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Float64(), func(f float64) any { return f }), rapid.Just[any](nil), rapid.Just[any](true))
	if depth == 0 {
		return scalars
	}
	return rapid.OneOf(scalars,
		rapid.Map(rapid.SliceOfN(jsonValue(depth-1), 0, 3), func(s []any) any { return s }),
		rapid.Map(rapid.MapOfN(rapid.String(), jsonValue(depth-1), 0, 3), func(m map[string]any) any { return m }))
}

func FuzzFlatten(f *testing.F) {
	for _, s := range []string{`{"a":{"b":[1,"x",null,true]}}`, `[`, `{"a":`, `nul`, `{"a":1}{"b":2}`, strings.Repeat("[", 200)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got := flatten(text); len(got) > maxFields+1 {
			t.Errorf("%d fields", len(got))
		}
		colourJSON(text)
		metadata(text)
	})
}

func TestFlatten(t *testing.T) {
	got := flatten([]byte(`{"z":1.50,"a":{"b":["x",{"c":null}],"d":true},"e":{},"f":[]}`))
	want := []field{{"z", "1.50"}, {"a.b[0]", "x"}, {"a.b[1].c", "null"}, {"a.d", "true"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseRange(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.Local)
	for query, want := range map[string]timeRange{
		"":                         {"1h", now.Add(-time.Hour), now},
		"range=6h":                 {"6h", now.Add(-6 * time.Hour), now},
		"from=2026-11-21T10:00:00": {"", now.Add(-2 * time.Hour), now},
		"from=2026-11-21T10:00&to=2026-11-21T11:00:00.5":                      {"", now.Add(-2 * time.Hour), now.Add(-time.Hour + 500*time.Millisecond)},
		"from=" + url.QueryEscape(now.Add(-time.Minute).Format(time.RFC3339)): {"", now.Add(-time.Minute), now},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseRange(q, now)
		if err != nil || got.Preset != want.Preset || !got.From.Equal(want.From) || !got.To.Equal(want.To) {
			t.Errorf("%q: %v %v", query, got, err)
		}
		// A fixed copy of a range asks for the same traces later.
		fixed := url.Values{}
		got.set(fixed, true)
		later, err := parseRange(fixed, now.Add(time.Hour))
		from, to := got.bounds()
		if f, e := later.bounds(); err != nil || f != from || e != to {
			t.Errorf("%q kept as %v is [%v, %v), want [%v, %v): %v", query, fixed, f, e, from, to, err)
		}
	}
}

func TestDrawTimelineStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tl := &radiograph.Timeline{Start: 1000, End: 1000 + radiograph.Timestamp(rapid.Int64Range(0, 1e12).Draw(t, "span"))}
		for range rapid.IntRange(1, 250).Draw(t, "rows") {
			start := tl.Start + radiograph.Timestamp(rapid.Int64Range(0, int64(tl.End-tl.Start)).Draw(t, "start"))
			end := start + radiograph.Timestamp(rapid.Int64Range(0, int64(tl.End-start)).Draw(t, "length"))
			tl.Rows = append(tl.Rows, radiograph.TimelineRow{Depth: rapid.IntRange(0, 40).Draw(t, "depth"), Name: rapid.SampledFrom([]string{"Attempt #1", "Attempt #2", "x", "Dwell Time"}).Draw(t, "name"), Start: start, End: end, InProgress: rapid.Bool().Draw(t, "open")})
		}
		v := drawTimeline(tl, radiograph.SegmentID{}, func(string) string { return "" })
		n := 0
		for _, chunk := range v.Chunks {
			for _, row := range chunk {
				n++
				x, w := number(t, row.X), number(t, row.Width)
				if x < 0 || w <= 0 || x+w > 100.01 || row.Indent > maxIndent {
					t.Fatalf("a bar at %s, %s wide, indented by %d", row.X, row.Width, row.Indent)
				}
				if row.Wait != "" && number(t, row.WaitX)+number(t, row.WaitWidth) > x+0.01+leastBar {
					t.Fatalf("the wait %s+%s does not end at %s", row.WaitX, row.WaitWidth, row.X)
				}
			}
		}
		if n != len(tl.Rows) {
			t.Fatalf("%d of %d rows", n, len(tl.Rows))
		}
	})
}

func number(t *rapid.T, percent string) float64 {
	var v float64
	if err := json.Unmarshal([]byte(strings.TrimSuffix(percent, "%")), &v); err != nil || !strings.HasSuffix(percent, "%") {
		t.Fatalf("%q is no share", percent)
	}
	return v
}
