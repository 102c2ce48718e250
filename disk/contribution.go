package disk

import (
	"bytes"
	"context"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/trace"
)

// Contributions implements radiograph.TraceStore. Coarse totals read the hour rows,
// and minutes rows only where the range begins or ends within an hour; minutes are
// read of the chosen nodes and edges only. So the cost follows hours, nodes and
// edges, not traces.
func (s *Store) Contributions(ctx context.Context, t radiograph.Tenant, q radiograph.SumsQuery) iter.Seq2[*radiograph.Contribution, error] {
	return func(yield func(*radiograph.Contribution, error) bool) {
		if err := s.enter(); err != nil {
			yield(nil, err)
			return
		}
		defer s.leave()
		n, ok := s.tenants.find(t)
		if s.options.Retention > 0 {
			q.From = max(q.From, s.firstHour().start()) // what is before goes
		}
		if !ok || q.To <= q.From {
			return
		}
		r := sumsReader{tenant: n, query: q, from: firstMinute(q.From), to: firstMinute(q.To), chosen: make(map[string]*radiograph.Contribution)}
		bound := func(minute int64) []byte {
			return appendRollupKey(nil, minutesSpace, n, radiograph.Membership{Group: q.Group}, minute)
		}
		var waiting differences
		r.db, waiting = s.pending.view(s.db, bound(r.from), bound(r.to))
		defer func() { _ = r.db.Close() }() // never fails on an open database
		read := r.minutes
		if q.Total {
			read = r.totals
		}
		if err := read(ctx, waiting, yield); err != nil {
			yield(nil, err)
		}
	}
}

// sumsReader answers one query.
type sumsReader struct {
	db       *pebble.Snapshot
	tenant   tenant
	query    radiograph.SumsQuery
	from, to int64                               // minutes, half-open
	chosen   map[string]*radiograph.Contribution // by identity; nil: not wanted
}

// choose makes a contribution of an identity, or nil when it is not wanted. The
// caller copies it.
func (r *sumsReader) choose(identity []byte) (*radiograph.Contribution, bool) {
	c, known := r.chosen[string(identity)]
	if known {
		return c, true
	}
	c, ok := parseIdentity(identity)
	if ok && r.query.Chooses != nil && !r.query.Chooses(c) {
		c = nil
	}
	r.chosen[string(identity)] = c
	return c, ok
}

// hourRow is an hour row, valid until the next.
type hourRow struct {
	key, value []byte // the value without its version
	in         radiograph.Membership
	hour       int64
}

// hours scans the hour rows that have something of the range.
func (r *sumsReader) hours(ctx context.Context) iter.Seq2[hourRow, error] {
	return func(yield func(hourRow, error) bool) {
		in := radiograph.Membership{Group: r.query.Group}
		first := appendRollupKey(nil, hourSpace, r.tenant, in, hourOfMinute(r.from))
		end := appendRollupKey(nil, hourSpace, r.tenant, in, hourOfMinute(r.to-1)+1)
		for row, err := range rows(ctx, r.db, first, end) {
			h := hourRow{key: row.key}
			if err == nil {
				if h.value, err = readRollup(row.key, row.value); err == nil {
					_, h.in, h.hour, _, err = parseRollupKey(row.key)
				}
			}
			if !yield(h, err) || err != nil {
				return
			}
		}
	}
}

// whole reports whether the hour row answers for all of an hour.
func (r *sumsReader) whole(hour int64) bool {
	return r.query.Coarse() && r.from <= hour*minutesPerHour && (hour+1)*minutesPerHour <= r.to
}

// total adds up the sums of one version and identity.
type total struct {
	numbers
	of                       *radiograph.Contribution // without sums
	version                  int
	durations, responseTimes tally
}

func (t *total) add(s *stored) bool {
	t.merge(&s.numbers)
	fine, good := t.durations.addStored(s.durations), t.responseTimes.addStored(s.responseTimes)
	return fine && good
}

// totals yields one sum for each version and identity.
func (r *sumsReader) totals(ctx context.Context, waiting differences, yield func(*radiograph.Contribution, error) bool) error {
	versions, coarse := make(map[int]map[string]*total), r.query.Coarse()
	of := func(version int, identity []byte) (t *total, ok bool) {
		totals := versions[version]
		if totals == nil {
			totals = make(map[string]*total)
			versions[version] = totals
		}
		if t := totals[string(identity)]; t != nil {
			return t, true
		}
		c, ok := r.choose(identity)
		if c == nil {
			return nil, ok
		}
		t = &total{of: c, version: version, durations: tally{coarse: coarse}, responseTimes: tally{coarse: coarse}}
		totals[string(identity)] = t
		return t, true
	}
	for h, err := range r.hours(ctx) {
		if err != nil {
			return err
		}
		if !r.whole(h.hour) {
			if err := r.part(ctx, h, of); err != nil {
				return err
			}
			continue
		}
		e := entries{fields: fields{b: h.value}}
		for e.next() {
			t, ok := of(h.in.Version, e.key)
			if t != nil {
				var s stored
				if s, ok = e.stored(); ok {
					ok = t.add(&s)
				}
			}
			if !ok {
				e.fail()
			}
		}
		if !e.ended() {
			return corrupt(h.key, "does not decode")
		}
	}
	for key, sum := range waiting {
		k, _, err := parseSumsKey([]byte(key))
		if err != nil {
			return err
		}
		if t, _ := of(k.in.Version, k.identity); t != nil {
			t.merge(&sum.numbers)
			t.durations.addHistogram(sum.Durations)
			t.responseTimes.addHistogram(sum.ResponseTimes)
		}
	}
	for _, totals := range versions {
		for _, t := range totals {
			c := *t.of
			c.Version = t.version
			t.fill(&c)
			c.Durations, c.ResponseTimes = t.durations.histogram(), t.responseTimes.histogram()
			if !c.IsZero() && !yield(&c, nil) {
				return nil
			}
		}
	}
	return nil
}

// part adds what of an hour lies in the range.
func (r *sumsReader) part(ctx context.Context, h hourRow, of func(version int, identity []byte) (*total, bool)) error {
	first := append([]byte{minutesSpace}, h.key[1:]...)
	for row, err := range rows(ctx, r.db, first, after(first)) {
		if err != nil {
			return err
		}
		t, ok := of(h.in.Version, row.key[rollupKeyLength:])
		if !ok {
			return corrupt(row.key, "is no key of sums")
		}
		if t == nil {
			continue
		}
		value, err := readRollup(row.key, row.value)
		if err != nil {
			return err
		}
		m := minutesOf(value)
		for m.next() {
			if at := h.hour*minutesPerHour + int64(m.minute); r.from <= at && at < r.to && !t.add(&m.stored) {
				m.fail()
			}
		}
		if !m.ended() {
			return corrupt(row.key, "does not decode")
		}
	}
	return nil
}

// minutes yields one sum for each version, identity and minute. The hour rows
// tell which minutes rows there are.
func (r *sumsReader) minutes(ctx context.Context, waiting differences, yield func(*radiograph.Contribution, error) bool) error {
	it, err := r.db.NewIter(&pebble.IterOptions{LowerBound: []byte{minutesSpace}, UpperBound: []byte{minutesSpace + 1}})
	if err != nil {
		return readError("sums", err)
	}
	defer func() { _ = it.Close() }() // its error was seen by it.Error
	give := func(of *radiograph.Contribution, minute int64, version int, s *sums) bool {
		c := *of
		c.Minute, c.Version, c.Durations, c.ResponseTimes = minute, version, s.Durations, s.ResponseTimes
		s.fill(&c)
		return c.IsZero() || yield(&c, nil)
	}
	var key, name []byte
	for h, err := range r.hours(ctx) {
		if err != nil {
			return err
		}
		e := entries{fields: fields{b: h.value}}
		for e.next() {
			of, ok := r.choose(e.key)
			if !ok {
				e.fail()
			}
			if of == nil {
				continue
			}
			key = append(append(append(key[:0], minutesSpace), h.key[1:]...), e.key...)
			if !it.SeekGE(key) || !bytes.Equal(it.Key(), key) {
				if err := it.Error(); err != nil {
					return readError(describe(key), err)
				}
				return corrupt(key, "is missing")
			}
			sealed, err := it.ValueAndErr()
			if err != nil {
				return readError(describe(key), err)
			}
			value, err := readRollup(key, sealed)
			if err != nil {
				return err
			}
			m := minutesOf(value)
			for m.next() {
				at := h.hour*minutesPerHour + int64(m.minute)
				if at < r.from || at >= r.to {
					continue
				}
				sum := &sums{m.stored.numbers, m.histogram(m.stored.durations), m.histogram(m.stored.responseTimes)}
				if len(waiting) > 0 {
					name = append(appendRollupKey(name[:0], minutesSpace, r.tenant, h.in, at), e.key...)
					if more := waiting[string(name)]; more != nil {
						sum.merge(more)
						delete(waiting, string(name))
					}
				}
				if !give(of, at, h.in.Version, sum) {
					return nil
				}
			}
			if !m.ended() {
				return corrupt(key, "does not decode")
			}
		}
		if !e.ended() {
			return corrupt(h.key, "does not decode")
		}
	}
	for key, sum := range waiting {
		k, _, err := parseSumsKey([]byte(key))
		if err != nil {
			return err
		}
		if of, _ := r.choose(k.identity); of != nil && !give(of, k.minute, k.in.Version, sum) {
			return nil
		}
	}
	return nil
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
			key = appendSumsKey(key[:0], t, in, &new[i].ContributionKey)
			s := d[string(key)]
			if s == nil {
				s = &sums{}
				d[string(key)] = s
			}
			s.add(&new[i], 1)
		}
		return
	}
	old, new = differing(old, new)
	type change struct {
		sums   sums
		before numbers // the times that old has widened its row to
	}
	changes := make(map[string]*change, len(old)+len(new))
	at := func(o *trace.Observation) *change {
		key = appendSumsKey(key[:0], t, in, &o.ContributionKey)
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

// differing leaves out what both lists have, most of a trace that one document was
// added to. The lists have one order, so it looks only a little ahead.
func differing(old, new []trace.Observation) (gone, come []trace.Observation) {
	const ahead = 16
	next := 0
	for i := range old {
		at := next
		for at < len(new) && at < next+ahead && new[at] != old[i] {
			at++
		}
		if at == len(new) || at == next+ahead {
			gone = append(gone, old[i])
			continue
		}
		come = append(come, new[next:at]...)
		next = at + 1
	}
	return gone, append(come, new[next:]...)
}
