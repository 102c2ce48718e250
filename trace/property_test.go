package trace_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/storetest"
	"radiograph/trace"
)

// mergeDocs merges documents in the order of their arrival, their records in
// another.
func mergeDocs(t *rapid.T, id radiograph.TraceID, docs [][]byte) *radiograph.Trace {
	var recs []*radiograph.Record
	for i, doc := range docs {
		decoded, err := trace.Decode(doc)
		if err != nil {
			t.Fatalf("Decode(%s): %v", doc, err)
		}
		recs = append(recs, &radiograph.Record{Trace: id, Sequence: uint64(i + 1), Root: decoded[0].Root})
	}
	return trace.Merge(id, rapid.Permutation(recs).Draw(t, "records"))
}

// TestAnyTellingGivesTheSameTrace is the promise of Merge: order, split and
// repetition do not matter, to trace, summary, graph or rows.
func TestAnyTellingGivesTheSameTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story := storetest.Stories().Draw(t, "story")
		want := mergeDocs(t, story.ID, story.Plain())
		got := mergeDocs(t, story.ID, story.Tell(t))
		if d := cmp.Diff(storetest.Describe(want), storetest.Describe(got)); d != "" {
			t.Fatalf("trace (-plain +told):\n%s", d)
		}
		wantSummary, gotSummary := trace.Summarize(want), trace.Summarize(got)
		wantSummary.Revision, gotSummary.Revision = 0, 0
		if d := cmp.Diff(wantSummary, gotSummary); d != "" {
			t.Fatalf("summary (-plain +told):\n%s", d)
		}
		if d := cmp.Diff(storetest.DescribeContributions(trace.Contributions(want)), storetest.DescribeContributions(trace.Contributions(got))); d != "" {
			t.Fatalf("contributions (-plain +told):\n%s", d)
		}
		if d := cmp.Diff(trace.Lay(want), trace.Lay(got)); d != "" {
			t.Fatalf("timeline (-plain +told):\n%s", d)
		}
	})
}

// TestDifferencesAddUp holds a store's way, adding the difference at each
// change, against counting the final trace.
func TestDifferencesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story := storetest.Stories().Draw(t, "story")
		docs := story.Tell(t)
		var sums, before []*radiograph.Contribution
		for i := range docs {
			now := trace.Contributions(mergeDocs(t, story.ID, docs[:i+1]))
			for _, c := range before {
				sums = append(sums, c.Negative())
			}
			sums = append(sums, now...)
			before = now
		}
		if d := cmp.Diff(storetest.DescribeContributions(before), storetest.DescribeContributions(sums)); d != "" {
			t.Fatalf("sums (-final +differences):\n%s", d)
		}
	})
}

// TestGraphAddsUp holds the graph's own arithmetic: histograms count what the
// statistics count, every edge leads to a node, the client's edge is the root's
// requests, and no node is called more often than it was asked.
func TestGraphAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cs []*radiograph.Contribution
		for _, story := range rapid.SliceOfN(storetest.Stories(), 1, 4).Draw(t, "stories") {
			cs = append(cs, trace.Contributions(mergeDocs(t, story.ID, story.Tell(t)))...)
		}
		g := trace.Graph(slices.Values(cs), 0, 1)
		calls := make(map[int]int64)
		for i, n := range g.Services {
			if n.ReferenceID != i {
				t.Fatalf("node %d has number %d", i, n.ReferenceID)
			}
			for _, e := range n.Edges {
				if countOf(e.Histogram) != e.Statistics.Total() {
					t.Fatalf("edge of %v: histogram %v, total %d", n.ServiceID, e.Histogram, e.Statistics.Total())
				}
				if n.Type != "client" {
					calls[e.Target] += e.Statistics.Total()
				} else if target := g.Services[e.Target]; !target.Root || target.Name != n.Name {
					t.Fatalf("client %v leads to %v", n.ServiceID, target.ServiceID)
				} else {
					calls[e.Target] += e.Statistics.Total()
				}
			}
		}
		for _, n := range g.Services {
			if n.Statistics == nil {
				if len(n.Edges) == 0 {
					t.Fatalf("node %v has neither numbers nor edges", n.ServiceID)
				}
				continue
			}
			if total := n.Statistics.Total(); countOf(n.DurationHistogram) != total || countOf(n.ResponseHistogram) != total {
				t.Fatalf("node %v: histograms %v and %v, total %d", n.ServiceID, n.DurationHistogram, n.ResponseHistogram, total)
			}
			if calls[n.ReferenceID] > n.Statistics.Total() {
				t.Fatalf("node %v: called %d times, asked %d times", n.ServiceID, calls[n.ReferenceID], n.Statistics.Total())
			}
		}
	})
}

func countOf(h radiograph.Histogram) (n int64) {
	for _, c := range h {
		n += c
	}
	return n
}

// TestInferredSegmentsKeepTheirIDs holds that a segment once inferred keeps its
// id, its call and its name for as long as it is inferred.
func TestInferredSegmentsKeepTheirIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story := storetest.Stories().Draw(t, "story")
		docs := story.Tell(t)
		seen := make(map[radiograph.SegmentID]radiograph.SegmentID) // call → inferred
		for i := range docs {
			for _, n := range mergeDocs(t, story.ID, docs[:i+1]).Segments {
				if !n.Inferred {
					continue
				}
				if was, ok := seen[n.Parent.ID]; ok && was != n.ID {
					t.Fatalf("the callee of %s was %s and is %s", n.Parent.ID, was, n.ID)
				}
				seen[n.Parent.ID] = n.ID
			}
		}
	})
}

// TestTimelineDrawsEverythingOnce holds the drawing order: every entity is one
// row, below what encloses or called it.
func TestTimelineDrawsEverythingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		story := storetest.Stories().Draw(t, "story")
		docs := story.Tell(t)
		tr := mergeDocs(t, story.ID, docs[:rapid.IntRange(1, len(docs)).Draw(t, "known")])
		above := make(map[radiograph.SegmentID]int)
		for _, r := range trace.Lay(tr).Rows {
			if _, ok := above[r.ID]; ok {
				t.Fatalf("%s is drawn twice", r.ID)
			}
			if p := tr.Nodes[r.ID].Parent; p == nil && r.Depth != 0 || p != nil && above[p.ID] != r.Depth {
				t.Fatalf("%s is drawn at depth %d", r.ID, r.Depth)
			}
			above[r.ID] = r.Depth + 1
			if !strings.Contains("OK Error Fault Throttle Pending", r.Status) {
				t.Fatalf("status %q", r.Status)
			}
		}
		if len(above) != len(tr.Nodes) {
			t.Fatalf("%d rows of %d entities", len(above), len(tr.Nodes))
		}
	})
}
