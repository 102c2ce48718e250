package trace_test

import (
	"fmt"
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
	for _, b := range h {
		n += b.Count
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

// hostileDocument draws a document from so few ids that documents contradict
// each other: entities in several places, parents in circles, all doors.
func hostileDocument(t *rapid.T) *radiograph.Record {
	var entity func(depth int) string
	entity = func(depth int) string {
		at := rapid.IntRange(1, 5).Draw(t, "start")
		s := fmt.Sprintf(`{"id":"%016x","name":"%s","start_time":%d`, rapid.IntRange(1, 6).Draw(t, "id"),
			rapid.SampledFrom([]string{"a", "Invocation"}).Draw(t, "name"), at)
		if rapid.IntRange(0, 2).Draw(t, "open") == 0 {
			s += `,"in_progress":true`
		} else {
			s += fmt.Sprintf(`,"end_time":%d`, at+rapid.IntRange(0, 3).Draw(t, "length"))
		}
		s += rapid.SampledFrom([]string{"", `,"namespace":"remote"`, `,"inferred":true`, `,"fault":true`}).Draw(t, "kind")
		if depth == 0 {
			s += `,"trace_id":"1-69a42a40-000000000000000000000001"`
			s += fmt.Sprintf(`,"parent_id":"%016x"`, rapid.IntRange(1, 7).Draw(t, "parent"))
			s += rapid.SampledFrom([]string{"", `,"type":"subsegment"`}).Draw(t, "type")
		}
		if n := rapid.IntRange(0, 2-depth).Draw(t, "children"); n > 0 {
			s += `,"subsegments":[`
			for i := range n {
				if i > 0 {
					s += ","
				}
				s += entity(depth + 1)
			}
			s += "]"
		}
		return s + "}"
	}
	decoded, err := trace.Decode([]byte(entity(0)))
	if err != nil {
		t.Fatal(err)
	}
	r := &radiograph.Record{Trace: decoded[0].Trace, Door: radiograph.Door(rapid.IntRange(0, 2).Draw(t, "door")), Root: decoded[0].Root}
	if rapid.Bool().Draw(t, "stamped") {
		r.Stamp = radiograph.Stamp{Trace: r.Trace, Invocation: radiograph.SegmentID{7: byte(rapid.IntRange(1, 7).Draw(t, "invocation"))}}
	}
	return r
}

// TestContradictionsMerge holds Merge's structure and its indifference to order
// and repetition on documents that contradict each other.
func TestContradictionsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs := rapid.SliceOfN(rapid.Custom(hostileDocument), 1, 8).Draw(t, "records")
		entities := make(map[radiograph.SegmentID]bool)
		var walk func(e *radiograph.Entity)
		walk = func(e *radiograph.Entity) {
			entities[e.ID] = true
			for _, c := range e.Children {
				walk(c)
			}
		}
		for i, r := range recs {
			r.Sequence = uint64(i + 1)
			walk(r.Root)
		}
		tr := trace.Merge(recs[0].Trace, recs)
		again := slices.Clone(recs)
		for _, r := range rapid.SliceOf(rapid.SampledFrom(recs)).Draw(t, "again") {
			c := *r
			c.Sequence += uint64(len(recs))
			again = append(again, &c)
		}
		other := trace.Merge(recs[0].Trace, rapid.Permutation(again).Draw(t, "order"))
		if d := cmp.Diff(storetest.Describe(tr), storetest.Describe(other)); d != "" {
			t.Fatalf("(-in order +in another, with copies):\n%s", d)
		}
		checkStructure(t, tr, entities)
		trace.Summarize(tr)
		trace.Graph(slices.Values(trace.Contributions(tr)), 0, 1)
		if rows := len(trace.Lay(tr).Rows); rows != len(tr.Nodes) {
			t.Fatalf("%d rows of %d entities", rows, len(tr.Nodes))
		}
	})
}

// checkStructure walks the documents: every entity is in one place, and all
// pointers agree.
func checkStructure(t *rapid.T, tr *radiograph.Trace, entities map[radiograph.SegmentID]bool) {
	placed := make(map[radiograph.SegmentID]bool)
	var walk func(n, in *radiograph.Node)
	walk = func(n, in *radiograph.Node) {
		if placed[n.ID] || tr.Nodes[n.ID] != n || n.Segment != in {
			t.Fatalf("%s is in two places, or points elsewhere", n.ID)
		}
		placed[n.ID] = true
		for _, c := range n.Children {
			if c.Parent != n || !c.Subsegment {
				t.Fatalf("%s does not know that it is in %s", c.ID, n.ID)
			}
			walk(c, in)
		}
		for _, c := range n.Callee {
			if c.Parent != n || c.Subsegment {
				t.Fatalf("%s does not know that %s called it", c.ID, n.ID)
			}
		}
	}
	for _, n := range tr.Segments {
		walk(n, n)
		entities[n.ID] = entities[n.ID] || n.Inferred
	}
	for id := range entities {
		if !placed[id] {
			t.Fatalf("%s is nowhere", id)
		}
	}
	if len(placed) != len(tr.Nodes) {
		t.Fatalf("%d entities are in place, %d are known", len(placed), len(tr.Nodes))
	}
}
