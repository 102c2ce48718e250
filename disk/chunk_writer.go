package disk

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// chunkWriter makes a chunk of summaries.
type chunkWriter struct {
	packer  *packer
	header  chunkHeader
	columns map[int][]byte // compressed, without checksums: their keys are the caller's

	ints         [statusColumn][]byte // varints
	dictionaries [lookupColumn]dictionaryWriter
	keys         []string // those with columns
	keyValues    []dictionaryWriter
	coverages    []byte
	scratch      []byte
	shape        []byte
	shares       []float64
}

// writeChunk makes a chunk of up to chunkRows summaries in the order of Position
// by index time.
func writeChunk(p *packer, list []*radiograph.Summary) *chunkWriter {
	w := &chunkWriter{packer: p, columns: map[int][]byte{}}
	w.fill(list)
	return w
}

// fill makes the next chunk, in the memory of the last.
func (w *chunkWriter) fill(list []*radiograph.Summary) {
	clear(w.columns)
	for i := range w.ints {
		w.ints[i] = w.ints[i][:0]
	}
	for i := range w.dictionaries {
		w.dictionaries[i].reset()
	}
	w.coverages = w.coverages[:0]
	w.keys = frequentKeys(list)
	for len(w.keyValues) < len(w.keys) {
		w.keyValues = append(w.keyValues, dictionaryWriter{})
	}
	for i := range w.keyValues {
		w.keyValues[i].reset()
	}
	w.header = chunkHeader{Rows: len(list), All: math.MaxUint8}
	last := list[0].IndexTime
	for i, s := range list {
		w.times(s, last, i == 0)
		w.members(s)
		w.annotations(s.Annotations)
		last = s.IndexTime
	}
	w.finish()
}

// frequentKeys are the annotation keys that get columns, by name.
func frequentKeys(list []*radiograph.Summary) []string {
	uses := map[string]int{}
	for _, s := range list {
		for i := range s.Annotations {
			uses[s.Annotations[i].Key]++
		}
	}
	keys := make([]string, 0, len(uses))
	for k := range uses {
		keys = append(keys, k)
	}
	if len(keys) > maxKeyColumns {
		slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(uses[b], uses[a]), cmp.Compare(a, b)) })
		keys = keys[:maxKeyColumns]
	}
	slices.Sort(keys)
	return keys
}

func (w *chunkWriter) times(s *radiograph.Summary, last radiograph.Timestamp, first bool) {
	h := &w.header
	h.Index.widen(int64(s.IndexTime), first)
	h.Start.widen(int64(s.Start), first)
	h.End.widen(int64(s.End), first)
	h.Response.widen(int64(s.ResponseTime), first)
	h.Duration.widen(int64(s.Duration), first)
	flags := summaryFlags(s)
	h.Some, h.All = h.Some|flags, h.All&flags
	w.ints[flagColumn] = append(w.ints[flagColumn], flags)
	w.ints[idColumn] = append(w.ints[idColumn], s.ID[4:]...)
	for column, v := range [...]int64{
		indexTimeColumn: int64(last - s.IndexTime),
		idTimeColumn:    int64(binary.BigEndian.Uint32(s.ID[:4])) - int64(s.IndexTime)/1e9,
		startColumn:     int64(s.Start - s.IndexTime),
		durationColumn:  int64(s.Duration),
		endColumn:       int64(s.End - s.Start - s.Duration),
		responseColumn:  int64(s.Duration - s.ResponseTime),
		revisionColumn:  int64(s.Revision),
		lengthColumn:    s.HTTP.ContentLength,
	} {
		if column != flagColumn && column != idColumn {
			w.ints[column] = binary.AppendVarint(w.ints[column], v)
		}
	}
}

func (w *chunkWriter) members(s *radiograph.Summary) {
	add := func(column int, b []byte) {
		w.dictionaries[column].add(b)
		w.scratch = b[:0]
	}
	add(statusColumn, binary.AppendVarint(w.scratch, int64(s.HTTP.Status)))
	add(methodColumn, append(w.scratch, s.HTTP.Method...))
	add(urlColumn, append(w.scratch, s.HTTP.URL...))
	add(userAgentColumn, append(w.scratch, s.HTTP.UserAgent...))
	add(clientIPColumn, append(w.scratch, s.HTTP.ClientIP...))
	entry := w.scratch
	if s.EntryPoint != nil {
		entry = appendServiceID(entry, s.EntryPoint)
	}
	add(entryPointColumn, entry)
	add(userColumn, appendList(w.scratch, s.Users, appendUser))
	add(serviceColumn, appendList(w.scratch, s.ServiceIDs, appendService))
	add(resourceColumn, appendList(w.scratch, s.ResourceARNs, appendText))
	add(instanceColumn, appendList(w.scratch, s.InstanceIDs, appendText))
	add(zoneColumn, appendList(w.scratch, s.AvailabilityZones, appendText))
	add(faultCauseColumn, appendRootCauses(w.scratch, s.FaultRootCauses, nil))
	add(errorCauseColumn, appendRootCauses(w.scratch, s.ErrorRootCauses, nil))
	w.shares = w.shares[:0]
	add(slowCauseColumn, appendRootCauses(w.scratch, s.ResponseTimeRootCauses, &w.shares))
	w.coverages = appendCoverages(w.coverages, w.shares, s.ResponseTime)
}

// appendCoverages appends shares of a response time: nearly all are a whole
// number of nanoseconds of it, and each less than the one before. A varint holds
// that difference, plus one; zero says that the eight bytes of the share follow.
func appendCoverages(b []byte, list []float64, whole radiograph.Timestamp) []byte {
	last := whole
	for _, c := range list {
		part := radiograph.Timestamp(0)
		if c >= 0 && c <= 1 {
			part = radiograph.Timestamp(math.Round(c * float64(whole)))
		}
		if whole <= 0 || math.Float64bits(float64(part)/float64(whole)) != math.Float64bits(c) {
			b = binary.BigEndian.AppendUint64(append(b, 0), math.Float64bits(c))
			continue
		}
		d := int64(last - part)
		b = binary.AppendUvarint(b, uint64(d)<<1^uint64(d>>63)+1)
		last = part
	}
	return b
}

// coverages reads n shares.
func (f *fields) coverages(n int, whole radiograph.Timestamp) []float64 {
	list := make([]float64, 0, min(n, 16))
	last := whole
	for range n {
		d := f.uvarint()
		if f.bad {
			return nil
		}
		if d == 0 {
			list = append(list, math.Float64frombits(f.uint64()))
			continue
		}
		d--
		last -= radiograph.Timestamp(int64(d>>1) ^ -int64(d&1))
		list = append(list, float64(last)/float64(whole))
	}
	return list
}

// annotations writes the values that have columns there and the shape: for each
// annotation the number of its column plus one and its services, or a zero, key,
// value and services.
func (w *chunkWriter) annotations(list []radiograph.SummaryAnnotation) {
	shape := binary.AppendUvarint(w.shape[:0], uint64(len(list)))
	for i := range list {
		a := &list[i]
		value := appendAnnotationValue(w.scratch[:0], a.Value)
		if k, ok := slices.BinarySearch(w.keys, a.Key); ok {
			w.keyValues[k].add(value)
			shape = binary.AppendUvarint(shape, uint64(k)+1)
		} else {
			shape = append(appendText(append(shape, 0), a.Key), value...)
		}
		w.scratch = value[:0]
		shape = appendList(shape, a.ServiceIDs, appendService)
	}
	w.dictionaries[annotationColumn].add(shape)
	w.shape = shape
}

func (w *chunkWriter) finish() {
	w.columns[lookupColumn] = w.packer.column(w.lookup())
	for i, b := range w.ints {
		if i == idColumn { // random bytes
			w.columns[i] = append([]byte{columnPlain}, b...)
		} else {
			w.columns[i] = w.packer.column(b)
		}
	}
	w.columns[coverageColumn] = w.packer.column(w.coverages)
	for i := range w.dictionaries {
		if i >= statusColumn && i != coverageColumn {
			w.columns[i] = w.packer.column(w.dictionaries[i].bytes(false))
		}
	}
	for k := range w.keys {
		w.columns[keyColumn+k] = w.packer.column(w.keyValues[k].bytes(true))
	}
}

// write puts the chunk's rows into a batch.
func (w *chunkWriter) write(b *pebble.Batch, ref chunkRef) error {
	key := ref.append(nil, chunkSpace)
	if err := b.Set(key, seal(key, appendChunkHeader(nil, &w.header)), nil); err != nil {
		return writeError(describe(key), err)
	}
	for column, value := range w.columns {
		key := ref.appendColumn(nil, column)
		if err := b.Set(key, seal(key, value), nil); err != nil {
			return writeError(describe(key), err)
		}
	}
	return nil
}

// lookup is the column that tells whether a value is in the chunk: the keys that
// have columns, then a Bloom filter of the terms.
func (w *chunkWriter) lookup() []byte {
	var terms []uint64
	entries := func(d *dictionaryWriter, visit func(entry []byte)) {
		sizes, text := fields{b: d.sizes}, d.text
		for len(sizes.b) > 0 {
			n := sizes.uvarint()
			visit(text[:n])
			text = text[n:]
		}
	}
	for k := range w.keys {
		entries(&w.keyValues[k], func(v []byte) { terms = append(terms, annotationTerm(w.keys[k], v)) })
	}
	entries(&w.dictionaries[annotationColumn], func(shape []byte) {
		f := &fields{b: shape}
		for range f.count() {
			if f.uvarint() == 0 {
				key := f.text()
				terms = append(terms, annotationTerm(key, appendAnnotationValue(nil, f.annotationValue())))
			}
			readList(f, (*fields).serviceID)
		}
	})
	for _, column := range [...]int{urlColumn, clientIPColumn} {
		entries(&w.dictionaries[column], func(v []byte) { terms = append(terms, textTerm(column, v)) })
	}
	for _, column := range [...]int{userColumn, serviceColumn, resourceColumn, instanceColumn} {
		entries(&w.dictionaries[column], func(list []byte) {
			f := &fields{b: list}
			for range f.count() {
				switch column {
				case userColumn:
					terms = append(terms, textTerm(column, []byte(f.user().Name)))
				case serviceColumn:
					terms = append(terms, textTerm(column, []byte(f.serviceID().Name)))
				default:
					terms = append(terms, textTerm(column, []byte(f.text())))
				}
			}
		})
	}
	slices.Sort(terms)
	terms = slices.Compact(terms)
	b := appendList(nil, w.keys, appendText)
	return appendBloom(b, terms)
}

// textTerm and annotationTerm are what the Bloom filter is asked for.
func textTerm(column int, value []byte) uint64 { return hashTerm(column, "", value) }

func annotationTerm(key string, value []byte) uint64 {
	if len(value) == 9 && value[0] == byte(radiograph.NumberValue) && bytes.Equal(value[1:], negativeZero) {
		value = positiveZero // they are equal
	}
	return hashTerm(annotationColumn, key, value)
}

var (
	negativeZero = binary.BigEndian.AppendUint64(nil, math.Float64bits(math.Copysign(0, -1)))
	positiveZero = appendAnnotationValue(nil, radiograph.Value{Kind: radiograph.NumberValue})
)
