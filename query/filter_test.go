package query

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
	"radiograph/trace"
)

// expressions are some that a summary decides and some that it does not.
var expressions = []string{
	"", "fault", "!ok", "ok", "duration >= 2 partial", `service("shop")`, `annotation.n > 1 OR user = "u7"`, "inferred",
	`service("pay") { fault }`, `edge("shop", "pay")`, `!edge()`, `service("shop") { !ok } OR responsetime < 1`,
	`rootcause.fault.service { last AND name = "pay" }`, `service() { inferred AND name = "orders" } AND !fault`,
}

func parse(t testing.TB, text string) radiograph.Filter {
	t.Helper()
	f, err := filter.Parse(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFilteredPages holds pages of any size against the judgement of every
// merged trace, and wants every trace counted, wanted or not.
func TestFilteredPages(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		store := storetest.NewModel()
		var traces []*radiograph.Trace
		for _, story := range rapid.SliceOfN(storetest.Stories(), 1, 6).Draw(rt, "stories") {
			put(t, store, story.Tell(rt)...)
			tr, _ := store.Trace(context.Background(), tenant, story.ID)
			traces = append(traces, tr)
		}
		e := open(store)
		q := radiograph.SummaryQuery{From: at(-time.Hour), To: at(time.Hour), RangeType: radiograph.TimeRangeType(rapid.IntRange(0, 1).Draw(rt, "range"))}
		q.Filter = parse(t, rapid.SampledFrom(expressions).Draw(rt, "filter"))
		want := make(map[radiograph.TraceID]bool)
		for _, tr := range traces {
			if q.Filter.Judge(trace.FilterView(tr, trace.Summarize(tr), tenant.Account)) == radiograph.Yes {
				want[tr.ID] = true
			}
		}
		for _, limit := range []int{1, 2, 0} {
			q.Limit = limit
			ids, processed, _ := pages(t, e, q)
			got := make(map[radiograph.TraceID]bool)
			for _, id := range ids {
				got[id] = true
			}
			if d := cmp.Diff(want, got); d != "" || len(ids) != len(got) || processed != int64(len(traces)) {
				rt.Fatalf("%s, pages of %d: %d of %d processed (-want +got):\n%s", q.Filter, limit, processed, len(traces), d)
			}
		}
	})
}

// reads counts the traces read whole.
type reads struct {
	radiograph.TraceStore
	n int
}

func (r *reads) Trace(ctx context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Trace, error) {
	r.n++
	return r.TraceStore.Trace(ctx, t, id)
}

// TestFilterReadsWhatItMust wants merged traces read only where summaries do not
// tell.
func TestFilterReadsWhatItMust(t *testing.T) {
	store := &reads{TraceStore: storetest.NewModel()}
	const n = 9
	for i := range n {
		put(t, store.TraceStore, fmt.Appendf(nil, `{"id":"%016x","trace_id":"%s","name":"s%d","start_time":%d,"end_time":%d}`,
			i+1, radiograph.TraceID{1, 15: byte(i)}, i%3, storetest.Epoch.Unix(), storetest.Epoch.Unix()+1))
	}
	e := open(store)
	for _, test := range []struct {
		filter       string
		found, reads int
	}{
		{"ok", n, 0},
		{`service("s1")`, n / 3, 0},
		{`service("s1") { ok }`, n / 3, n / 3},
		{`edge("s1", "s2")`, 0, 0},
		{`edge(, "s2")`, n / 3, n / 3},
		{`fault AND inferred`, 0, 0},
		{`ok OR inferred`, n, 0},
		{`!inferred`, n, n},
	} {
		store.n = 0
		page, err := e.Summaries(t.Context(), tenant, radiograph.SummaryQuery{From: at(0), To: at(time.Hour), Filter: parse(t, test.filter)})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Summaries) != test.found || store.n != test.reads || page.TracesProcessed != n {
			t.Errorf("%s: %d found, %d read, %d processed; want %d, %d, %d", test.filter, len(page.Summaries), store.n, page.TracesProcessed, test.found, test.reads, n)
		}
	}
}

// empty is a store with many summaries and no trace, as when they have just
// been deleted.
type empty struct{ flood }

func (empty) Trace(context.Context, radiograph.Tenant, radiograph.TraceID) (*radiograph.Trace, error) {
	return nil, nil
}

func TestPageEndsBeforeItReadsForever(t *testing.T) {
	const extra = 3
	e := open(empty{flood{n: maxRead + extra}})
	q := radiograph.SummaryQuery{From: at(0), To: at(1), Filter: parse(t, "inferred")}
	endsEarly(t, e, q, maxRead, extra)
}

// gone is a store that lists a trace and then fails to read it.
type gone struct{ radiograph.TraceStore }

func (gone) Summaries(context.Context, radiograph.Tenant, radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	return func(yield func(*radiograph.Summary, error) bool) { yield(&radiograph.Summary{IndexTime: at(0)}, nil) }
}

func (gone) Trace(context.Context, radiograph.Tenant, radiograph.TraceID) (*radiograph.Trace, error) {
	return nil, errBroken
}

func TestFilterErrors(t *testing.T) {
	e := open(gone{})
	if _, err := e.Summaries(t.Context(), tenant, radiograph.SummaryQuery{From: at(0), To: at(1), Filter: parse(t, "inferred")}); !errors.Is(err, errBroken) {
		t.Errorf("%v, want the store's error", err)
	}
}
