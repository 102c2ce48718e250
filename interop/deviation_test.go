package interop

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// deviation is one row of deviations.txt: a difference from the public model
// that is meant, and where it is recorded that the service (or the project)
// does it so.
type deviation struct {
	finding string // as the oracle words it; * stands for any one word, at the end for all that follows
	source  string
	line    int
	used    bool
}

func (d *deviation) matches(finding string) bool {
	want, got := strings.Fields(d.finding), strings.Fields(finding)
	for i, word := range want {
		switch {
		case i >= len(got):
			return false
		case word == "*" && i == len(want)-1:
			return true
		case word != "*" && word != got[i]:
			return false
		}
	}
	return len(want) == len(got)
}

// readDeviations reads "finding # source" lines; lines that begin with # and
// empty lines are for people.
func readDeviations(t testing.TB) []*deviation {
	t.Helper()
	f, err := os.Open("deviations.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []*deviation
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		finding, source, ok := strings.Cut(line, " # ")
		if !ok || strings.TrimSpace(source) == "" {
			t.Errorf("deviations.txt:%d has no source", n)
		}
		rows = append(rows, &deviation{finding: strings.TrimSpace(finding), source: source, line: n})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// judge fails the test for each finding that no row allows and each row that
// allows nothing any more.
func judge(t testing.TB, findings []string) {
	t.Helper()
	rows := readDeviations(t)
	for _, f := range findings {
		allowed := false
		for _, row := range rows {
			if row.matches(f) {
				row.used, allowed = true, true
			}
		}
		if !allowed {
			t.Errorf("%s", f)
		}
	}
	for _, row := range rows {
		if !row.used {
			t.Errorf("deviations.txt:%d no longer applies: %s", row.line, row.finding)
		}
	}
}
