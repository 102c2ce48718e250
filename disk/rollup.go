package disk

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// Sums are kept in two kinds of rows, for all traces (group 0) and for each
// version of each group. An hour row has the sums over the hour of all nodes and
// edges, with coarse histograms: graphs of long ranges read it. A minutes row has those of one node or edge for each
// minute of the hour: series read it, and graphs where a range begins or ends
// within an hour. Both are merged: writers add operands of the same form with
// differences; see merge_operator.go. Values:
//
//	hour row     version, entries by identity (see appendEntries), checksum
//	minutes row  version, for each minute by time its number in the hour (1 byte)
//	             and its sums, checksum
//
// The identity of a node or edge is the names, types and accounts of node and
// edge (texts; three empty ones where the sums are the node's own), and 1 for a
// link, else 0.
const (
	hourVersion    = 1
	minutesVersion = 1
)

// appendRollupKey is what the keys of both kinds of rows have in common; those of
// minutes rows end with the identity.
func appendRollupKey(b []byte, space byte, t tenant, in radiograph.Membership, hour int64) []byte {
	b = binary.BigEndian.AppendUint64(appendSpace(b, space, t), uint64(in.Group))
	return binary.BigEndian.AppendUint32(appendAscending(b, hour), uint32(in.Version))
}

// rollupKeyLength is the length of a key without an identity.
const rollupKeyLength = 1 + 4 + 8 + 8 + 4

func parseRollupKey(key []byte) (t tenant, in radiograph.Membership, hour int64, identity []byte, err error) {
	f := fields{b: key}
	space := f.byte()
	t, in.Group, hour, in.Version = tenant(f.uint32()), radiograph.GroupID(f.uint64()), f.ascending(), int(f.uint32())
	if f.bad || space != hourSpace && space != minutesSpace || (space == hourSpace) != (len(f.b) == 0) {
		return 0, in, 0, nil, corrupt(key, "is no key of sums")
	}
	return t, in, hour, f.b, nil
}

func appendIdentity(b []byte, c *radiograph.ContributionKey) []byte {
	return appendFlag(appendServiceID(appendServiceID(b, &c.Node), &c.Edge), c.Link)
}

func appendServiceID(b []byte, id *radiograph.ServiceID) []byte {
	return appendText(appendText(appendText(b, id.Name), id.Type), string(id.Account))
}

func (f *fields) serviceID() radiograph.ServiceID {
	return radiograph.ServiceID{Name: f.text(), Type: f.text(), Account: radiograph.AccountID(f.text())}
}

// parseIdentity makes a contribution of an identity.
func parseIdentity(identity []byte) (*radiograph.Contribution, bool) {
	f := fields{b: identity}
	c := &radiograph.Contribution{Node: f.serviceID(), Edge: f.serviceID(), Link: f.flag()}
	return c, f.ended()
}

// appendSumsKey names the sums of one minute, group, version, and node or edge,
// while they wait: such keys sort by tenant, group and minute.
func appendSumsKey(b []byte, t tenant, in radiograph.Membership, c *radiograph.ContributionKey) []byte {
	return appendIdentity(appendRollupKey(b, minutesSpace, t, in, c.Minute), c)
}

// sumsKey is such a key, taken apart.
type sumsKey struct {
	tenant   tenant
	in       radiograph.Membership
	minute   int64
	identity []byte
}

// parseSumsKey gives back what a key names, as a contribution without sums too.
func parseSumsKey(key []byte) (k sumsKey, c *radiograph.Contribution, err error) {
	k.tenant, k.in, k.minute, k.identity, err = parseRollupKey(key)
	if err != nil {
		return k, nil, err
	}
	c, ok := parseIdentity(k.identity)
	if !ok {
		return k, nil, corrupt(key, "is no key of sums")
	}
	c.Minute, c.Version = k.minute, k.in.Version
	return k, c, nil
}

// minutesPerHour are the minutes of a row.
const minutesPerHour = 60

// hourOfMinute is the hour a minute lies in, before 1970 too.
func hourOfMinute(minute int64) int64 {
	h := minute / minutesPerHour
	if minute%minutesPerHour < 0 {
		h--
	}
	return h
}

// write adds an operand to the batch for each row that changes.
func (d differences) write(b *pebble.Batch) error {
	hours, minutes := make(map[string]differences), make(map[string][]byte)
	var key []byte
	for _, k := range slices.Sorted(maps.Keys(d)) { // so that minutes come in order
		at, _, err := parseSumsKey([]byte(k))
		if err != nil {
			return err
		}
		hour := hourOfMinute(at.minute)
		key = append(appendRollupKey(key[:0], minutesSpace, at.tenant, at.in, hour), at.identity...)
		row := minutes[string(key)]
		if row == nil {
			row = []byte{minutesVersion}
		}
		minutes[string(key)] = appendSums(append(row, byte(at.minute-hour*minutesPerHour)), d[k])

		key = appendRollupKey(key[:0], hourSpace, at.tenant, at.in, hour)
		in := hours[string(key)]
		if in == nil {
			in = make(differences)
			hours[string(key)] = in
		}
		sum := in[string(at.identity)]
		if sum == nil {
			sum = &sums{}
			in[string(at.identity)] = sum
		}
		sum.merge(&sums{d[k].numbers, d[k].Durations.Coarse(), d[k].ResponseTimes.Coarse()})
	}
	merge := func(key, value []byte) error {
		if err := b.Merge(key, seal(key, value), nil); err != nil {
			return writeError(describe(key), err)
		}
		return nil
	}
	for _, k := range slices.Sorted(maps.Keys(minutes)) {
		if err := merge([]byte(k), minutes[k]); err != nil {
			return err
		}
	}
	for k, d := range hours {
		if err := merge([]byte(k), appendEntries([]byte{hourVersion}, d)); err != nil {
			return err
		}
	}
	return nil
}

// appendEntries appends sums by key: how many bytes of it are those of the one
// before (uvarint), the rest of it (text), the sums' length (uvarint), the sums.
func appendEntries(b []byte, d differences) []byte {
	w := entryWriter{b: b}
	var sums []byte
	for _, k := range slices.Sorted(maps.Keys(d)) {
		sums = appendSums(sums[:0], d[k])
		w.add([]byte(k), sums)
	}
	return w.b
}

// entryWriter writes entries whose keys come in order.
type entryWriter struct{ b, last []byte }

func (w *entryWriter) add(key, sums []byte) {
	shared := 0
	for shared < len(w.last) && shared < len(key) && w.last[shared] == key[shared] {
		shared++
	}
	w.b = binary.AppendUvarint(w.b, uint64(shared))
	w.b = binary.AppendUvarint(w.b, uint64(len(key)-shared))
	w.b = append(w.b, key[shared:]...)
	w.b = append(binary.AppendUvarint(w.b, uint64(len(sums))), sums...)
	w.last = append(w.last[:0], key...)
}

// entries reads entries, up to the end of the value.
type entries struct {
	fields
	key   []byte // valid until the next
	value []byte // the sums
	begun bool
}

// next reads one more. At the end, and when what follows is no entry, it is false;
// then ended tells which.
func (e *entries) next() bool {
	if e.bad || len(e.b) == 0 {
		return false
	}
	shared := e.uvarint()
	rest := e.take(e.count())
	e.value = e.take(e.count())
	if e.bad || shared > uint64(len(e.key)) || e.begun && string(rest) <= string(e.key[shared:]) {
		e.fail()
		return false
	}
	e.key = append(e.key[:shared], rest...)
	e.begun = true
	return true
}

// sums are those of the entry; false when they do not decode.
func (e *entries) stored() (stored, bool) {
	f := fields{b: e.value}
	s := f.stored()
	return s, f.ended()
}

// minuteSums reads a minutes row.
type minuteSums struct {
	fields
	minute int // of the hour
	stored stored
}

// next reads one more. At the end, and when what follows is none, it is false; then
// ended tells which.
func (m *minuteSums) next() bool {
	if m.bad || len(m.b) == 0 {
		return false
	}
	before := m.minute
	if m.minute = int(m.byte()); m.minute <= before || m.minute >= minutesPerHour {
		m.fail()
		return false
	}
	m.stored = m.fields.stored()
	return !m.bad
}

// readRollup checks the value of a row of sums and returns what follows its
// version.
func readRollup(key, sealed []byte) ([]byte, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	f := fields{b: value}
	if version := f.byte(); version != hourVersion { // minutesVersion is the same
		return nil, corrupt(key, "has the unknown version %d", version)
	}
	return f.b, nil
}

func minutesOf(value []byte) minuteSums { return minuteSums{fields: fields{b: value}, minute: -1} }

// mergeHours adds two values of hour rows, without their versions.
func mergeHours(x, y []byte) ([]byte, bool) {
	a, b := entries{fields: fields{b: x}}, entries{fields: fields{b: y}}
	w := entryWriter{b: make([]byte, 0, len(x)+len(y))}
	var sums []byte
	one, other := a.next(), b.next()
	for one && other {
		switch order := slices.Compare(a.key, b.key); {
		case order < 0:
			w.add(a.key, a.value)
			one = a.next()
		case order > 0:
			w.add(b.key, b.value)
			other = b.next()
		default:
			p, fine := a.stored()
			q, good := b.stored()
			merged, whole := appendMerged(sums[:0], &p, &q)
			if sums = merged; !fine || !good || !whole {
				return nil, false
			}
			w.add(a.key, sums)
			one, other = a.next(), b.next()
		}
	}
	for ; one; one = a.next() {
		w.add(a.key, a.value)
	}
	for ; other; other = b.next() {
		w.add(b.key, b.value)
	}
	return w.b, a.ended() && b.ended()
}

// mergeMinutes adds two values of minutes rows, without their versions.
func mergeMinutes(x, y []byte) ([]byte, bool) {
	p, q := minutesOf(x), minutesOf(y)
	out := make([]byte, 0, len(x)+len(y))
	ok := true
	put := func(minute int, a, b *stored) {
		merged, fine := appendMerged(append(out, byte(minute)), a, b)
		out, ok = merged, ok && fine
	}
	one, other := p.next(), q.next()
	for one && other {
		switch {
		case p.minute < q.minute:
			put(p.minute, &p.stored, &stored{})
			one = p.next()
		case p.minute > q.minute:
			put(q.minute, &q.stored, &stored{})
			other = q.next()
		default:
			put(p.minute, &p.stored, &q.stored)
			one, other = p.next(), q.next()
		}
	}
	for ; one; one = p.next() {
		put(p.minute, &p.stored, &stored{})
	}
	for ; other; other = q.next() {
		put(q.minute, &q.stored, &stored{})
	}
	return out, ok && p.ended() && q.ended()
}
