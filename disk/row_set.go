package disk

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// rowSet is a set of the rows of a chunk: a bit each.
type rowSet [maxChunkRows / 64]uint64

func (v *rowSet) set(row int)      { v[row/64] |= 1 << (row % 64) }
func (v *rowSet) has(row int) bool { return v[row/64]&(1<<(row%64)) != 0 }

// allRows has the first n rows.
func allRows(n int) *rowSet {
	v := &rowSet{}
	for i := range v {
		if k := min(n-i*64, 64); k > 0 {
			v[i] = ^uint64(0) >> (64 - k)
		}
	}
	return v
}

func (v *rowSet) intersect(o *rowSet) {
	for i := range v {
		v[i] &= o[i]
	}
}

func (v *rowSet) unite(o *rowSet) {
	for i := range v {
		v[i] |= o[i]
	}
}

func (v *rowSet) remove(o *rowSet) {
	for i := range v {
		v[i] &^= o[i]
	}
}

// rows yields the members, ascending.
func (v *rowSet) rows() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range v {
			for ; w != 0; w &= w - 1 {
				if !yield(i*64 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

func (v *rowSet) count() (n int) {
	for _, w := range v {
		n += bits.OnesCount64(w)
	}
	return n
}

const voidsVersion = 1

// appendVoids appends the value of a row of voids, the rows of a chunk whose
// traces were written to since: version, then the rows as distances to the one
// before (uvarints). Such rows are merged by union.
func appendVoids(b []byte, v *rowSet) []byte {
	b = append(b, voidsVersion)
	last := 0
	for row := range v.rows() {
		b = binary.AppendUvarint(b, uint64(row-last))
		last = row
	}
	return b
}

func readVoids(key, sealed []byte) (*rowSet, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	f := fields{b: value}
	version := f.byte()
	v, row := &rowSet{}, uint64(0)
	for len(f.b) > 0 {
		if row += min(f.uvarint(), maxChunkRows); row >= maxChunkRows {
			f.fail()
			break
		}
		v.set(int(row))
	}
	if version != voidsVersion || f.bad {
		return nil, corrupt(key, "does not decode")
	}
	return v, nil
}
