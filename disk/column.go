package disk

import (
	"encoding/binary"
	"math/bits"
)

// A column is what the traces of a chunk have of one member, one value after the
// other:
//
//	method  1 byte: plain or zstd
//	length  uvarint, before compression; zstd only
//	bytes
//
// Of integers the bytes are varints. Of texts they are a dictionary: the number
// of distinct entries, their lengths (uvarints), the entries, and for each value
// the number of its entry, in as many planes of one byte as the largest needs,
// the low bytes of all values first.
const (
	columnPlain = iota
	columnZstd
)

// columnLimit bounds what a stored length may claim: 4096 traces of 16 KB.
const columnLimit = 64 << 20

// column compresses raw when that is worth a sixteenth at least.
func (p *packer) column(raw []byte) []byte {
	b := make([]byte, 0, len(raw)+binary.MaxVarintLen64+1)
	if len(raw) >= 32 {
		b = binary.AppendUvarint(append(b, columnZstd), uint64(len(raw)))
		if b = p.enc.EncodeAll(raw, b); len(b) < len(raw)-len(raw)/16 {
			return b
		}
	}
	return append(append(b[:0], columnPlain), raw...)
}

// expand gives back what column was given, or nil.
func (p *packer) expand(b []byte) []byte {
	f := fields{b: b}
	switch f.byte() {
	case columnPlain:
		if !f.bad {
			return append([]byte{}, f.b...)
		}
	case columnZstd:
		n := f.uvarint()
		if f.bad || n > columnLimit {
			return nil
		}
		raw, err := p.dec.DecodeAll(f.b, make([]byte, 0, min(n, uint64(len(f.b))*64+1024)))
		if err == nil && uint64(len(raw)) == n {
			return raw
		}
	}
	return nil
}

// readInts reads n varints.
func readInts(raw []byte, n int) []int64 {
	if len(raw) < n {
		return nil
	}
	list := make([]int64, n)
	for i := range list {
		v, w := binary.Varint(raw)
		if w <= 0 {
			return nil
		}
		list[i], raw = v, raw[w:]
	}
	if len(raw) > 0 {
		return nil
	}
	return list
}

// dictionary is a column of texts, read.
type dictionary struct {
	offsets []uint32 // of the entries, and the end
	text    []byte
	planes  []byte // of the codes
	values  int
}

// readDictionary reads a column of a number of values; values < 0 takes as many
// as there are.
func readDictionary(raw []byte, values int) *dictionary {
	f := fields{b: raw}
	n := f.count()
	if f.bad {
		return nil
	}
	d := &dictionary{offsets: make([]uint32, 1, n+1)}
	at := uint64(0)
	for range n {
		size := f.uvarint()
		if size > uint64(len(raw)) {
			return nil
		}
		if at += size; at > columnLimit {
			return nil
		}
		d.offsets = append(d.offsets, uint32(at))
	}
	d.text = f.take(int(at))
	if f.bad {
		return nil
	}
	width := codeWidth(n)
	switch {
	case values < 0 && width == 0:
		values = int(f.uvarint()) // how many times the one entry is there
		if f.bad || values > columnLimit {
			return nil
		}
	case values < 0:
		values = len(f.b) / width
	}
	if len(f.b) != values*width || n == 0 && values > 0 {
		return nil
	}
	d.planes, d.values = f.b, values
	for i := range values {
		if width > 0 && d.code(i) >= n {
			return nil
		}
	}
	return d
}

// codeWidth is how many bytes tell n entries apart.
func codeWidth(n int) int { return (bits.Len(uint(max(n, 1)-1)) + 7) / 8 }

func (d *dictionary) entries() int { return len(d.offsets) - 1 }

func (d *dictionary) entry(code int) []byte {
	return d.text[d.offsets[code]:d.offsets[code+1]:d.offsets[code+1]]
}

// code is the number of the i-th value's entry.
func (d *dictionary) code(i int) int {
	c := 0
	for plane, shift := i, 0; plane < len(d.planes); plane, shift = plane+d.values, shift+8 {
		c |= int(d.planes[plane]) << shift
	}
	return c
}

func (d *dictionary) value(i int) []byte { return d.entry(d.code(i)) }

// dictionaryWriter makes a column of texts.
type dictionaryWriter struct {
	index map[string]uint32
	sizes []byte
	text  []byte
	codes []uint32
}

func (w *dictionaryWriter) reset() {
	clear(w.index)
	w.sizes, w.text, w.codes = w.sizes[:0], w.text[:0], w.codes[:0]
}

func (w *dictionaryWriter) add(v []byte) {
	code, ok := w.index[string(v)]
	if !ok {
		if w.index == nil {
			w.index = map[string]uint32{}
		}
		code = uint32(len(w.index))
		w.index[string(v)] = code
		w.sizes = binary.AppendUvarint(w.sizes, uint64(len(v)))
		w.text = append(w.text, v...)
	}
	w.codes = append(w.codes, code)
}

// bytes is the column. counted says that its reader does not know the number of
// values.
func (w *dictionaryWriter) bytes(counted bool) []byte {
	b := binary.AppendUvarint(make([]byte, 0, len(w.sizes)+len(w.text)+2*len(w.codes)+8), uint64(len(w.index)))
	b = append(append(b, w.sizes...), w.text...)
	width := codeWidth(len(w.index))
	if counted && width == 0 {
		b = binary.AppendUvarint(b, uint64(len(w.codes)))
	}
	for shift := 0; shift < width*8; shift += 8 {
		for _, c := range w.codes {
			b = append(b, byte(c>>shift))
		}
	}
	return b
}
