package console

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func graphs(t *rapid.T) (int, []arc) {
	n := rapid.IntRange(1, 24).Draw(t, "nodes")
	arcs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) arc {
		return arc{rapid.IntRange(0, n-1).Draw(t, "from"), rapid.IntRange(0, n-1).Draw(t, "to")}
	}), 0, 40).Draw(t, "arcs")
	return n, arcs
}

// TestLayHolds: whatever the graph, cycles and loops included, no two nodes'
// rooms overlap, every arc is drawn from its caller's border to its callee's,
// all is inside the drawing, no edge runs through a node that is not its own,
// and a second run draws the same.
func TestLayHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, arcs := graphs(t)
		p := lay(n, arcs, roomy)
		for i, a := range p.Nodes {
			if a.X-roomy.aside < -1e-6 || a.X+roomy.aside > p.Width+1e-6 || a.Y-roomy.above < -1e-6 || a.Y+roomy.below > p.Height+1e-6 {
				t.Fatalf("node %d at %v is outside %g × %g", i, a, p.Width, p.Height)
			}
			for j, b := range p.Nodes[:i] {
				if math.Abs(a.X-b.X) < 2*roomy.aside-1e-6 && math.Abs(a.Y-b.Y) < roomy.above+roomy.below-1e-6 {
					t.Fatalf("nodes %d %v and %d %v overlap", i, a, j, b)
				}
			}
		}
		for i, r := range p.Routes {
			if len(r) < 2 {
				t.Fatalf("arc %d %v has the route %v", i, arcs[i], r)
			}
			from, to := p.Nodes[arcs[i].from], p.Nodes[arcs[i].to]
			if d := math.Hypot(r[0].X-from.X, r[0].Y-from.Y); d > roomy.radius+3 {
				t.Fatalf("arc %d begins %g away from its caller", i, d)
			}
			if d := math.Hypot(r[len(r)-1].X-to.X, r[len(r)-1].Y-to.Y); d > roomy.radius+3 {
				t.Fatalf("arc %d ends %g away from its callee", i, d)
			}
			for _, via := range r[1 : len(r)-1] {
				for j, c := range p.Nodes {
					if math.Hypot(via.X-c.X, via.Y-c.Y) < roomy.radius {
						t.Fatalf("arc %d passes through node %d", i, j)
					}
				}
			}
		}
		if diff := cmp.Diff(p, lay(n, arcs, roomy)); diff != "" {
			t.Fatalf("a second run differs: %s", diff)
		}
	})
}

// TestLayCallsToTheRight: without cycles every callee is right of its caller.
func TestLayCallsToTheRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, arcs := graphs(t)
		for i, a := range arcs {
			arcs[i] = arc{min(a.from, a.to), max(a.from, a.to)}
		}
		p := lay(n, arcs, roomy)
		for _, a := range arcs {
			if a.from != a.to && p.Nodes[a.from].X+roomy.layerGap > p.Nodes[a.to].X+1e-6 {
				t.Fatalf("%v: caller at %v, callee at %v", a, p.Nodes[a.from], p.Nodes[a.to])
			}
		}
	})
}

func TestLayCrossings(t *testing.T) {
	tests := []struct {
		name string
		n    int
		arcs []arc
		want int
	}{
		{"two lines", 4, []arc{{0, 3}, {1, 2}}, 0},
		{"crossed pair that can be uncrossed", 5, []arc{{0, 1}, {0, 2}, {1, 4}, {2, 3}}, 0},
		{"tree", 7, []arc{{0, 2}, {0, 1}, {1, 6}, {2, 5}, {1, 4}, {2, 3}}, 0},
		{"complete 2 by 2", 5, []arc{{0, 1}, {0, 2}, {1, 3}, {1, 4}, {2, 3}, {2, 4}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := lay(tt.n, tt.arcs, roomy)
			got := 0
			for i, a := range tt.arcs {
				for _, b := range tt.arcs[:i] {
					a1, a2, b1, b2 := p.Nodes[a.from], p.Nodes[a.to], p.Nodes[b.from], p.Nodes[b.to]
					if a1.X == b1.X && (a1.Y-b1.Y)*(a2.Y-b2.Y) < 0 {
						got++
					}
				}
			}
			if got != tt.want {
				t.Errorf("%d crossings, want %d", got, tt.want)
			}
		})
	}
}

func TestLayLambdaChain(t *testing.T) {
	// client → Lambda → Function → two downstreams: one row, then the fork.
	p := lay(5, []arc{{0, 1}, {1, 2}, {2, 3}, {2, 4}}, roomy)
	if p.Nodes[0].Y != p.Nodes[1].Y || p.Nodes[1].Y != p.Nodes[2].Y {
		t.Errorf("the chain is not straight: %v", p.Nodes)
	}
	if mid := (p.Nodes[3].Y + p.Nodes[4].Y) / 2; math.Abs(mid-p.Nodes[2].Y) > 1 {
		t.Errorf("the fork is not centred: %v", p.Nodes)
	}
}

func BenchmarkLay(b *testing.B) {
	for _, n := range []int{34, 500} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			var arcs []arc
			for i := 1; i < n; i++ {
				arcs = append(arcs, arc{(i - 1) / 3, i}, arc{i / 2, i})
			}
			b.ReportAllocs()
			for b.Loop() {
				lay(n, arcs, roomy)
			}
		})
	}
}
