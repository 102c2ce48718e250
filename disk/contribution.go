package disk

import (
	"cmp"
	"context"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/trace"
)

// A contribution row is the sum over all traces of one node or edge in one
// minute. Its key is the identity, its value the sums:
//
//	version   1 byte
//	start     varint, nanoseconds; 0: not known     end  varint, after start
//	roots, inferred                                       varints
//	ok, throttle, other error, fault, microseconds        varints
//	durations, response times                             histograms
//	checksum  4 bytes
//
// A histogram is its number of buckets, then for each by size the distance to
// the one before and the count, all uvarint and varint. Writers add operands of
// the same form with the differences they make; see merge_operator.go.
const contributionVersion = 1

// sums are the numbers of one contribution row, or differences of them: a
// radiograph.Contribution without its key, and with histograms that are cheap to
// read, add and write. All are integers, so that they come to exactly zero when
// all that was added is taken away again.
type sums struct {
	Start, End      radiograph.Timestamp // only widen; zero: not known
	Roots, Inferred int64
	radiograph.Statistics
	Durations, ResponseTimes []bucket // by size
}

// bucket is one bar of a histogram.
type bucket struct{ Size, Count int64 }

// add adds o, sign times: 1 for one that is new, −1 for one that is no more. What
// is taken away leaves the times as wide as they were.
func (s *sums) add(o *trace.Observation, sign int64) {
	if o.Root {
		s.Roots += sign
	}
	if o.Inferred {
		s.Inferred += sign
	}
	s.OK += sign * o.OK
	s.Throttle += sign * o.Throttle
	s.OtherError += sign * o.OtherError
	s.Fault += sign * o.Fault
	s.TotalMicros += sign * o.TotalMicros
	s.Durations = addBucket(s.Durations, bucket{o.Duration, sign})
	if o.ResponseTime >= 0 {
		s.ResponseTimes = addBucket(s.ResponseTimes, bucket{o.ResponseTime, sign})
	}
	if sign > 0 {
		s.widen(o.Start, o.End)
	}
}

// merge adds o to s.
func (s *sums) merge(o *sums) {
	s.widen(o.Start, o.End)
	s.Roots += o.Roots
	s.Inferred += o.Inferred
	s.Statistics.Add(o.Statistics)
	for _, b := range o.Durations {
		s.Durations = addBucket(s.Durations, b)
	}
	for _, b := range o.ResponseTimes {
		s.ResponseTimes = addBucket(s.ResponseTimes, b)
	}
}

func (s *sums) widen(start, end radiograph.Timestamp) {
	if start != 0 && (s.Start == 0 || start < s.Start) {
		s.Start = start
	}
	s.End = max(s.End, end)
}

// empty reports whether nothing is counted.
func (s *sums) empty() bool {
	return s.Roots == 0 && s.Inferred == 0 && s.Statistics == radiograph.Statistics{} &&
		len(s.Durations) == 0 && len(s.ResponseTimes) == 0
}

func addBucket(h []bucket, b bucket) []bucket {
	i, found := slices.BinarySearchFunc(h, b, func(x, y bucket) int { return cmp.Compare(x.Size, y.Size) })
	if !found {
		if b.Count == 0 {
			return h
		}
		return slices.Insert(h, i, b)
	}
	if h[i].Count += b.Count; h[i].Count == 0 {
		return slices.Delete(h, i, i+1)
	}
	return h
}

func appendSums(b []byte, s *sums) []byte {
	b = binary.AppendVarint(append(b, contributionVersion), int64(s.Start))
	b = binary.AppendVarint(b, int64(s.End-s.Start))
	for _, n := range [...]int64{s.Roots, s.Inferred, s.OK, s.Throttle, s.OtherError, s.Fault, s.TotalMicros} {
		b = binary.AppendVarint(b, n)
	}
	for _, h := range [...][]bucket{s.Durations, s.ResponseTimes} {
		b = binary.AppendUvarint(b, uint64(len(h)))
		last := int64(0)
		for _, bar := range h {
			b = binary.AppendVarint(b, bar.Size-last)
			b = binary.AppendVarint(b, bar.Count)
			last = bar.Size
		}
	}
	return b
}

func readSums(key, sealed []byte) (*sums, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	return decodeSums(key, value)
}

// decodeSums reads what appendSums wrote; key is for the error.
func decodeSums(key, value []byte) (*sums, error) {
	f := fields{b: value}
	if version := f.byte(); version != contributionVersion {
		return nil, corrupt(key, "has the unknown version %d", version)
	}
	s := &sums{Start: radiograph.Timestamp(f.varint())}
	s.End = s.Start + radiograph.Timestamp(f.varint())
	for _, n := range [...]*int64{&s.Roots, &s.Inferred, &s.OK, &s.Throttle, &s.OtherError, &s.Fault, &s.TotalMicros} {
		*n = f.varint()
	}
	for _, h := range [...]*[]bucket{&s.Durations, &s.ResponseTimes} {
		n := f.count()
		if n == 0 {
			continue
		}
		bars, last := make([]bucket, 0, n), int64(0)
		for i := range n {
			bar := bucket{Size: last + f.varint()}
			bar.Count = f.varint()
			if i > 0 && bar.Size <= last || bar.Count == 0 {
				f.fail()
				break
			}
			bars, last = append(bars, bar), bar.Size
		}
		*h = bars
	}
	if !f.ended() {
		return nil, corrupt(key, "does not decode")
	}
	return s, nil
}

// appendSumsPrefix begins the keys of the rows of all traces (group 0) or of a
// group.
func appendSumsPrefix(b []byte, t tenant, group radiograph.GroupID) []byte {
	if group == 0 {
		return appendSpace(b, contributionSpace, t)
	}
	return binary.BigEndian.AppendUint64(appendSpace(b, groupSpace, t), uint64(group))
}

// appendContributionKey spells the identity out: keys decode without the value,
// and no two nodes can collide.
func appendContributionKey(b []byte, t tenant, in radiograph.Membership, c *radiograph.ContributionKey) []byte {
	b = appendAscending(appendSumsPrefix(b, t, in.Group), c.Minute)
	if in.Group != 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(in.Version))
	}
	b = appendServiceID(b, &c.Node)
	b = appendServiceID(b, &c.Edge)
	if c.Link {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendServiceID(b []byte, id *radiograph.ServiceID) []byte {
	return appendText(appendText(appendText(b, id.Name), id.Type), string(id.Account))
}

func (f *fields) serviceID() radiograph.ServiceID {
	return radiograph.ServiceID{Name: f.text(), Type: f.text(), Account: radiograph.AccountID(f.text())}
}

// parseContributionKey gives back the identity.
func parseContributionKey(key []byte) (tenant, radiograph.GroupID, *radiograph.Contribution, error) {
	f := fields{b: key}
	space := f.byte()
	t, group, c := tenant(f.uint32()), radiograph.GroupID(0), &radiograph.Contribution{}
	if space == groupSpace {
		group = radiograph.GroupID(f.uint64())
	}
	c.Minute = f.ascending()
	if space == groupSpace {
		c.Version = int(f.uint32())
	}
	c.Node, c.Edge = f.serviceID(), f.serviceID()
	link := f.byte()
	if space != contributionSpace && group == 0 || link > 1 || !f.ended() {
		return 0, 0, nil, corrupt(key, "is no contribution key")
	}
	c.Link = link == 1
	return t, group, c, nil
}

// contribution makes a contribution of a row's sums, or nil when all that was in
// them has been taken away.
func (s *sums) contribution(key []byte) (*radiograph.Contribution, error) {
	_, _, c, err := parseContributionKey(key)
	if err != nil || s.empty() {
		return nil, err
	}
	c.Roots, c.Inferred = s.Roots, s.Inferred
	c.Start, c.End, c.Statistics = s.Start, s.End, s.Statistics
	c.Durations, c.ResponseTimes = histogram(s.Durations), histogram(s.ResponseTimes)
	return c, nil
}

func histogram(h []bucket) radiograph.Histogram {
	if len(h) == 0 {
		return nil
	}
	m := make(radiograph.Histogram, len(h))
	for _, b := range h {
		m[b.Size] = b.Count
	}
	return m
}

// Contributions implements radiograph.TraceStore. It reads the minute rows of
// the range: its cost follows the minutes, nodes and edges, not the traces.
func (s *Store) Contributions(ctx context.Context, t radiograph.Tenant, group radiograph.GroupID, from, to radiograph.Timestamp) iter.Seq2[*radiograph.Contribution, error] {
	return func(yield func(*radiograph.Contribution, error) bool) {
		if err := s.enter(); err != nil {
			yield(nil, err)
			return
		}
		defer s.leave()
		n, ok := s.tenants.find(t)
		if !ok || to <= from {
			return
		}
		first := appendAscending(appendSumsPrefix(nil, n, group), firstMinute(from))
		end := appendAscending(appendSumsPrefix(nil, n, group), firstMinute(to))
		snapshot, pending := s.pending.view(s.db, first, end)
		defer func() { _ = snapshot.Close() }() // never fails on an open database
		give := func(key []byte, sum *sums) bool {
			c, err := sum.contribution(key)
			return (c == nil && err == nil || yield(c, err)) && err == nil
		}
		for row, err := range rows(ctx, snapshot, first, end) {
			var sum *sums
			if err == nil {
				sum, err = readSums(row.key, row.value)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if more := pending[string(row.key)]; more != nil {
				sum.merge(more)
				delete(pending, string(row.key))
			}
			if !give(row.key, sum) {
				return
			}
		}
		for key, sum := range pending {
			if !give([]byte(key), sum) {
				return
			}
		}
	}
}

const minute = radiograph.Timestamp(60e9)

// minuteOf is the minute an instant lies in, before 1970 too.
func minuteOf(t radiograph.Timestamp) int64 {
	m := t / minute
	if t%minute < 0 {
		m--
	}
	return int64(m)
}

// firstMinute is the first minute that begins at t or later.
func firstMinute(t radiograph.Timestamp) int64 {
	m := minuteOf(t)
	if t%minute != 0 {
		m++
	}
	return m
}

// differences collects what one write changes in the sums, one operand a row.
type differences map[string]*sums

// replace takes what old observed of one trace away and adds what new does, in the
// sums of one group's version.
func (d differences) replace(t tenant, in radiograph.Membership, old, new []trace.Observation) {
	var key []byte
	if len(old) == 0 { // nothing can cancel out
		for i := range new {
			key = appendContributionKey(key[:0], t, in, &new[i].ContributionKey)
			s := d[string(key)]
			if s == nil {
				s = &sums{}
				d[string(key)] = s
			}
			s.add(&new[i], 1)
		}
		return
	}
	type change struct{ sums, before sums } // before: the times that old has widened its row to
	changes := make(map[string]*change, len(old)+len(new))
	at := func(o *trace.Observation) *change {
		key = appendContributionKey(key[:0], t, in, &o.ContributionKey)
		c := changes[string(key)]
		if c == nil {
			c = &change{}
			changes[string(key)] = c
		}
		return c
	}
	for i := range old {
		c := at(&old[i])
		c.sums.add(&old[i], -1)
		c.before.widen(old[i].Start, old[i].End)
	}
	for i := range new {
		at(&new[i]).sums.add(&new[i], 1)
	}
	for k, c := range changes {
		widened := c.before
		widened.widen(c.sums.Start, c.sums.End)
		if c.sums.empty() && widened.Start == c.before.Start && widened.End == c.before.End {
			continue
		}
		if sum := d[k]; sum != nil {
			sum.merge(&c.sums)
		} else {
			d[k] = &c.sums
		}
	}
}

// write adds an operand to the batch for each row that changes.
func (d differences) write(b *pebble.Batch) error {
	for k, s := range d {
		key := []byte(k)
		if err := b.Merge(key, seal(key, appendSums(nil, s)), nil); err != nil {
			return writeError(describe(key), err)
		}
	}
	return nil
}
