package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file of testdata, or rewrites it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got; rewrite with -update):\n%s", path, diff)
	}
}

// timelineOf lays out the documents of a file of testdata as if BatchGetTraces
// had answered them.
func timelineOf(t *testing.T, path string) *radiograph.Timeline {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var documents []json.RawMessage
	if err := json.Unmarshal(b, &documents); err != nil {
		t.Fatal(err)
	}
	fetched := fetchedTrace{ID: "1-67891233-abcdef012345678912345678"}
	for _, d := range documents {
		fetched.Segments = append(fetched.Segments, fetchedSegment{Document: string(d)})
	}
	tl, err := fetched.timeline()
	if err != nil {
		t.Fatal(err)
	}
	return tl
}

func TestWaterfall(t *testing.T) {
	inputs, err := filepath.Glob("testdata/waterfall/*.json")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no input: %v", err)
	}
	for _, input := range inputs {
		for _, width := range []int{60, 100, 160} {
			name := strings.TrimSuffix(filepath.Base(input), ".json")
			t.Run(fmt.Sprintf("%s/%d", name, width), func(t *testing.T) {
				var b bytes.Buffer
				if err := (waterfall{screen{width: width}, time.UTC}).write(&b, timelineOf(t, input)); err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(b.String()) {
					line = strings.TrimSuffix(line, "\n")
					if n := textWidth(line); n > width && !strings.HasPrefix(line, "trace ") {
						t.Errorf("line of %d columns on a screen of %d: %q", n, width, line)
					}
					if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
						t.Errorf("control characters in %q", line)
					}
				}
				golden(t, fmt.Sprintf("testdata/waterfall/%s.%d.txt", name, width), b.String())
			})
		}
	}
}

// Colour adds SGR sequences and nothing else.
func TestWaterfallColour(t *testing.T) {
	tl := timelineOf(t, "testdata/waterfall/fault.json")
	var plain, coloured bytes.Buffer
	for _, w := range []struct {
		out    *bytes.Buffer
		colour bool
	}{{&plain, false}, {&coloured, true}} {
		if err := (waterfall{screen{width: 100, colour: w.colour}, time.UTC}).write(w.out, tl); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(coloured.String(), "\x1b["+red+"m") {
		t.Error("a fault is not red")
	}
	stripped := coloured.String()
	for _, sgr := range []string{"0", dim, bold, red, green, yellow, blue, magenta} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+sgr+"m", "")
	}
	if diff := cmp.Diff(plain.String(), stripped); diff != "" {
		t.Errorf("colour changes the text (-plain +coloured):\n%s", diff)
	}
}

func TestBar(t *testing.T) {
	tl := &radiograph.Timeline{Start: 1000, End: 2000}
	for _, test := range []struct {
		name       string
		start, end radiograph.Timestamp
		inProgress bool
		want       string
	}{
		{"whole", 1000, 2000, false, "██████████"},
		{"first half", 1000, 1500, false, "█████"},
		{"half columns", 1050, 1150, false, "▐▌"},
		{"an instant is still seen", 1500, 1500, false, "     ▌"},
		{"an instant at the end", 2000, 2000, false, "         ▐"},
		{"running", 1500, 1500, true, "     ░░░░░"},
		{"outside the axis", 0, 9000, false, "██████████"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := bar(tl, &radiograph.TimelineRow{Start: test.start, End: test.end, InProgress: test.inProgress}, 10)
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	empty := &radiograph.Timeline{Start: 5, End: 5}
	if got := bar(empty, &radiograph.TimelineRow{Start: 5, End: 5}, 10); got != "▌" {
		t.Errorf("a trace of no length: %q", got)
	}
}

func TestFormatDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1:                                    "0 ms",
		0:                                     "0 ms",
		300:                                   "1 µs",
		350 * time.Microsecond:                "350 µs",
		999400 * time.Nanosecond:              "999 µs",
		999600 * time.Nanosecond:              "1.00 ms",
		4256 * time.Microsecond:               "4.26 ms",
		9996 * time.Microsecond:               "10.0 ms",
		45200 * time.Microsecond:              "45.2 ms",
		99960 * time.Microsecond:              "100 ms",
		999499 * time.Microsecond:             "999 ms",
		999600 * time.Microsecond:             "1.00 s",
		1250 * time.Millisecond:               "1.25 s",
		59940 * time.Millisecond:              "59.9 s",
		59960 * time.Millisecond:              "1m00s",
		125 * time.Second:                     "2m05s",
		3*time.Hour + 29*time.Minute + 31*1e9: "3h30m",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("%d ns: got %q, want %q", int64(d), got, want)
		}
	}
}

func TestClean(t *testing.T) {
	const hostile = "a\tb\x1b[2J\r\u202ec\x9b"
	if got, want := clean(hostile), "a·b·[2J··c·"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := cleanLog(hostile), "a\tb·[2J··c·"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"東京駅", 6, "東京駅"},
		{"東京駅", 5, "東京…"},
		{"東京駅", 4, "東…"},
		{"x", 0, ""},
	} {
		got := fit(test.text, test.columns)
		if got != test.want || textWidth(got) > test.columns || !utf8.ValidString(got) {
			t.Errorf("fit(%q, %d): got %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}

func TestScreen(t *testing.T) {
	t.Setenv("COLUMNS", "")
	if got := screenOf(&bytes.Buffer{}); got != (screen{width: plainWidth}) {
		t.Errorf("no terminal: %+v", got)
	}
	for columns, want := range map[string]int{"80": 80, "5": minWidth, "9999": maxWidth, "x": plainWidth} {
		t.Setenv("COLUMNS", columns)
		if got := screenOf(&bytes.Buffer{}).width; got != want {
			t.Errorf("COLUMNS=%s: width %d, want %d", columns, got, want)
		}
	}
}
