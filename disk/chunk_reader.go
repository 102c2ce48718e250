package disk

import (
	"encoding/binary"
	"slices"
	"sort"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// chunkReader reads one chunk, a column when it is first asked for. It is for
// one goroutine.
type chunkReader struct {
	db      pebble.Reader
	packer  *packer
	columns *lru[string, []byte]
	lookups *lru[chunkRef, *chunkLookup]
	ref     chunkRef
	header  *chunkHeader

	ints         [statusColumn][]int64
	dictionaries map[int]*dictionary
	raw          map[int][]byte
	keyStarts    map[int][]uint32
	shapes       [][]shapeItem // of the annotations, by code
	coverages    [][]byte      // of each row
}

func (s *Store) openChunk(db pebble.Reader, ref chunkRef, header *chunkHeader) *chunkReader {
	return &chunkReader{db: db, packer: s.packer, columns: &s.columns, lookups: &s.lookups, ref: ref, header: header}
}

// column reads a column, or an error that names it.
func (c *chunkReader) column(column int) ([]byte, error) {
	if b, ok := c.raw[column]; ok {
		return b, nil
	}
	key := c.ref.appendColumn(nil, column)
	b, ok := c.columns.get(string(key))
	if !ok {
		found, err := get(c.db, key, unsealColumn(c.packer))
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, corrupt(key, "is missing")
		}
		b = *found
		c.columns.put(string(key), b, int64(len(b)+len(key)))
	}
	if c.raw == nil {
		c.raw = map[int][]byte{}
	}
	c.raw[column] = b
	return b, nil
}

func unsealColumn(p *packer) func(key, sealed []byte) ([]byte, error) {
	return func(key, sealed []byte) ([]byte, error) {
		value, err := unseal(key, sealed)
		if err != nil {
			return nil, err
		}
		raw := p.expand(value)
		if raw == nil {
			return nil, corrupt(key, "does not unpack")
		}
		return raw, nil
	}
}

// bad is the error of a column whose checksum is right and that does not decode.
func (c *chunkReader) bad(column int) error {
	return corrupt(c.ref.appendColumn(nil, column), "does not decode")
}

// integers reads a column of integers; indexTimeColumn gives the index times
// themselves.
func (c *chunkReader) integers(column int) ([]int64, error) {
	if list := c.ints[column]; list != nil {
		return list, nil
	}
	raw, err := c.column(column)
	if err != nil {
		return nil, err
	}
	list := readInts(raw, c.header.Rows)
	if list == nil {
		return nil, c.bad(column)
	}
	if column == indexTimeColumn {
		at := c.header.Index.Max
		for i, d := range list {
			if d < 0 {
				return nil, c.bad(column)
			}
			at -= d
			list[i] = at
		}
	}
	c.ints[column] = list
	return list, nil
}

// bytesColumn reads a column of a fixed number of bytes a row.
func (c *chunkReader) bytesColumn(column, width int) ([]byte, error) {
	raw, err := c.column(column)
	if err == nil && len(raw) != c.header.Rows*width {
		return nil, c.bad(column)
	}
	return raw, err
}

// dictionary reads a column of texts.
func (c *chunkReader) dictionary(column int) (*dictionary, error) {
	if d := c.dictionaries[column]; d != nil {
		return d, nil
	}
	raw, err := c.column(column)
	if err != nil {
		return nil, err
	}
	values := c.header.Rows
	if column >= keyColumn {
		values = -1
	}
	d := readDictionary(raw, values)
	if d == nil {
		return nil, c.bad(column)
	}
	if c.dictionaries == nil {
		c.dictionaries = map[int]*dictionary{}
	}
	c.dictionaries[column] = d
	return d, nil
}

// chunkLookup tells whether a value is in a chunk.
type chunkLookup struct {
	keys  []string // of the annotations with columns
	terms bloomFilter
}

func (c *chunkReader) lookup() (*chunkLookup, error) {
	if l, ok := c.lookups.get(c.ref); ok {
		return l, nil
	}
	key := c.ref.appendColumn(nil, lookupColumn)
	raw, err := get(c.db, key, unsealColumn(c.packer))
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, corrupt(key, "is missing")
	}
	l := readChunkLookup(*raw)
	if l == nil {
		return nil, c.bad(lookupColumn)
	}
	c.lookups.put(c.ref, l, int64(len(*raw))+lookupMemory)
	return l, nil
}

// lookupMemory is what a chunkLookup takes besides its bytes.
const lookupMemory = 500

func readChunkLookup(raw []byte) *chunkLookup {
	f := &fields{b: raw}
	l := &chunkLookup{keys: readList(f, (*fields).text), terms: f.bloom()}
	if !f.ended() || len(l.keys) > maxKeyColumns || !slices.IsSorted(l.keys) {
		return nil
	}
	return l
}

// shapeItem is one annotation of a shape: its column, or −1 with key and value.
type shapeItem struct {
	column   int
	key      string
	value    radiograph.Value
	services []radiograph.ServiceID
}

// annotationShapes reads what annotations there are; by the code of the column.
func (c *chunkReader) annotationShapes() (*dictionary, [][]shapeItem, error) {
	d, err := c.dictionary(annotationColumn)
	if err != nil {
		return nil, nil, err
	}
	lookup, err := c.lookup()
	if err != nil || c.shapes != nil {
		return d, c.shapes, err
	}
	keys := lookup.keys
	shapes := make([][]shapeItem, d.entries())
	for code := range shapes {
		f := &fields{b: d.entry(code)}
		shapes[code] = readList(f, func(f *fields) shapeItem {
			k := f.uvarint()
			item := shapeItem{column: int(k) - 1}
			switch {
			case k > uint64(len(keys)):
				f.fail()
			case k == 0:
				item.key, item.value = f.text(), f.annotationValue()
			default:
				item.key = keys[k-1]
			}
			item.services = readList(f, (*fields).serviceID)
			return item
		})
		if !f.ended() {
			return nil, nil, c.bad(annotationColumn)
		}
	}
	c.shapes = shapes
	return d, shapes, nil
}

// startsOf tells for each row where its values of a key begin in the key's
// column; one more entry tells where the last row's end.
func (c *chunkReader) startsOf(k int) ([]uint32, *dictionary, error) {
	values, err := c.dictionary(keyColumn + k)
	if err != nil {
		return nil, nil, err
	}
	if starts := c.keyStarts[k]; starts != nil {
		return starts, values, nil
	}
	rows, shapes, err := c.annotationShapes()
	if err != nil {
		return nil, nil, err
	}
	uses := make([]uint32, len(shapes))
	for code, shape := range shapes {
		for i := range shape {
			if shape[i].column == k {
				uses[code]++
			}
		}
	}
	starts, at := make([]uint32, c.header.Rows+1), uint64(0)
	for row := range c.header.Rows {
		starts[row] = uint32(at)
		at += uint64(uses[rows.code(row)])
	}
	if at != uint64(values.values) {
		return nil, nil, c.bad(keyColumn + k)
	}
	starts[c.header.Rows] = uint32(at)
	if c.keyStarts == nil {
		c.keyStarts = map[int][]uint32{}
	}
	c.keyStarts[k] = starts
	return starts, values, nil
}

// coverage reads the coverages of a row's slow causes into them.
func (c *chunkReader) coverage(row int, causes []radiograph.RootCause) error {
	whole, err := c.responseTimes()
	if err != nil {
		return err
	}
	if c.coverages == nil {
		if err := c.splitCoverages(whole); err != nil {
			return err
		}
	}
	f := &fields{b: c.coverages[row]}
	list := f.coverages(coveragesOf(causes), radiograph.Timestamp(whole[row]))
	if !f.ended() {
		return c.bad(coverageColumn)
	}
	for i := range causes {
		for j := range causes[i].Services {
			for k := range causes[i].Services[j].Entities {
				causes[i].Services[j].Entities[k].Coverage, list = list[0], list[1:]
			}
		}
	}
	return nil
}

func coveragesOf(causes []radiograph.RootCause) (n int) {
	for i := range causes {
		for j := range causes[i].Services {
			n += len(causes[i].Services[j].Entities)
		}
	}
	return n
}

// skipRootCauses reads over a list of causes and counts their entities.
func (f *fields) skipRootCauses() (entities int) {
	text := func() { f.take(f.count()) }
	for range f.count() {
		f.flag()
		for range f.count() {
			f.flag()
			text()
			text()
			text()
			n := f.count()
			for range n {
				f.flag()
				text()
				f.take(8)
				for range f.count() {
					f.flag()
					f.take(len(radiograph.SegmentID{}))
					text()
					text()
				}
			}
			entities += n
		}
	}
	return entities
}

// splitCoverages finds each row's part of the column.
func (c *chunkReader) splitCoverages(whole []int64) error {
	slow, err := c.dictionary(slowCauseColumn)
	if err != nil {
		return err
	}
	raw, err := c.column(coverageColumn)
	if err != nil {
		return err
	}
	uses := make([]int, slow.entries())
	for code := range uses {
		f := &fields{b: slow.entry(code)}
		if uses[code] = f.skipRootCauses(); !f.ended() {
			return c.bad(slowCauseColumn)
		}
	}
	c.coverages = make([][]byte, c.header.Rows)
	for row := range c.coverages {
		rest := raw
		for range uses[slow.code(row)] {
			v, n := binary.Uvarint(rest)
			if v == 0 {
				n += 8
			}
			if n <= 0 || n > len(rest) || v == 0 && n < 9 {
				c.coverages = nil
				return c.bad(coverageColumn)
			}
			rest = rest[n:]
		}
		c.coverages[row] = raw[:len(raw)-len(rest)]
		raw = rest
	}
	if len(raw) > 0 {
		c.coverages = nil
		return c.bad(coverageColumn)
	}
	return nil
}

// position is where a row stands among those by index time.
func (c *chunkReader) position(row int) (radiograph.Position, error) {
	times, err := c.integers(indexTimeColumn)
	if err != nil {
		return radiograph.Position{}, err
	}
	id, err := c.id(row)
	return radiograph.Position{Time: radiograph.Timestamp(times[row]), ID: id}, err
}

// id is the id of a row's trace.
func (c *chunkReader) id(row int) (id radiograph.TraceID, err error) {
	times, err := c.integers(indexTimeColumn)
	if err != nil {
		return id, err
	}
	epochs, err := c.integers(idTimeColumn)
	if err != nil {
		return id, err
	}
	rest, err := c.bytesColumn(idColumn, 12)
	if err != nil {
		return id, err
	}
	binary.BigEndian.PutUint32(id[:4], uint32(epochs[row]+times[row]/1e9))
	copy(id[4:], rest[row*12:])
	return id, nil
}

// find is the row of a trace, or −1.
func (c *chunkReader) find(at radiograph.Position) (int, error) {
	var failed error
	row := sort.Search(c.header.Rows, func(row int) bool {
		p, err := c.position(row)
		failed = err
		return err != nil || p.Compare(at) >= 0
	})
	if failed != nil || row == c.header.Rows {
		return -1, failed
	}
	p, err := c.position(row)
	if err != nil || p != at {
		return -1, err
	}
	return row, nil
}

// starts, ends and response times of all rows.
func (c *chunkReader) starts() ([]int64, error) {
	return c.derived(startColumn, func(row int) int64 { return c.ints[indexTimeColumn][row] }, indexTimeColumn)
}

func (c *chunkReader) ends() ([]int64, error) {
	if _, err := c.starts(); err != nil {
		return nil, err
	}
	return c.derived(endColumn, func(row int) int64 { return c.ints[startColumn][row] + c.ints[durationColumn][row] }, durationColumn)
}

func (c *chunkReader) responseTimes() ([]int64, error) {
	if c.ints[responseColumn] != nil {
		return c.ints[responseColumn], nil
	}
	durations, err := c.integers(durationColumn)
	if err != nil {
		return nil, err
	}
	list, err := c.integers(responseColumn)
	for row := range list {
		list[row] = durations[row] - list[row]
	}
	return list, err
}

// derived reads a column that is kept as the difference to others, which are
// read first.
func (c *chunkReader) derived(column int, base func(row int) int64, others ...int) ([]int64, error) {
	if c.ints[column] != nil {
		return c.ints[column], nil
	}
	for _, o := range others {
		if _, err := c.integers(o); err != nil {
			return nil, err
		}
	}
	list, err := c.integers(column)
	for row := range list {
		list[row] += base(row)
	}
	return list, err
}

// summary makes the summary of a row.
func (c *chunkReader) summary(row int) (*radiograph.Summary, error) {
	s := &radiograph.Summary{}
	var err error
	if s.ID, err = c.id(row); err != nil {
		return nil, err
	}
	for _, m := range [...]struct {
		read func() ([]int64, error)
		into *radiograph.Timestamp
	}{
		{func() ([]int64, error) { return c.integers(indexTimeColumn) }, &s.IndexTime},
		{c.starts, &s.Start},
		{c.ends, &s.End},
		{func() ([]int64, error) { return c.integers(durationColumn) }, &s.Duration},
		{c.responseTimes, &s.ResponseTime},
	} {
		list, err := m.read()
		if err != nil {
			return nil, err
		}
		*m.into = radiograph.Timestamp(list[row])
	}
	flags, err := c.bytesColumn(flagColumn, 1)
	if err != nil {
		return nil, err
	}
	s.HasFault, s.HasError = flags[row]&summaryFault != 0, flags[row]&summaryError != 0
	s.HasThrottle, s.IsPartial = flags[row]&summaryThrottle != 0, flags[row]&summaryPartial != 0
	s.HTTP.Traced = flags[row]&summaryTraced != 0
	revisions, err := c.integers(revisionColumn)
	if err != nil {
		return nil, err
	}
	lengths, err := c.integers(lengthColumn)
	if err != nil {
		return nil, err
	}
	s.Revision, s.HTTP.ContentLength = int(revisions[row]), lengths[row]
	for _, m := range [...]struct {
		column int
		read   func(f *fields)
	}{
		{statusColumn, func(f *fields) { s.HTTP.Status = int(f.varint()) }},
		{methodColumn, func(f *fields) { s.HTTP.Method = f.rest() }},
		{urlColumn, func(f *fields) { s.HTTP.URL = f.rest() }},
		{userAgentColumn, func(f *fields) { s.HTTP.UserAgent = f.rest() }},
		{clientIPColumn, func(f *fields) { s.HTTP.ClientIP = f.rest() }},
		{entryPointColumn, func(f *fields) {
			if flags[row]&summaryEntryPoint != 0 {
				e := f.serviceID()
				s.EntryPoint = &e
			}
		}},
		{userColumn, func(f *fields) { s.Users = readList(f, (*fields).user) }},
		{serviceColumn, func(f *fields) { s.ServiceIDs = readList(f, (*fields).serviceID) }},
		{resourceColumn, func(f *fields) { s.ResourceARNs = readList(f, (*fields).text) }},
		{instanceColumn, func(f *fields) { s.InstanceIDs = readList(f, (*fields).text) }},
		{zoneColumn, func(f *fields) { s.AvailabilityZones = readList(f, (*fields).text) }},
		{faultCauseColumn, func(f *fields) { s.FaultRootCauses = readList(f, (*fields).rootCause) }},
		{errorCauseColumn, func(f *fields) { s.ErrorRootCauses = readList(f, (*fields).rootCause) }},
		{slowCauseColumn, func(f *fields) { s.ResponseTimeRootCauses = readList(f, (*fields).rootCause) }},
	} {
		d, err := c.dictionary(m.column)
		if err != nil {
			return nil, err
		}
		f := &fields{b: d.value(row)}
		if m.read(f); !f.ended() {
			return nil, c.bad(m.column)
		}
	}
	if len(s.ResponseTimeRootCauses) > 0 {
		if err := c.coverage(row, s.ResponseTimeRootCauses); err != nil {
			return nil, err
		}
	}
	s.Annotations, err = c.annotations(row)
	return s, err
}

// rest takes all that is left as a text.
func (f *fields) rest() string { return string(f.take(len(f.b))) }

func (c *chunkReader) annotations(row int) ([]radiograph.SummaryAnnotation, error) {
	rows, shapes, err := c.annotationShapes()
	if err != nil {
		return nil, err
	}
	shape := shapes[rows.code(row)]
	if len(shape) == 0 {
		return nil, nil
	}
	list := make([]radiograph.SummaryAnnotation, len(shape))
	var taken [maxKeyColumns]uint32
	for i, item := range shape {
		list[i] = radiograph.SummaryAnnotation{Key: item.key, Value: item.value, ServiceIDs: item.services}
		if item.column < 0 {
			continue
		}
		starts, values, err := c.startsOf(item.column)
		if err != nil {
			return nil, err
		}
		f := &fields{b: values.value(int(starts[row] + taken[item.column]))}
		taken[item.column]++
		if list[i].Value = f.annotationValue(); !f.ended() {
			return nil, c.bad(keyColumn + item.column)
		}
	}
	return list, nil
}
