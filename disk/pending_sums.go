package disk

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// A write of some traces changes a hundred rows of sums by a little, and the next
// write nearly the same ones. So a write has its differences in one row of its
// own, and in memory they are added up; when enough have come together, one
// batch adds them to the rows of sums (rollup.go) and deletes the writes' rows. After a
// crash the rows that are left tell what was not added yet. Value:
//
//	version  1 byte
//	entries  see appendEntries; their keys are those of appendSumsKey
//	checksum 4 bytes
const differencesVersion = 1

// pendingRows bounds the sums that wait, and with them the memory
// and the time that adding them takes (some 10 ms). pendingWrites bounds what a
// start after a crash reads.
const (
	pendingRows   = 4096
	pendingWrites = 1024
)

// pendingSums are the differences that are durable, and not yet in rows of sums.
type pendingSums struct {
	mu     sync.Mutex
	sums   differences
	writes [][]byte // the keys of the rows they come from
	most   int      // writes, before it is time to fold; 0 is pendingWrites
}

// add takes what a write has applied under key; the sums are the receiver's from
// here on. It reports whether it is time to fold.
func (p *pendingSums) add(key []byte, d differences) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sums == nil {
		p.sums = make(differences, pendingRows)
	}
	for k, s := range d {
		if sum := p.sums[k]; sum != nil {
			sum.gather(s)
		} else {
			p.sums[k] = s
		}
	}
	p.writes = append(p.writes, key)
	return len(p.sums) >= pendingRows || len(p.writes) >= cmp.Or(p.most, pendingWrites)
}

// maxUnsorted bounds the bars that waiting sums have before they are sorted.
const maxUnsorted = 4096

// gather adds o to s as merge does, but leaves the histograms to sort: inserting
// one bar after the other moves all that are behind it.
func (s *sums) gather(o *sums) {
	s.numbers.merge(&o.numbers)
	s.Durations, s.ResponseTimes = append(s.Durations, o.Durations...), append(s.ResponseTimes, o.ResponseTimes...)
	if len(s.Durations) > maxUnsorted || len(s.ResponseTimes) > maxUnsorted {
		s.sort()
	}
}

// sort brings histograms that were gathered in order, one bar for each duration.
func (s *sums) sort() {
	s.Durations, s.ResponseTimes = sortBars(s.Durations), sortBars(s.ResponseTimes)
}

func sortBars(h radiograph.Histogram) radiograph.Histogram {
	slices.SortFunc(h, func(x, y radiograph.Bar) int { return cmp.Compare(x.Micros, y.Micros) })
	out := h[:0]
	for _, b := range h {
		if n := len(out); n > 0 && out[n-1].Micros == b.Micros {
			out[n-1].Count += b.Count
		} else {
			out = append(out, b)
		}
	}
	return slices.DeleteFunc(out, func(b radiograph.Bar) bool { return b.Count == 0 })
}

// view is a snapshot of the rows, and copies of what is to be added to those in
// [first, end): of one moment, so that every write is in one of the two.
func (p *pendingSums) view(db *pebble.DB, first, end []byte) (*pebble.Snapshot, differences) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := differences{}
	for k, s := range p.sums {
		if string(first) <= k && k < string(end) {
			s.sort()
			c := *s
			c.Durations, c.ResponseTimes = slices.Clone(s.Durations), slices.Clone(s.ResponseTimes) // Plus changes in place
			d[k] = &c
		}
	}
	return db.NewSnapshot(), d
}

// foldSums adds what is pending to the rows of sums.
func (s *Store) foldSums() error {
	p := &s.pending
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.writes) == 0 || s.failed.Load() != nil {
		return nil
	}
	batch := s.db.NewBatch()
	defer func() { _ = batch.Close() }() // applied or of no use
	for _, sum := range p.sums {
		sum.sort()
	}
	if err := p.sums.write(batch); err != nil {
		return err
	}
	for _, key := range p.writes {
		if err := batch.SingleDelete(key, nil); err != nil {
			return writeError(describe(key), err)
		}
	}
	if err := s.apply(batch, false); err != nil {
		return err
	}
	clear(p.sums)
	p.writes = nil
	return nil
}

// load reads what was pending when the power went. A damaged row is told and
// passed over: its write is then missing in the sums, and in nothing else.
func (p *pendingSums) load(db *pebble.DB, damaged func(error)) error {
	from := []byte{differencesSpace}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: after(from)})
	if err != nil {
		return readError(describe(from), err)
	}
	defer func() { _ = it.Close() }() // its error was seen by it.Error
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return readError(describe(it.Key()), err)
		}
		key := slices.Clone(it.Key())
		if d, err := readDifferences(key, value); err != nil {
			damaged(err)
		} else {
			p.add(key, d)
		}
	}
	if err := it.Error(); err != nil {
		return readError(describe(from), err)
	}
	return nil
}

func appendDifferencesKey(b []byte, sequence uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, differencesSpace), sequence)
}

// appendDifferences appends the value of a write's row.
func appendDifferences(b []byte, d differences) []byte {
	return appendEntries(append(b, differencesVersion), d)
}

// readDifferences reads the row of a write.
func readDifferences(key, sealed []byte) (differences, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	e := entries{fields: fields{b: value}}
	if version := e.byte(); version != differencesVersion {
		return nil, corrupt(key, "has the unknown version %d", version)
	}
	d := make(differences)
	for e.next() {
		if _, _, err := parseSumsKey(e.key); err != nil {
			return nil, err
		}
		f := fields{b: e.value}
		if d[string(e.key)] = f.sums(); !f.ended() {
			e.fail()
		}
	}
	if !e.ended() {
		return nil, corrupt(key, "does not decode")
	}
	return d, nil
}
