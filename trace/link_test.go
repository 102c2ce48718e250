package trace

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// linked is a trace of one segment with links: pairs of a trace number and a
// type.
func linked(t *testing.T, n int, name string, start, end float64, links ...any) *radiograph.Trace {
	t.Helper()
	text := ""
	for i := 0; i < len(links); i += 2 {
		if text != "" {
			text += ","
		}
		text += fmt.Sprintf(`{"trace_id":"1-66f0a1b2-%024x","id":"%016x","attributes":{"aws.xray.reserved.reference_type":%q}}`, links[i], links[i], links[i+1])
	}
	ending := fmt.Sprintf(`"end_time":%.3f`, end)
	if end == 0 {
		ending = `"in_progress":true`
	}
	decoded, err := Decode(fmt.Appendf(nil, `{"trace_id":"1-66f0a1b2-%024x","id":"%016x","name":%q,"start_time":%.3f,%s,"links":[%s]}`, n, n, name, start, ending, text))
	if err != nil {
		t.Fatal(err)
	}
	return Merge(decoded[0].Trace, []*radiograph.Record{{Trace: decoded[0].Trace, Root: decoded[0].Root}})
}

func TestLinkContributions(t *testing.T) {
	for _, test := range []struct {
		name   string
		traces []*radiograph.Trace
		want   []string
	}{
		{"stated by the consumer", []*radiograph.Trace{linked(t, 1, "a", 10, 11), linked(t, 2, "b", 13, 15, 1, "parent")}, []string{"a→b ok 1, 2000 ms, age 2000 ms"}},
		{"stated by the producer", []*radiograph.Trace{linked(t, 1, "a", 10, 11, 2, "child"), linked(t, 2, "b", 13, 15)}, []string{"a→b ok 1, 2000 ms, age 2000 ms"}},
		{"stated by both, and twice", []*radiograph.Trace{linked(t, 1, "a", 10, 11, 2, "child", 2, "child"), linked(t, 2, "b", 13, 15, 1, "parent")}, []string{"a→b ok 1, 2000 ms, age 2000 ms"}},
		{"received before the producer ended", []*radiograph.Trace{linked(t, 1, "a", 10, 14), linked(t, 2, "b", 13, 15, 1, "parent")}, []string{"a→b ok 1, 2000 ms, age 0 ms"}},
		{
			"a batch",
			[]*radiograph.Trace{linked(t, 1, "a", 10, 11), linked(t, 2, "a", 11, 12), linked(t, 3, "b", 13, 15, 1, "parent", 2, "parent")},
			[]string{"a→b ok 1, 2000 ms, age 1000 ms", "a→b ok 1, 2000 ms, age 2000 ms"},
		},
		{"in progress", []*radiograph.Trace{linked(t, 1, "a", 10, 11), linked(t, 2, "b", 13, 0, 1, "parent")}, nil},
		{"a trace that is not at hand", []*radiograph.Trace{linked(t, 2, "b", 13, 15, 1, "parent")}, nil},
		{"itself", []*radiograph.Trace{linked(t, 1, "a", 10, 11, 1, "parent")}, nil},
	} {
		var got []string
		for _, c := range LinkContributions(test.traces) {
			for _, bar := range c.Durations {
				got = append(got, fmt.Sprintf("%s→%s ok %d, %d ms, age %d ms", c.Node.Name, c.Edge.Name, c.OK, c.TotalMicros/1000, bar.Micros/1000))
			}
			if !c.Link {
				t.Errorf("%s: %+v is no link", test.name, c)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestLinks(t *testing.T) {
	tr := linked(t, 1, "a", 10, 11, 5, "parent", 2, "parent", 5, "parent", 3, "child")
	var got []string
	for _, l := range Links(tr) {
		got = append(got, fmt.Sprint(l.Service.Name, " ", l.Type, " ", len(l.Targets)))
	}
	if diff := cmp.Diff([]string{"a child 1", "a parent 2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
