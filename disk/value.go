package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"radiograph"
)

// Every value of ours ends with a CRC-32C of its key and its bytes: Pebble's own
// block checksums cannot see a value that is filed under the wrong key, nor one
// that was wrong before it was written.
const checksumBytes = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends the checksum to a value that is to be stored under key.
func seal(key, value []byte) []byte {
	sum := crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
	return binary.LittleEndian.AppendUint32(value, sum)
}

// unseal checks a stored value and cuts the checksum off.
func unseal(key, sealed []byte) ([]byte, error) {
	if len(sealed) < checksumBytes {
		return nil, corrupt(key, "has %d bytes", len(sealed))
	}
	value := sealed[:len(sealed)-checksumBytes]
	want := binary.LittleEndian.Uint32(sealed[len(value):])
	if got := crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value); got != want {
		return nil, corrupt(key, "has the checksum %08x, stored is %08x", got, want)
	}
	return value, nil
}

// errDamaged is what errors about bytes that are not as they were written wrap.
var errDamaged = errors.New("damaged")

// corrupt is the error of a value that cannot be read; it names the row.
func corrupt(key []byte, format string, args ...any) error {
	err := radiograph.Errorf(radiograph.KindInternal, format, args...)
	err.Message = "store: " + describe(key) + " " + err.Message
	err.Err = errors.Join(&damagedRow{bytes.Clone(key)}, err.Err)
	return err
}

// damagedRow is an errDamaged that knows the row.
type damagedRow struct{ key []byte }

func (*damagedRow) Error() string        { return errDamaged.Error() }
func (*damagedRow) Is(target error) bool { return target == errDamaged }

// fields is a value that is read from front to back: fixed and variable
// integers, and texts with their length before them. The first thing that does
// not fit makes it bad, and everything read after that is zero.
type fields struct {
	b   []byte
	bad bool
}

// fail makes f bad.
func (f *fields) fail() { f.b, f.bad = nil, true }

// ended reports whether everything was read and all of it fitted.
func (f *fields) ended() bool { return !f.bad && len(f.b) == 0 }

func (f *fields) byte() byte {
	if len(f.b) < 1 {
		f.fail()
		return 0
	}
	c := f.b[0]
	f.b = f.b[1:]
	return c
}

func (f *fields) take(n int) []byte {
	if n < 0 || len(f.b) < n {
		f.fail()
		return nil
	}
	b := f.b[:n:n]
	f.b = f.b[n:]
	return b
}

func (f *fields) uint32() uint32 {
	if b := f.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (f *fields) uint64() uint64 {
	if b := f.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.b = f.b[n:]
	return v
}

func (f *fields) varint() int64 {
	v, n := binary.Varint(f.b)
	if n <= 0 {
		f.fail()
		return 0
	}
	f.b = f.b[n:]
	return v
}

// count reads the length of a list whose elements take at least one byte each,
// so that a corrupt length cannot make the reader allocate more than it was
// given.
func (f *fields) count() int {
	n := f.uvarint()
	if n > uint64(len(f.b)) {
		f.fail()
		return 0
	}
	return int(n)
}

func (f *fields) text() string { return string(f.take(f.count())) }

func (f *fields) traceID() (id radiograph.TraceID) {
	copy(id[:], f.take(len(id)))
	return id
}

func (f *fields) segmentID() (id radiograph.SegmentID) {
	copy(id[:], f.take(len(id)))
	return id
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
