package xray

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
)

// TestHistogramsWriteThemselves wants the numbers encoding/json writes.
func TestHistogramsWriteThemselves(t *testing.T) {
	if got := string(newHistogram(nil).AppendJSON(nil)); got != "[]" {
		t.Errorf("an empty histogram: %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		var h radiograph.Histogram
		for range rapid.IntRange(1, 4).Draw(t, "bars") {
			micros := rapid.OneOf(rapid.Int64Range(0, 2000), rapid.Int64Range(0, 1e12)).Draw(t, "micros")
			h = h.With(radiograph.Bar{Micros: radiograph.Bucket(micros), Count: rapid.Int64Range(1, 1e9).Draw(t, "count")})
		}
		got := string(newHistogram(h).AppendJSON(nil))
		var back []histogramEntry
		if err := json.Unmarshal([]byte(got), &back); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		if d := cmp.Diff([]histogramEntry(newHistogram(h)), back); d != "" {
			t.Fatalf("%s (-want +got):\n%s", got, d)
		}
		if want, err := json.Marshal(back); err != nil || string(want) != got && !strings.Contains(string(want), "e-") {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}
