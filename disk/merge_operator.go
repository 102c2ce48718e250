package disk

import (
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// merger adds up the operands of rows of sums, and unites those of voids. Both
// commute, so that writers need no lock on the rows they share. Its name is
// stored by Pebble: another one cannot open the folder.
var merger = &pebble.Merger{
	Name: "radiograph.sums.2",
	Merge: func(key, value []byte) (pebble.ValueMerger, error) {
		if len(key) > 0 && key[0] == voidSpace {
			v, err := readVoids(key, value)
			if err != nil {
				return nil, err
			}
			return &voidMerger{key: append([]byte(nil), key...), voids: v}, nil
		}
		m := &sumsMerger{key: append([]byte(nil), key...), add: mergeMinutes}
		if len(key) > 0 && key[0] == hourSpace {
			m.add = mergeHours
		}
		return m, m.MergeNewer(value)
	},
}

// sumsMerger adds rows of sums as they are stored.
type sumsMerger struct {
	key, sum []byte // the sum without its version
	add      func(x, y []byte) ([]byte, bool)
}

func (m *sumsMerger) MergeNewer(sealed []byte) error {
	value, err := readRollup(m.key, sealed)
	if err != nil {
		return err
	}
	sum, ok := m.add(m.sum, value)
	if !ok {
		return corrupt(m.key, "does not decode")
	}
	m.sum = sum
	return nil
}

func (m *sumsMerger) MergeOlder(sealed []byte) error { return m.MergeNewer(sealed) }

// Finish keeps sums that have come to nothing; readers pass over them. Letting
// such a row go by pebble.DeletableValueMerger makes Pebble v2.1.7 panic in a
// compaction, after an older operand was skipped.
func (m *sumsMerger) Finish(bool) ([]byte, io.Closer, error) {
	return seal(m.key, append([]byte{hourVersion}, m.sum...)), nil, nil
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
