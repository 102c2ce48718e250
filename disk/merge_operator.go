package disk

import (
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// merger sums the operands of contribution rows, and unites those of voids. Both
// commute, so that writers need no lock on the rows they share. Its name is
// stored by Pebble: another one cannot open the folder.
var merger = &pebble.Merger{
	Name: "radiograph.sums.1",
	Merge: func(key, value []byte) (pebble.ValueMerger, error) {
		if len(key) > 0 && key[0] == voidSpace {
			v, err := readVoids(key, value)
			if err != nil {
				return nil, err
			}
			return &voidMerger{key: append([]byte(nil), key...), voids: v}, nil
		}
		s, err := readSums(key, value)
		if err != nil {
			return nil, err
		}
		return &sumsMerger{key: append([]byte(nil), key...), sums: s}, nil
	},
}

type sumsMerger struct {
	key  []byte
	sums *sums
}

func (m *sumsMerger) MergeNewer(value []byte) error {
	s, err := readSums(m.key, value)
	if err != nil {
		return err
	}
	m.sums.merge(s)
	return nil
}

func (m *sumsMerger) MergeOlder(value []byte) error { return m.MergeNewer(value) }

// Finish keeps a row whose sums have come to nothing; readers pass over it.
// Letting it go by pebble.DeletableValueMerger makes Pebble v2.1.7 panic in a
// compaction, after an older operand was skipped.
func (m *sumsMerger) Finish(bool) ([]byte, io.Closer, error) {
	return seal(m.key, appendSums(nil, m.sums)), nil, nil
}

type voidMerger struct {
	key   []byte
	voids *rowSet
}

func (m *voidMerger) MergeNewer(value []byte) error {
	v, err := readVoids(m.key, value)
	if err != nil {
		return err
	}
	m.voids.unite(v)
	return nil
}

func (m *voidMerger) MergeOlder(value []byte) error { return m.MergeNewer(value) }

func (m *voidMerger) Finish(bool) ([]byte, io.Closer, error) {
	return seal(m.key, appendVoids(nil, m.voids)), nil, nil
}
