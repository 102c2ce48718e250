package disk

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// sequenceBlock is how many sequence numbers are reserved at once; a restart
// skips what is left of a block.
const sequenceBlock = 1 << 20

var sequenceKey = []byte{sequenceSpace}

// sequences hands out the numbers of records: growing, never twice, over
// restarts and crashes too.
type sequences struct {
	mu       sync.Mutex
	next     uint64
	reserved uint64 // stored: no number from here on was handed out
}

func (q *sequences) load(db *pebble.DB) error {
	q.next = 1 // a Record's zero Sequence means none
	sealed, closer, err := db.Get(sequenceKey)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	} else if err != nil {
		return readError("sequence row", err)
	}
	next, err := readSequence(sealed)
	if err := errors.Join(err, closer.Close()); err != nil {
		return err
	}
	q.next, q.reserved = next, next
	return nil
}

func readSequence(sealed []byte) (uint64, error) {
	value, err := unseal(sequenceKey, sealed)
	if err != nil {
		return 0, err
	}
	f := fields{b: value}
	next := f.uint64()
	if !f.ended() {
		return 0, corrupt(sequenceKey, "does not decode")
	}
	return next, nil
}

// take hands out n numbers and returns the first. A reservation is applied
// before any of its numbers is used, and so stands earlier in the log.
func (q *sequences) take(db *pebble.DB, n int) (uint64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := q.next
	if end := first + uint64(n); end > q.reserved {
		reserve := end + sequenceBlock
		if err := db.Set(sequenceKey, seal(sequenceKey, binary.BigEndian.AppendUint64(nil, reserve)), pebble.NoSync); err != nil {
			return 0, err
		}
		q.reserved = reserve
	}
	q.next = first + uint64(n)
	return first, nil
}

// given is the first number that was not handed out.
func (q *sequences) given() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.next
}
