package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
	"radiograph/trace"
)

func selector(t testing.TB, text string) *filter.Selector {
	t.Helper()
	s, err := filter.ParseSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request is a trace of one segment of 100 ms, and perhaps a call to a table.
func request(n int, at time.Duration, name string, status int, table string) []byte {
	start := float64(storetest.Epoch.Unix()) + at.Seconds()
	sub := ""
	if table != "" {
		sub = fmt.Sprintf(`,"subsegments":[{"id":"%016x","name":"DynamoDB","namespace":"aws","start_time":%.3f,"end_time":%.3f,"aws":{"table_name":%q}}]`, 1<<32+n, start+0.01, start+0.06, table)
	}
	return fmt.Appendf(nil, `{"id":"%016x","trace_id":%q,"name":%q,"start_time":%.3f,"end_time":%.3f,"http":{"response":{"status":%d}}%s}`,
		n+1, radiograph.TraceID{1, 14: byte(n >> 8), 15: byte(n)}, name, start, start+0.1, status, sub)
}

func TestSeries(t *testing.T) {
	store := storetest.NewModel()
	put(t, store,
		request(1, 0, "a", 200, "orders"), request(2, 10*time.Second, "a", 500, ""), request(3, 59*time.Second, "b", 404, ""),
		request(4, 61*time.Second, "a", 429, "orders"), request(5, 10*time.Minute, "b", 200, ""))
	e := open(store)
	millis := func(h radiograph.Histogram) string {
		text := ""
		for _, b := range h {
			text += fmt.Sprintf(" %dms×%d", b.Micros/1000, b.Count)
		}
		return text
	}
	ask := func(q SeriesQuery) []string {
		t.Helper()
		s, err := e.Series(t.Context(), tenant, q)
		if err != nil {
			t.Fatal(err)
		}
		list := []string{fmt.Sprintf("nodes %t", s.Nodes)}
		for _, p := range s.Points {
			st := p.Statistics
			list = append(list, fmt.Sprintf("%v ok %d error %d throttle %d fault %d, %d ms:%s",
				p.Time.Sub(at(0)), st.OK, st.OtherError, st.Throttle, st.Fault, st.TotalMicros/1000, millis(p.Histogram)))
		}
		return list
	}
	hour := SeriesQuery{From: at(0), To: at(time.Hour)}
	with := func(text string, period time.Duration) SeriesQuery {
		q := hour
		q.Period, q.Selector = period, selector(t, text)
		return q
	}
	late := hour
	late.From, late.To = at(70*time.Second), at(10*time.Minute)
	for _, test := range []struct {
		name string
		q    SeriesQuery
		want []string
	}{
		{"each trace once", hour, []string{
			"nodes false", "0s ok 1 error 1 throttle 0 fault 1, 300 ms: 100ms×3", "1m0s ok 0 error 0 throttle 1 fault 0, 100 ms: 100ms×1", "10m0s ok 1 error 0 throttle 0 fault 0, 100 ms: 100ms×1",
		}},
		{"a service", with(`service("a")`, 0), []string{
			"nodes true", "0s ok 1 error 0 throttle 0 fault 1, 200 ms: 100ms×2", "1m0s ok 0 error 0 throttle 1 fault 0, 100 ms: 100ms×1",
		}},
		{"a table by id", with(`id(name: "orders", type: "AWS::DynamoDB::Table")`, 0), []string{
			"nodes true", "0s ok 1 error 0 throttle 0 fault 0, 50 ms: 50ms×1", "1m0s ok 1 error 0 throttle 0 fault 0, 50 ms: 50ms×1",
		}},
		{"longer periods", with(`service("a") OR service("b")`, 5*time.Minute), []string{
			"nodes true", "0s ok 1 error 1 throttle 1 fault 1, 400 ms: 100ms×4", "10m0s ok 1 error 0 throttle 0 fault 0, 100 ms: 100ms×1",
		}},
		{"an edge", with(`edge("a", "orders")`, time.Hour), []string{"nodes false", "0s ok 2 error 0 throttle 0 fault 0, 100 ms: 50ms×2"}},
		{"nothing", with(`service("nosuch")`, 0), []string{"nodes true"}},
		{"minutes in part, the end not", late, []string{"nodes false", "1m0s ok 0 error 0 throttle 1 fault 0, 100 ms: 100ms×1"}},
	} {
		if diff := gocmp.Diff(test.want, ask(test.q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestSeriesAddsUp holds the series of any selector, period and page against a
// count over the traces' own contributions.
func TestSeriesAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := storetest.NewModel()
		var all []*radiograph.Contribution
		for _, story := range rapid.SliceOfN(storetest.Stories(), 1, 4).Draw(t, "stories") {
			for _, doc := range story.Plain() {
				decoded, err := trace.Decode(doc)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.Put(context.Background(), tenant, []*radiograph.Record{{Trace: story.ID, Root: decoded[0].Root}}, false); err != nil {
					t.Fatal(err)
				}
			}
			tr, _ := store.Trace(context.Background(), tenant, story.ID)
			all = append(all, trace.Contributions(tr)...)
		}
		period := time.Duration(rapid.IntRange(1, 7).Draw(t, "minutes")) * time.Minute
		text := rapid.SampledFrom([]string{`service()`, `edge()`, `id(type: "remote")`, `!id(type: "remote")`, `edge(id(type: "client"), )`}).Draw(t, "selector")
		sel, err := filter.ParseSelector(text)
		if err != nil {
			t.Fatal(err)
		}
		want := make(map[radiograph.Timestamp]radiograph.Statistics)
		for _, c := range all {
			isNode := c.Edge == radiograph.ServiceID{}
			if isNode != sel.Nodes() || isNode && !sel.Node(c.Node, tenant.Account) || !isNode && !sel.Edge(c.Node, c.Edge, tenant.Account) {
				continue
			}
			at := radiograph.Timestamp(time.Duration(c.Minute) * time.Minute / period * period)
			st := want[at]
			st.Add(c.Statistics)
			want[at] = st
		}
		got := make(map[radiograph.Timestamp]radiograph.Statistics)
		q := SeriesQuery{From: at(-time.Hour), To: at(24 * time.Hour), Period: period, Selector: sel}
		s, err := open(store).Series(context.Background(), tenant, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range s.Points {
			got[p.Time] = p.Statistics
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%s by %v (-want +got):\n%s", text, period, diff)
		}
	})
}

func TestSeriesPages(t *testing.T) {
	store := storetest.NewModel()
	const n = 2*pointsPerPage + 17
	for i := range n {
		put(t, store, request(i, time.Duration(i)*2*time.Minute, "a", 200+300*(i%2), ""))
	}
	e := open(store)
	q := SeriesQuery{From: at(0), To: at(n * 2 * time.Minute), Selector: selector(t, `id(name: "a")`), Forecast: true}
	var points []SeriesPoint
	for page := 1; ; page++ {
		s, err := e.Series(t.Context(), tenant, q)
		if err != nil {
			t.Fatal(err)
		}
		points = append(points, s.Points...)
		if q.Token = s.Token; q.Token == "" {
			if page != 3 {
				t.Errorf("%d pages, want 3", page)
			}
			break
		}
	}
	if len(points) != n || !slices.IsSortedFunc(points, func(a, b SeriesPoint) int { return cmp.Compare(a.Time, b.Time) }) {
		t.Fatalf("%d points of %d", len(points), n)
	}
	// A point's forecast hardly depends on the page it is on: what is older than a
	// day weighs next to nothing.
	q.From, q.Token = points[pointsPerPage+5].Time, ""
	s, err := e.Series(t.Context(), tenant, q)
	if off := s.Points[0].Forecast.High - points[pointsPerPage+5].Forecast.High; err != nil || max(off, -off) > 1 || points[pointsPerPage+5].Forecast.High == points[0].Forecast.High {
		t.Errorf("forecast %+v on page 2, %+v by itself, %v", points[pointsPerPage+5].Forecast, s.Points[0].Forecast, err)
	}
}

func TestBadSeries(t *testing.T) {
	e := open(storetest.NewModel())
	good := SeriesQuery{From: at(0), To: at(time.Hour)}
	for name, edit := range map[string]func(*SeriesQuery){
		"reversed":               func(q *SeriesQuery) { q.From, q.To = q.To, q.From },
		"too long":               func(q *SeriesQuery) { q.To = q.From.Add(maxWindow + 1) },
		"90 seconds":             func(q *SeriesQuery) { q.Period = 90 * time.Second },
		"negative":               func(q *SeriesQuery) { q.Period = -time.Minute },
		"services and edges":     func(q *SeriesQuery) { q.Selector = selector(t, `service("a") OR edge("a", "b")`) },
		"forecast of everything": func(q *SeriesQuery) { q.Forecast = true },
		"forecast of an edge":    func(q *SeriesQuery) { q.Forecast, q.Selector = true, selector(t, `edge("a", "b")`) },
		"garbage token":          func(q *SeriesQuery) { q.Token = "garbage!" },
		"token of summaries":     func(q *SeriesQuery) { q.Token = radiograph.Position{}.Token() },
	} {
		q := good
		edit(&q)
		if s, err := e.Series(t.Context(), tenant, q); radiograph.ErrorKind(err) != radiograph.KindInvalid || err == nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if s, err := e.Series(t.Context(), tenant, SeriesQuery{From: at(0), To: at(0)}); err != nil || len(s.Points) != 0 {
		t.Errorf("an empty range: %+v, %v", s, err)
	}
	if _, err := open(broken{}).Series(t.Context(), tenant, good); err == nil {
		t.Error("the store's error is lost")
	}
}
