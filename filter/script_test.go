package filter_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/filter"
)

var update = flag.Bool("update", false, "rewrite the expected answers in testdata")

// compare holds a file of testdata against what it should say.
func compare(t *testing.T, file, before, after string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(strings.Split(before, "\n"), strings.Split(after, "\n")); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// linesOf are the lines of a file without the answers, which are indented by two
// blanks and a colon.
func linesOf(t *testing.T, file string) (before string, lines []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "  : ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return string(b), lines
}

func scriptGroups(g filter.Group) (string, bool) {
	switch g.Name {
	case "slow":
		return "responsetime > 7.5", true
	case "loop":
		return `fault OR group.name = "loop"`, true
	case "wrong":
		return "foo = 1", true
	}
	return "", g.Name == filter.DefaultGroup || g.ARN == "arn:aws:xray:eu-west-1:"+oracleAccount+":group/Default"
}

// TestExamples holds each documented example against a handful of traces.
func TestExamples(t *testing.T) {
	const file = "testdata/examples.txt"
	before, lines := linesOf(t, file)
	var names []string
	docs := make(map[string][][]byte)
	views := make(map[string]*radiograph.FilterView)
	var out strings.Builder
	for _, line := range lines {
		out.WriteString(line + "\n")
		if name, ok := strings.CutPrefix(line, "trace "); ok {
			names = append(names, name)
			continue
		}
		if strings.HasPrefix(line, "{") {
			last := names[len(names)-1]
			docs[last] = append(docs[last], []byte(`{"trace_id":"1-00000001-0000000000000000000000`+string("0123456789"[len(names)])+`0",`+line[1:]))
		} else if strings.HasPrefix(line, " ") {
			list := docs[names[len(names)-1]]
			list[len(list)-1] = append(list[len(list)-1], line...)
		}
		text, ok := strings.CutPrefix(line, "match")
		if !ok {
			continue
		}
		e, err := filter.Parse(strings.TrimPrefix(text, " "), scriptGroups)
		if err != nil {
			out.WriteString("  : " + err.Error() + "\n")
			continue
		}
		var found []string
		for _, name := range names {
			if views[name] == nil {
				views[name] = view(t, docs[name])
			}
			v := views[name]
			verdict, bySummary := e.Judge(v), e.Judge(summaryOnly(v))
			switch {
			case verdict == radiograph.Undecided, bySummary != radiograph.Undecided && bySummary != verdict:
				t.Errorf("%s of %s: verdict %d, by the summary %d", e, name, verdict, bySummary)
			case verdict == radiograph.Yes && bySummary == radiograph.Undecided:
				found = append(found, name+"?")
			case verdict == radiograph.Yes:
				found = append(found, name)
			}
			if verdict == radiograph.Yes && !e.Condition().Holds(v.Summary) {
				t.Errorf("%s: the condition leaves out %s", e, name)
			}
		}
		out.WriteString("  : " + e.String() + "\n  : " + strings.Join(found, " ") + "\n")
	}
	compare(t, file, before, out.String())
}

// TestInvalid holds each wrong line against its error.
func TestInvalid(t *testing.T) {
	const file = "testdata/invalid.txt"
	before, lines := linesOf(t, file)
	var out strings.Builder
	for _, line := range lines {
		out.WriteString(line + "\n")
		if line == "" || strings.HasPrefix(line, "# ") {
			continue
		}
		e, err := filter.Parse(line, scriptGroups)
		if err == nil {
			t.Errorf("%s: no error, parsed as %s", line, e)
			continue
		}
		var where *filter.InvalidError
		if radiograph.ErrorKind(err) != radiograph.KindInvalid || !errors.As(err, &where) ||
			where.Position < 1 || where.Position > len([]rune(line))+1 || where.Error() != err.Error() {
			t.Errorf("%s: %#v", line, err)
		}
		out.WriteString("  : " + strings.TrimPrefix(err.Error(), "Invalid filter expression: ") + "\n")
	}
	compare(t, file, before, out.String())
}

// seeds are the expressions of a file.
func seeds(t testing.TB, file string) []string {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "trace ") && !strings.HasPrefix(line, `{"id"`) {
			out = append(out, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "match "))
		}
	}
	return out
}
