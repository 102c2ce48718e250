package console

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// measures are a drawing's sizes, in SVG user units (one is one CSS pixel at
// full size).
type measures struct {
	radius   float64 // of a node's circle
	layerGap float64 // between the centres of two layers
	above    float64 // room above a node's centre
	below    float64 // room below it, for what is written there
	aside    float64 // room to each side: a name may be wider than its circle
	passGap  float64 // between an edge that passes a layer and its neighbours
	partGap  float64 // between parts that nothing joins
	portGap  float64 // between edges that join the same two nodes
}

var (
	// roomy is the service map's: name, type and shares below each node.
	roomy = measures{radius: 37, layerGap: 196, above: 52, below: 96, aside: 86, passGap: 26, partGap: 22, portGap: 16}
	// compact is for the map of one trace above its timeline.
	compact = measures{radius: 25, layerGap: 176, above: 31, below: 62, aside: 80, passGap: 20, partGap: 14, portGap: 12}
)

const (
	sweeps     = 12 // ordering rounds; more changed nothing on trial graphs
	tidySweeps = 9  // placing rounds, a multiple of three
)

// point is a place in a drawing.
type point struct{ X, Y float64 }

// arc is an edge to lay out: indexes of its caller and callee.
type arc struct{ from, to int }

// placed is a layered drawing: callees to the right of their callers.
type placed struct {
	Nodes         []point   // the centre of each node
	Routes        [][]point // for each arc, from the caller's border to the callee's
	Width, Height float64
}

// lay draws n nodes and their arcs in layers. The same input gives the same
// drawing. Parts that no arc joins are drawn apart and packed on shelves.
func lay(n int, arcs []arc, m measures) placed {
	p := placed{Nodes: make([]point, n), Routes: make([][]point, len(arcs))}
	var parts []*part
	for _, members := range components(n, arcs) {
		parts = append(parts, layPart(members, arcs, m, &p))
	}
	p.Width, p.Height = pack(parts, m.partGap, &p)
	return p
}

// components splits the nodes into connected parts, larger ones first, then by
// their first node.
func components(n int, arcs []arc) [][]int {
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	var find func(int) int
	find = func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, a := range arcs {
		x, y := find(a.from), find(a.to)
		root[max(x, y)] = min(x, y)
	}
	byRoot := map[int][]int{}
	var order []int
	for i := range n {
		r := find(i)
		if byRoot[r] == nil {
			order = append(order, r)
		}
		byRoot[r] = append(byRoot[r], i)
	}
	parts := make([][]int, 0, len(order))
	for _, r := range order {
		parts = append(parts, byRoot[r])
	}
	slices.SortStableFunc(parts, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return parts
}

// part is one connected part while it is laid out. Its vertices are its nodes
// and, behind them, a dummy for each layer that an arc passes.
type part struct {
	measures
	members       []int // vertex → node; dummies have none
	arcs          []int // indexes of the arcs inside
	layer         []int
	layers        [][]int // vertices of each layer, top to bottom
	in, out       [][]int // neighbours in the layers beside
	y             []float64
	chain         map[int][]int // arc → its dummies, left to right
	width, height float64
}

func layPart(members []int, arcs []arc, m measures, p *placed) *part {
	pt := &part{measures: m, members: members, chain: map[int][]int{}}
	vertex := map[int]int{}
	for v, node := range members {
		vertex[node] = v
	}
	for i, a := range arcs {
		if _, ok := vertex[a.from]; ok {
			pt.arcs = append(pt.arcs, i)
		}
	}
	forward := pt.breakCycles(arcs, vertex)
	pt.assignLayers(forward)
	pt.addDummies(arcs, vertex)
	pt.order()
	pt.place()
	for v, node := range members {
		p.Nodes[node] = point{X: pt.aside + float64(pt.layer[v])*pt.layerGap, Y: pt.y[v]}
	}
	pt.route(arcs, p)
	return pt
}

// breakCycles turns arcs that close a cycle around, and returns the acyclic
// successors of each vertex. The walk begins at vertices nobody calls.
func (pt *part) breakCycles(arcs []arc, vertex map[int]int) [][]int {
	n := len(pt.members)
	succ, callers := make([][]int, n), make([]int, n)
	for _, i := range pt.arcs {
		a, b := vertex[arcs[i].from], vertex[arcs[i].to]
		if a != b && !slices.Contains(succ[a], b) {
			succ[a] = append(succ[a], b)
			callers[b]++
		}
	}
	forward := make([][]int, n)
	const unseen, open, done = 0, 1, 2
	state := make([]int8, n)
	type frame struct{ v, next int }
	walk := func(start int) {
		stack := []frame{{start, 0}}
		state[start] = open
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.next == len(succ[f.v]) {
				state[f.v] = done
				stack = stack[:len(stack)-1]
				continue
			}
			w := succ[f.v][f.next]
			f.next++
			if state[w] == open {
				forward[w] = append(forward[w], f.v)
				continue
			}
			forward[f.v] = append(forward[f.v], w)
			if state[w] == unseen {
				state[w] = open
				stack = append(stack, frame{w, 0})
			}
		}
	}
	for v := range n {
		if callers[v] == 0 && state[v] == unseen {
			walk(v)
		}
	}
	for v := range n {
		if state[v] == unseen {
			walk(v)
		}
	}
	return forward
}

// assignLayers gives each vertex the longest path to it, then moves vertices
// nobody calls to just before their first callee.
func (pt *part) assignLayers(forward [][]int) {
	n := len(forward)
	pt.layer = make([]int, n)
	waiting := make([]int, n)
	for _, ws := range forward {
		for _, w := range ws {
			waiting[w]++
		}
	}
	var queue []int
	source := make([]bool, n)
	for v := range n {
		if waiting[v] == 0 {
			queue = append(queue, v)
			source[v] = true
		}
	}
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		for _, w := range forward[v] {
			pt.layer[w] = max(pt.layer[w], pt.layer[v]+1)
			if waiting[w]--; waiting[w] == 0 {
				queue = append(queue, w)
			}
		}
	}
	for v := range n {
		if source[v] && len(forward[v]) > 0 {
			first := math.MaxInt
			for _, w := range forward[v] {
				first = min(first, pt.layer[w])
			}
			pt.layer[v] = first - 1
		}
	}
}

// addDummies puts a dummy into every layer an arc passes and fills the layers.
func (pt *part) addDummies(arcs []arc, vertex map[int]int) {
	pt.in, pt.out = make([][]int, len(pt.members)), make([][]int, len(pt.members))
	link := func(a, b int) {
		pt.out[a] = append(pt.out[a], b)
		pt.in[b] = append(pt.in[b], a)
	}
	for _, i := range pt.arcs {
		a, b := vertex[arcs[i].from], vertex[arcs[i].to]
		if a == b {
			continue
		}
		if pt.layer[a] > pt.layer[b] {
			a, b = b, a
		}
		at := a
		for l := pt.layer[a] + 1; l < pt.layer[b]; l++ {
			d := len(pt.layer)
			pt.layer = append(pt.layer, l)
			pt.in, pt.out = append(pt.in, nil), append(pt.out, nil)
			pt.chain[i] = append(pt.chain[i], d)
			link(at, d)
			at = d
		}
		link(at, b)
	}
	pt.layers = make([][]int, slices.Max(pt.layer)+1)
	for v, l := range pt.layer {
		pt.layers[l] = append(pt.layers[l], v)
	}
}

// order arranges each layer so that few edges cross: barycentre sweeps to the
// right and back, neighbours swapped where that helps, the best round kept.
func (pt *part) order() {
	pos := make([]int, len(pt.layer))
	number := func() {
		for _, l := range pt.layers {
			for i, v := range l {
				pos[v] = i
			}
		}
	}
	number()
	best, fewest := clone(pt.layers), pt.crossings(pos)
	for round := 0; round < sweeps && fewest > 0; round++ {
		near := pt.in
		at := func(i int) []int { return pt.layers[i] }
		if round%2 == 1 {
			near = pt.out
			at = func(i int) []int { return pt.layers[len(pt.layers)-1-i] }
		}
		for i := 1; i < len(pt.layers); i++ {
			l := at(i)
			centre := make(map[int]float64, len(l))
			for _, v := range l {
				centre[v] = float64(pos[v])
				if len(near[v]) > 0 {
					sum := 0
					for _, w := range near[v] {
						sum += pos[w]
					}
					centre[v] = float64(sum) / float64(len(near[v]))
				}
			}
			slices.SortStableFunc(l, func(a, b int) int { return cmp.Compare(centre[a], centre[b]) })
			for j, v := range l {
				pos[v] = j
			}
		}
		pt.transpose(pos)
		if c := pt.crossings(pos); c < fewest {
			best, fewest = clone(pt.layers), c
		}
	}
	pt.layers = best
}

func clone(ls [][]int) [][]int {
	c := make([][]int, len(ls))
	for i, l := range ls {
		c[i] = slices.Clone(l)
	}
	return c
}

// transpose swaps neighbours while that removes crossings.
func (pt *part) transpose(pos []int) {
	for range 4 {
		swapped := false
		for _, l := range pt.layers {
			for i := 0; i+1 < len(l); i++ {
				a, b := l[i], l[i+1]
				now := pairCrossings(pt.in[a], pt.in[b], pos) + pairCrossings(pt.out[a], pt.out[b], pos)
				then := pairCrossings(pt.in[b], pt.in[a], pos) + pairCrossings(pt.out[b], pt.out[a], pos)
				if then < now {
					l[i], l[i+1] = b, a
					pos[a], pos[b] = i+1, i
					swapped = true
				}
			}
		}
		if !swapped {
			return
		}
	}
}

// pairCrossings counts the crossings between the edges of a vertex and those of
// the one below it.
func pairCrossings(above, below []int, pos []int) int {
	n := 0
	for _, a := range above {
		for _, b := range below {
			if pos[a] > pos[b] {
				n++
			}
		}
	}
	return n
}

// crossings counts all crossings between neighbouring layers, in
// O(edges · log vertices).
func (pt *part) crossings(pos []int) int {
	total := 0
	for i, l := range pt.layers[:len(pt.layers)-1] {
		tree := make([]int, len(pt.layers[i+1])+1)
		seen := 0
		for _, v := range l {
			ends := make([]int, 0, len(pt.out[v]))
			for _, w := range pt.out[v] {
				ends = append(ends, pos[w])
			}
			sort.Ints(ends)
			for _, e := range ends { // edges seen before that end below this one cross it
				notBelow := 0
				for k := e + 1; k > 0; k -= k & -k {
					notBelow += tree[k]
				}
				total += seen - notBelow
			}
			for _, e := range ends {
				for k := e + 1; k < len(tree); k += k & -k {
					tree[k]++
				}
				seen++
			}
		}
	}
	return total
}

// place finds the heights: each layer in turn moves as near to its neighbours as
// the order and the gaps allow.
func (pt *part) place() {
	pt.y = make([]float64, len(pt.layer))
	for _, l := range pt.layers {
		for i, v := range l {
			if i > 0 {
				pt.y[v] = pt.y[l[i-1]] + pt.gap(l[i-1], v)
			}
		}
	}
	for round := range tidySweeps {
		// To the right after the callers, back after the callees: a height travels
		// the whole way in one round. In between, both sides have their say.
		for i := range pt.layers {
			switch l, back := pt.layers[i], pt.layers[len(pt.layers)-1-i]; round % 3 {
			case 0:
				pt.settle(l, pt.in)
			case 1:
				pt.settle(l, pt.in, pt.out)
			case 2:
				pt.settle(back, pt.out)
			}
		}
	}
	top, bottom := math.Inf(1), math.Inf(-1)
	for v, y := range pt.y {
		above, below := pt.room(v)
		top, bottom = min(top, y-above), max(bottom, y+below)
	}
	for v := range pt.y {
		pt.y[v] -= top
	}
	pt.height = bottom - top
	pt.width = 2*pt.aside + float64(len(pt.layers)-1)*pt.layerGap
}

func (pt *part) dummy(v int) bool { return v >= len(pt.members) }

// room is how far a vertex reaches above and below its centre.
func (pt *part) room(v int) (above, below float64) {
	if pt.dummy(v) {
		return pt.passGap / 2, pt.passGap / 2
	}
	return pt.above, pt.below
}

func (pt *part) gap(upper, lower int) float64 {
	_, below := pt.room(upper)
	above, _ := pt.room(lower)
	return below + above
}

// settle moves the vertices of one layer to the heights nearest to the mean of
// their neighbours, in the least-squares sense, under the order and the gaps:
// after taking the gaps off this is an isotonic regression, solved exactly by
// pooling adjacent violators.
func (pt *part) settle(l []int, sides ...[][]int) {
	type pool struct {
		sum, weight float64
		n           int
	}
	var pools []pool
	offset := make([]float64, len(l))
	for i, v := range l {
		if i > 0 {
			offset[i] = offset[i-1] + pt.gap(l[i-1], v)
		}
		want, weight := 0.0, 0.0
		for _, side := range sides {
			for _, w := range side[v] {
				k := 1.0
				if pt.dummy(v) && pt.dummy(w) {
					k = 8 // a long edge is straight
				}
				want += k * pt.y[w]
				weight += k
			}
		}
		if weight == 0 {
			want, weight = pt.y[v], 1
		} else {
			want /= weight
		}
		pools = append(pools, pool{sum: (want - offset[i]) * weight, weight: weight, n: 1})
		for len(pools) > 1 {
			a, b := pools[len(pools)-2], pools[len(pools)-1]
			if a.sum/a.weight <= b.sum/b.weight {
				break
			}
			pools = append(pools[:len(pools)-2], pool{a.sum + b.sum, a.weight + b.weight, a.n + b.n})
		}
	}
	i := 0
	for _, p := range pools {
		for range p.n {
			pt.y[l[i]] = p.sum/p.weight + offset[i]
			i++
		}
	}
}

// route gives each arc its points: from border to border, through its dummies.
// Arcs that join the same two neighbours get ports side by side.
func (pt *part) route(arcs []arc, p *placed) {
	beside := map[arc][]int{}
	for _, i := range pt.arcs {
		a := arcs[i]
		if len(pt.chain[i]) == 0 {
			key := arc{min(a.from, a.to), max(a.from, a.to)}
			beside[key] = append(beside[key], i)
		}
	}
	for _, i := range pt.arcs {
		a := arcs[i]
		from, to := p.Nodes[a.from], p.Nodes[a.to]
		if a.from == a.to { // a call to itself: a loop above the node
			p.Routes[i] = []point{{from.X - 12, from.Y - pt.radius}, {from.X + 12, from.Y - pt.radius}}
			continue
		}
		port := 0.0
		if same := beside[arc{min(a.from, a.to), max(a.from, a.to)}]; len(same) > 1 && len(pt.chain[i]) == 0 {
			port = (float64(slices.Index(same, i)) - float64(len(same)-1)/2) * pt.portGap
			port = max(-pt.radius*0.8, min(port, pt.radius*0.8))
		}
		side := math.Sqrt(pt.radius*pt.radius - port*port)
		if to.X < from.X {
			side = -side
		}
		r := []point{{from.X + side, from.Y + port}}
		for _, d := range pt.chain[i] {
			r = append(r, point{pt.aside + float64(pt.layer[d])*pt.layerGap, pt.y[d]})
		}
		if to.X < from.X {
			slices.Reverse(r[1:])
		}
		p.Routes[i] = append(r, point{to.X - side, to.Y + port})
	}
}

// pack puts the parts on shelves, left to right, so that the whole is wider than
// high, and moves their nodes and routes there.
func pack(parts []*part, gap float64, p *placed) (width, height float64) {
	area, widest := 0.0, 0.0
	for _, pt := range parts {
		area += pt.width * pt.height
		widest = max(widest, pt.width)
	}
	shelf := max(widest, math.Sqrt(area*2.2))
	x, y, tall := 0.0, 0.0, 0.0
	for _, pt := range parts {
		if x > 0 && x+pt.width > shelf+1 {
			x, y, tall = 0, y+tall+gap, 0
		}
		for _, m := range pt.members {
			p.Nodes[m].X += x
			p.Nodes[m].Y += y
		}
		for _, i := range pt.arcs {
			for k := range p.Routes[i] {
				p.Routes[i][k].X += x
				p.Routes[i][k].Y += y
			}
		}
		width, height = max(width, x+pt.width), max(height, y+pt.height)
		tall = max(tall, pt.height)
		x += pt.width + gap
	}
	return width, height
}
