package query

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
	"radiograph/trace"
)

// versions makes a group of pairs: since when, which expression.
func versions(t testing.TB, list ...any) *radiograph.Group {
	t.Helper()
	g := &radiograph.Group{Name: "g"}
	for i := 0; i < len(list); i += 2 {
		e, err := filter.Parse(list[i+1].(string), nil)
		if err != nil {
			t.Fatal(err)
		}
		g.Versions = append(g.Versions, radiograph.GroupVersion{Since: at(list[i].(time.Duration)), Expression: e.String(), Filter: e})
	}
	return g
}

// TestGroupsCountWhatTheyWanted puts traces before a group is made, under its
// first expression and under its second, and counts them in graph and series.
func TestGroupsCountWhatTheyWanted(t *testing.T) {
	store := storetest.NewModel()
	receive := func(when time.Duration, docs ...[]byte) {
		t.Helper()
		for _, doc := range docs {
			decoded, err := trace.Decode(doc)
			if err != nil {
				t.Fatal(err)
			}
			rec := &radiograph.Record{Trace: decoded[0].Trace, Root: decoded[0].Root, Received: at(when)}
			if _, err := store.Put(context.Background(), tenant, []*radiograph.Record{rec}, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	// When it was received decides, not when it happened.
	receive(time.Minute, request(1, 0, "a", 500, ""))
	receive(3*time.Minute, request(2, 0, "a", 500, ""), request(3, 0, "a", 404, ""), request(4, 0, "a", 200, ""))
	receive(6*time.Minute, request(5, 0, "a", 500, ""), request(6, 0, "a", 404, ""), request(7, 10*time.Minute, "a", 404, ""))
	e := open(store)
	group := versions(t, 2*time.Minute, "fault", 5*time.Minute, `error AND service("a")`)
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
		series, err := e.Series(t.Context(), tenant, SeriesQuery{From: at(from), To: at(to), Period: time.Hour, Selector: selector(t, "service()"), Group: g})
		if err != nil {
			t.Fatal(err)
		}
		var sum radiograph.Statistics
		for _, p := range series.Points {
			sum.Add(p.Statistics)
		}
		if again := fmt.Sprintf("%d ok %d error %d fault", sum.OK, sum.OtherError, sum.Fault); again != text && sum.Total() > 0 {
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
		{"the group", group, 0, time.Hour, "0 ok 2 error 1 fault"},
		{"its first minute", group, 0, time.Minute, "0 ok 1 error 1 fault"},
		{"another minute", group, 10 * time.Minute, 11 * time.Minute, "0 ok 1 error 0 fault"},
		{"where nothing is", group, 2 * time.Minute, 3 * time.Minute, "nothing"},
		{"a group of all", versions(t, -time.Hour, ""), 0, time.Hour, "1 ok 3 error 3 fault"},
		{"an expression that no longer parses", &radiograph.Group{Versions: []radiograph.GroupVersion{{}}}, 0, time.Hour, "nothing"},
	} {
		if got := count(test.group, test.from, test.to); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if !ContainsOldVersions(group, at(0)) || ContainsOldVersions(group, at(5*time.Minute)) || ContainsOldVersions(nil, 0) || ContainsOldVersions(versions(t, time.Minute, "fault"), 0) {
		t.Error("ContainsOldVersions is wrong")
	}
}

// TestGroupOfAllIsTheWhole holds the way groups are summed against the store's
// own sums.
func TestGroupOfAllIsTheWhole(t *testing.T) {
	store := storetest.NewModel()
	for i := range 40 {
		put(t, store, request(i, time.Duration(i)*7*time.Second, fmt.Sprint("s", i%3), 200+i%2*300, "orders"))
	}
	e := open(store)
	all := versions(t, -storetest.Epoch.Sub(time.Unix(0, 0)), "")
	for _, r := range [][2]time.Duration{{0, time.Hour}, {time.Minute, 2 * time.Minute}, {90 * time.Second, 100 * time.Second}} {
		want, err := e.ServiceGraph(t.Context(), tenant, at(r[0]), at(r[1]))
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.GroupGraph(t.Context(), tenant, all, at(r[0]), at(r[1]))
		if diff := cmp.Diff(want, got); diff != "" || err != nil || len(want.Services) == 0 {
			t.Errorf("%v: %v (-store +group):\n%s", r, err, diff)
		}
	}
	if _, err := open(broken{}).GroupGraph(t.Context(), tenant, all, at(0), at(1)); err == nil {
		t.Error("the store's error is lost")
	}
}
