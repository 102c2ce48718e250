package disk

import (
	"encoding/binary"

	"radiograph"
	"radiograph/trace"
)

// Sums are the numbers of one node or edge, or differences of them. All are
// integers, so that they come to exactly zero when all that was added is taken
// away again. Wherever they are stored, they look so:
//
//	start     varint, nanoseconds; 0: not known     end  varint, after start
//	roots, inferred                                       varints
//	ok, throttle, other error, fault, microseconds        varints
//	durations, response times                             length (uvarint), bars
//
// A bar is the distance of its number to the one before (uvarint; see barNumber)
// and its count (varint).

// numbers are sums without their histograms.
type numbers struct {
	Start, End      radiograph.Timestamp // only widen; zero: not known
	Roots, Inferred int64
	radiograph.Statistics
}

// sums are a radiograph.Contribution without its key.
type sums struct {
	numbers
	Durations, ResponseTimes radiograph.Histogram
}

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
	s.Durations = s.Durations.With(radiograph.Bar{Micros: o.Duration, Count: sign})
	if o.ResponseTime >= 0 {
		s.ResponseTimes = s.ResponseTimes.With(radiograph.Bar{Micros: o.ResponseTime, Count: sign})
	}
	if sign > 0 {
		s.widen(o.Start, o.End)
	}
}

// merge adds o to s.
func (s *sums) merge(o *sums) {
	s.numbers.merge(&o.numbers)
	s.Durations = s.Durations.Plus(o.Durations)
	s.ResponseTimes = s.ResponseTimes.Plus(o.ResponseTimes)
}

// empty reports whether nothing is counted.
func (s *sums) empty() bool {
	return s.numbers.empty() && len(s.Durations) == 0 && len(s.ResponseTimes) == 0
}

func (n *numbers) merge(o *numbers) {
	n.widen(o.Start, o.End)
	n.Roots += o.Roots
	n.Inferred += o.Inferred
	n.Statistics.Add(o.Statistics)
}

func (n *numbers) widen(start, end radiograph.Timestamp) {
	if start != 0 && (n.Start == 0 || start < n.Start) {
		n.Start = start
	}
	n.End = max(n.End, end)
}

func (n *numbers) empty() bool {
	return n.Roots == 0 && n.Inferred == 0 && n.Statistics == radiograph.Statistics{}
}

// fill gives the numbers to a contribution.
func (n *numbers) fill(c *radiograph.Contribution) {
	c.Start, c.End, c.Roots, c.Inferred, c.Statistics = n.Start, n.End, n.Roots, n.Inferred, n.Statistics
}

func (n *numbers) append(b []byte) []byte {
	b = binary.AppendVarint(b, int64(n.Start))
	b = binary.AppendVarint(b, int64(n.End-n.Start))
	for _, v := range [...]int64{n.Roots, n.Inferred, n.OK, n.Throttle, n.OtherError, n.Fault, n.TotalMicros} {
		b = binary.AppendVarint(b, v)
	}
	return b
}

func appendSums(b []byte, s *sums) []byte {
	b = s.numbers.append(b)
	var bars []byte
	for _, h := range [...]radiograph.Histogram{s.Durations, s.ResponseTimes} {
		bars = appendBars(bars[:0], h)
		b = append(binary.AppendUvarint(b, uint64(len(bars))), bars...)
	}
	return b
}

func appendBars(b []byte, h radiograph.Histogram) []byte {
	last := 0
	for _, bar := range h {
		i := barNumber(bar.Micros)
		b = binary.AppendUvarint(b, uint64(i-last))
		b = binary.AppendVarint(b, bar.Count)
		last = i
	}
	return b
}

// The numbers of bars: 0 to 999 for as many microseconds, then 900 for each power
// of ten, since radiograph.Bucket keeps three digits.
const (
	exactBars  = 1000
	decadeBars = 900
	allBars    = exactBars + 13*decadeBars // a Timestamp of nanoseconds has fewer
)

func barNumber(micros int64) int {
	if micros < exactBars {
		return int(max(micros, 0))
	}
	decade := 0
	for micros >= exactBars {
		micros /= 10
		decade++
	}
	return exactBars + (decade-1)*decadeBars + int(micros) - exactBars/10
}

// barMicros turns barNumber round.
func barMicros(number int) int64 {
	if number < exactBars {
		return int64(number)
	}
	return int64((number-exactBars)%decadeBars+exactBars/10) * powersOfTen[(number-exactBars)/decadeBars+1]
}

var powersOfTen = func() (p [18]int64) {
	p[0] = 1
	for i := range p[1:] {
		p[i+1] = p[i] * 10
	}
	return p
}()

// stored are sums as they are stored: their histograms need not be looked at.
type stored struct {
	numbers
	durations, responseTimes []byte
}

// stored reads sums without looking into the histograms.
func (f *fields) stored() (s stored) {
	s.Start = radiograph.Timestamp(f.varint())
	s.End = s.Start + radiograph.Timestamp(f.varint())
	for _, n := range [...]*int64{&s.Roots, &s.Inferred, &s.OK, &s.Throttle, &s.OtherError, &s.Fault, &s.TotalMicros} {
		*n = f.varint()
	}
	s.durations, s.responseTimes = f.take(f.count()), f.take(f.count())
	return s
}

// sums reads sums.
func (f *fields) sums() *sums {
	s := f.stored()
	return &sums{s.numbers, f.histogram(s.durations), f.histogram(s.responseTimes)}
}

// histogram reads bars; what is wrong in them makes f bad.
func (f *fields) histogram(stored []byte) radiograph.Histogram {
	if len(stored) == 0 {
		return nil
	}
	h := make(radiograph.Histogram, 0, len(stored)/2)
	bars := bars{fields: fields{b: stored}}
	for bars.next() {
		h = append(h, radiograph.Bar{Micros: barMicros(bars.number), Count: bars.count})
	}
	if bars.bad {
		f.fail()
	}
	return h
}

// bars reads the bars of a histogram one after the other.
type bars struct {
	fields
	number int
	count  int64
	begun  bool
}

// next reads one more. At the end, and when what follows is no bar, it is false;
// then bad tells which.
func (r *bars) next() bool {
	if len(r.b) == 0 {
		return false
	}
	if len(r.b) >= 2 && r.b[0] < 0x80 && r.b[1] < 0x80 { // as nearly all are
		distance, count := int(r.b[0]), int64(r.b[1])
		r.b = r.b[2:]
		r.count = count>>1 ^ -(count & 1)
		r.number += distance
		if distance == 0 && r.begun || r.count == 0 || r.number >= allBars {
			r.fail()
			return false
		}
		r.begun = true
		return true
	}
	distance := r.uvarint()
	r.count = r.varint()
	if r.bad || distance == 0 && r.begun || r.count == 0 || distance >= allBars || r.number+int(distance) >= allBars {
		r.fail()
		return false
	}
	r.number += int(distance)
	r.begun = true
	return true
}

// appendMerged appends the sum of two sums as they are stored.
func appendMerged(b []byte, x, y *stored) ([]byte, bool) {
	n := x.numbers
	n.merge(&y.numbers)
	b = n.append(b)
	var merged []byte
	ok := true
	for _, pair := range [...][2][]byte{{x.durations, y.durations}, {x.responseTimes, y.responseTimes}} {
		var fine bool
		merged, fine = appendMergedBars(merged[:0], pair[0], pair[1])
		ok = ok && fine
		b = append(binary.AppendUvarint(b, uint64(len(merged))), merged...)
	}
	return b, ok
}

// appendMergedBars appends the bars of two histograms; false when one of them
// does not decode.
func appendMergedBars(b, x, y []byte) ([]byte, bool) {
	if len(x) == 0 {
		x, y = y, x
	}
	if len(y) == 0 {
		return append(b, x...), true
	}
	p, q := bars{fields: fields{b: x}}, bars{fields: fields{b: y}}
	last := 0
	put := func(number int, count int64) {
		if count != 0 {
			b = binary.AppendVarint(binary.AppendUvarint(b, uint64(number-last)), count)
			last = number
		}
	}
	more, less := p.next(), q.next()
	for more && less {
		switch {
		case p.number < q.number:
			put(p.number, p.count)
			more = p.next()
		case p.number > q.number:
			put(q.number, q.count)
			less = q.next()
		default:
			put(p.number, p.count+q.count)
			more, less = p.next(), q.next()
		}
	}
	for ; more; more = p.next() {
		put(p.number, p.count)
	}
	for ; less; less = q.next() {
		put(q.number, q.count)
	}
	return b, !p.bad && !q.bad
}

// tally adds up histograms: a count for each bar of a range that grows.
type tally struct {
	coarse bool // the numbers are those of coarse bars
	low    int  // number of the first bar
	counts []int64
}

// addStored adds bars; false when they do not decode.
func (t *tally) addStored(stored []byte) bool {
	r := bars{fields: fields{b: stored}}
	for r.next() {
		number := r.number
		if t.coarse {
			number = int(coarseNumbers[number])
		}
		if i := number - t.low; uint(i) < uint(len(t.counts)) {
			t.counts[i] += r.count
		} else {
			t.add(number, r.count)
		}
	}
	return !r.bad
}

func (t *tally) addHistogram(h radiograph.Histogram) {
	for _, b := range h {
		number := barNumber(b.Micros)
		if t.coarse {
			number = int(coarseNumbers[number])
		}
		t.add(number, b.Count)
	}
}

// coarseNumbers are the numbers of the coarse bars that bars are in, coarseMicros
// their durations: a tenth as many, so that a graph's tallies stay near.
var coarseNumbers, coarseMicros = func() (numbers [allBars]uint16, micros []int64) {
	for i := range numbers {
		m := radiograph.CoarseBucket(barMicros(i))
		if n := len(micros); n == 0 || micros[n-1] != m {
			micros = append(micros, m)
		}
		numbers[i] = uint16(len(micros) - 1)
	}
	return numbers, micros
}()

func (t *tally) add(number int, count int64) {
	if i := number - t.low; uint(i) < uint(len(t.counts)) {
		t.counts[i] += count
		return
	}
	t.grow(number)
	t.counts[number-t.low] += count
}

// grow widens the range, by half and more, so that it does not do so often.
func (t *tally) grow(number int) {
	const slack = 64
	low, high := max(number-slack, 0), number+slack
	if n := len(t.counts); n > 0 {
		if number < t.low {
			low, high = max(min(low, t.low-n/2), 0), t.low+n
		} else {
			low, high = t.low, max(high, t.low+n+n/2)
		}
	}
	counts := make([]int64, high-low)
	if len(t.counts) > 0 {
		copy(counts[t.low-low:], t.counts)
	}
	t.low, t.counts = low, counts
}

func (t *tally) histogram() radiograph.Histogram {
	n := 0
	for _, c := range t.counts {
		if c != 0 {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	h := make(radiograph.Histogram, 0, n)
	for i, c := range t.counts {
		if c != 0 {
			micros := int64(0)
			if t.coarse {
				micros = coarseMicros[t.low+i]
			} else {
				micros = barMicros(t.low + i)
			}
			h = append(h, radiograph.Bar{Micros: micros, Count: c})
		}
	}
	return h
}
