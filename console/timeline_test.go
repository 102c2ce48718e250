package console

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"radiograph"
)

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
