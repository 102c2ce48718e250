package console

import (
	"cmp"
	"slices"
)

// sweeps is how many ordering rounds are made; more changed nothing on trial
// graphs.
const sweeps = 12

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
			slices.Sort(ends)
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
