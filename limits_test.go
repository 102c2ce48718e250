package radiograph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLimits(t *testing.T) {
	change := func(l Limits, f func(*Limits)) Limits { f(&l); return l }
	for _, test := range []struct {
		text string
		want Limits
		err  bool
	}{
		{text: "", want: LocalLimits()},
		{text: "local", want: LocalLimits()},
		{text: "aws", want: AWSLimits()},
		{text: "aws, groups=100", want: change(AWSLimits(), func(l *Limits) { l.Groups = 100 })},
		{text: "segments-per-second=50,trace-bytes=none", want: change(LocalLimits(), func(l *Limits) { l.SegmentsPerSecond, l.TraceBytes = 50, 0 })},
		{text: "azure", err: true},
		{text: "groups", err: true},
		{text: "groups=-1", err: true},
		{text: "groups=many", err: true},
		{text: "groups=1,aws", err: true},
	} {
		got, err := ParseLimits(test.text)
		if (err != nil) != test.err {
			t.Errorf("ParseLimits(%q): %v", test.text, err)
		}
		if d := cmp.Diff(test.want, got); d != "" && !test.err {
			t.Errorf("ParseLimits(%q) (-want +got):\n%s", test.text, d)
		}
	}
}

// Each limit can be read back under its name.
func TestLimitsAreListed(t *testing.T) {
	l := AWSLimits()
	for _, row := range l.List() {
		if row.Value == 0 || row.Effect == "" {
			t.Errorf("%s: %d, %q", row.Name, row.Value, row.Effect)
		}
		if err := l.set(row.Name, "0"); err != nil {
			t.Error(err)
		}
	}
	if l != (Limits{}) {
		t.Errorf("not every limit has a name: %+v", l)
	}
}
