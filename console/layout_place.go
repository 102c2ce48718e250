package console

import (
	"math"
	"slices"
)

// tidySweeps is how many placing rounds are made, a multiple of three.
const tidySweeps = 9

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
