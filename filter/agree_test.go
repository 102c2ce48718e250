package filter_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
	"radiograph/trace"
	"radiograph/truth"
)

// oracleAccount owns what names no account.
const oracleAccount = truth.Account

// drawn makes the oracle's choices by a property test, so that a failure is
// reduced to few.
type drawn struct{ *rapid.T }

func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "choice") }

func oracleGroups(g filter.Group) (string, bool) {
	if g.Name == "Default" {
		return "", true
	}
	expression, ok := truth.Groups[g.Name]
	return expression, ok
}

// view makes the filter's view of documents the way the program does.
func view(t interface {
	Helper()
	Fatal(...any)
}, docs [][]byte,
) *radiograph.FilterView {
	t.Helper()
	var recs []*radiograph.Record
	for _, d := range docs {
		decoded, err := trace.Decode(d)
		if err != nil {
			t.Fatal(err, string(d))
		}
		for _, one := range decoded {
			recs = append(recs, &radiograph.Record{Trace: one.Trace, Root: one.Root, Sequence: uint64(len(recs) + 1)})
		}
	}
	tr := trace.Merge(recs[0].Trace, recs)
	return trace.FilterView(tr, trace.Summarize(tr), oracleAccount)
}

// summaryOnly is the view before the trace was read.
func summaryOnly(v *radiograph.FilterView) *radiograph.FilterView {
	return &radiograph.FilterView{Summary: v.Summary, Account: v.Account}
}

// TestAgreesWithTheOracle holds evaluation, the verdict by the summary alone,
// the conditions and the printed form against brute force over raw documents.
func TestAgreesWithTheOracle(t *testing.T) {
	asked, wanted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var ledger truth.Ledger
		var docs [][]byte
		for _, d := range truth.NewGenerator(drawn{t}).Trace(int64(radiograph.TimestampOf(storetest.Epoch))) {
			ledger.Put(d)
			docs = append(docs, []byte(d))
		}
		raw, v := ledger.Traces()[0], view(t, docs)
		for range 24 {
			q := truth.NewQuestion(drawn{t})
			e, err := filter.Parse(q.Text, oracleGroups)
			if err != nil {
				t.Fatalf("%s\n%v", q.Text, err)
			}
			want := q.Eval(raw)
			if got := e.Judge(v); got != radiograph.VerdictOf(want) {
				t.Fatalf("%s\nprinted %s\nverdict %d, the oracle says %v of\n%s", q.Text, e, got, want, docs)
			}
			if got := e.Judge(summaryOnly(v)); got != radiograph.Undecided && got != radiograph.VerdictOf(want) {
				t.Fatalf("%s\nby the summary alone %d, the oracle says %v of\n%s", q.Text, got, want, docs)
			}
			if want && !e.Condition().Holds(v.Summary) {
				t.Fatalf("%s\ncondition %+v leaves out a wanted trace\n%s", q.Text, e.Condition(), docs)
			}
			sameAgain(t, e)
			asked++
			if want {
				wanted++
			}
		}
	})
	if share := float64(wanted) / float64(asked); math.IsNaN(share) || share < 0.15 || share > 0.85 {
		t.Errorf("%d of %d questions were answered yes: they tell little", wanted, asked)
	}
}

// sameAgain holds an expression against what its printed form parses to.
func sameAgain(t interface {
	Helper()
	Fatalf(string, ...any)
}, e *filter.Expression,
) {
	t.Helper()
	again, err := filter.Parse(e.String(), oracleGroups)
	if err != nil {
		t.Fatalf("printed form %s: %v", e, err)
	}
	if !filter.Same(e, again) || e.String() != again.String() {
		t.Fatalf("printed form %s\nis another expression: %s", e, again)
	}
}
