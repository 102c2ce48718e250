package query

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
	"radiograph/trace"
)

// matcher is a list of groups that the store matches against.
type matcher []*radiograph.Group

func (m *matcher) Matching(radiograph.Tenant) []*radiograph.Group   { return *m }
func (*matcher) Matched(radiograph.Tenant, radiograph.GroupMatches) {}

// express gives group id another expression, and returns the group as it is now.
func (m *matcher) express(t testing.TB, id radiograph.GroupID, expression string) *radiograph.Group {
	t.Helper()
	e, err := filter.Parse(expression, nil)
	if err != nil {
		t.Fatal(err)
	}
	g := &radiograph.Group{ID: id}
	*m = slices.DeleteFunc(*m, func(o *radiograph.Group) bool {
		if o.ID == id {
			g.Versions = o.Versions
		}
		return o.ID == id
	})
	g.Versions = append(slices.Clone(g.Versions), radiograph.GroupVersion{Number: len(g.Versions) + 1, Expression: expression, Filter: e})
	*m = append(*m, g)
	return g
}

// TestGroupsCountWhatTheyWanted puts traces before a group is made, under its
// first expression and under its second, and counts them in graph and series.
func TestGroupsCountWhatTheyWanted(t *testing.T) {
	store, groups := storetest.NewModel(), &matcher{}
	store.MatchGroups(groups)
	receive := func(docs ...[]byte) {
		t.Helper()
		for _, doc := range docs {
			decoded, err := trace.Decode(doc)
			if err != nil {
				t.Fatal(err)
			}
			rec := &radiograph.Record{Trace: decoded[0].Trace, Root: decoded[0].Root}
			if _, err := store.Put(context.Background(), tenant, []*radiograph.Record{rec}, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	receive(request(1, 0, "a", 500, ""))
	all := groups.express(t, 2, "")
	groups.express(t, 1, "fault")
	receive(request(2, 0, "a", 500, ""), request(3, 0, "a", 404, ""), request(4, 0, "a", 200, ""))
	first := (*groups)[1]
	group := groups.express(t, 1, `error AND service("a")`)
	receive(request(5, 0, "a", 500, ""), request(6, 0, "a", 404, ""), request(7, 10*time.Minute, "a", 404, ""))
	e := open(store)
	count := func(g *radiograph.Group, from, to time.Duration) string {
		t.Helper()
		graph, err := e.GroupGraph(t.Context(), tenant, g, at(from), at(to))
		if err != nil {
			t.Fatal(err)
		}
		text := "nothing"
		for _, n := range graph.Services {
			if n.Statistics != nil {
				text = fmt.Sprintf("%d ok %d error %d fault", n.Statistics.OK, n.Statistics.OtherError, n.Statistics.Fault)
			}
		}
		if graph.OldGroupVersions {
			text += ", old"
		}
		series, err := e.Series(t.Context(), tenant, SeriesQuery{From: at(from), To: at(to), Period: time.Hour, Selector: selector(t, "service()"), Group: g})
		if err != nil {
			t.Fatal(err)
		}
		var sum radiograph.Statistics
		for _, p := range series.Points {
			sum.Add(p.Statistics)
		}
		again := "nothing"
		if sum.Total() > 0 {
			again = fmt.Sprintf("%d ok %d error %d fault", sum.OK, sum.OtherError, sum.Fault)
		}
		if series.OldGroupVersions {
			again += ", old"
		}
		if again != text {
			t.Errorf("the graph has %s, the series %s", text, again)
		}
		return text
	}
	for _, test := range []struct {
		name     string
		group    *radiograph.Group
		from, to time.Duration
		want     string
	}{
		{"all traces", nil, 0, time.Hour, "1 ok 3 error 3 fault"},
		{"the group", group, 0, time.Hour, "0 ok 2 error 1 fault, old"},
		{"its first minute", group, 0, time.Minute, "0 ok 1 error 1 fault, old"},
		{"a minute after the change", group, 10 * time.Minute, 11 * time.Minute, "0 ok 1 error 0 fault"},
		{"where nothing is", group, 2 * time.Minute, 3 * time.Minute, "nothing"},
		{"the group as it was", first, 10 * time.Minute, 11 * time.Minute, "0 ok 1 error 0 fault, old"},
		{"a group of all", all, 0, time.Hour, "1 ok 3 error 2 fault"},
		{"a group never matched", &radiograph.Group{ID: 9, Versions: []radiograph.GroupVersion{{Number: 1}}}, 0, time.Hour, "nothing"},
	} {
		if got := count(test.group, test.from, test.to); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if _, err := open(broken{}).GroupGraph(t.Context(), tenant, all, at(0), at(1)); err == nil {
		t.Error("the store's error is lost")
	}
}
