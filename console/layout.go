package console

import (
	"cmp"
	"math"
	"slices"
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
	find := func(i int) int {
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
