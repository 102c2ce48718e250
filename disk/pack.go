package disk

import (
	"encoding/binary"
	"runtime"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"radiograph"
)

// A pack is the documents of one request (of those traces that share a stored
// hour), compressed once, at the door: the log, the memtables and every
// compaction then carry a tenth of the bytes.
//
//	version  1 byte
//	length   uvarint, of the documents before compression
//	frame    zstd
//	checksum 4 bytes
const packVersion = 1

// packTarget is the size, before compression, at which a request's documents go
// on in the next pack: reading one document unpacks all of its pack.
const packTarget = 256 << 10

// packLimit bounds what a stored length may claim. A document is at most 64 KB
// (spec/xray.md 2.1); the rest is for callers with larger ones.
const packLimit = 64 << 20

// packer compresses and unpacks; it is safe for concurrent use.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
	raw sync.Pool // of *[]byte: documents laid end to end
}

// writeEffort is for packs that a writer waits for, repackEffort for those that
// nobody does: a twentieth smaller, for half the speed.
const (
	writeEffort  = zstd.SpeedFastest
	repackEffort = zstd.SpeedBetterCompression
)

func newPacker(effort zstd.EncoderLevel) (*packer, error) {
	// The window only needs to reach over one pack; the default would let each
	// encoder hold 8 MB.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(effort), zstd.WithWindowSize(packTarget),
		zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(packLimit))
	if err != nil {
		return nil, err
	}
	return &packer{enc: enc, dec: dec, raw: sync.Pool{New: func() any { return new([]byte) }}}, nil
}

func (p *packer) close() {
	_ = p.enc.Close() // nothing was streamed
	p.dec.Close()
}

// pack is a number of documents, compressed. It has no checksum yet: its key is
// known only under the traces' locks.
type pack struct {
	documents int
	packed    []byte
}

// layOut lays the records' documents end to end, in their order, in as few packs
// as packTarget allows.
func (p *packer) layOut(recs []*radiograph.Record) []pack {
	var packs []pack
	buffer := p.raw.Get().(*[]byte)
	defer p.raw.Put(buffer)
	for len(recs) > 0 {
		n, size := 0, 0
		for n < len(recs) && (n == 0 || size+len(recs[n].Root.Body) <= packTarget) {
			size += len(recs[n].Root.Body)
			n++
		}
		raw := slices.Grow((*buffer)[:0], size)
		for _, r := range recs[:n] {
			raw = append(raw, r.Root.Body...)
		}
		if *buffer = raw; size > packTarget {
			*buffer = nil // one huge document is no reason to keep so much
		}
		packs = append(packs, pack{n, p.pack(raw)})
		recs = recs[n:]
	}
	return packs
}

// pack compresses documents that were laid end to end.
func (p *packer) pack(documents []byte) []byte {
	b := make([]byte, 0, len(documents)/6+64)
	b = binary.AppendUvarint(append(b, packVersion), uint64(len(documents)))
	return p.enc.EncodeAll(documents, b)
}

// packedLength is what a stored pack says to have in documents.
func packedLength(sealed []byte) int {
	f := fields{b: sealed}
	f.byte()
	return int(min(f.uvarint(), packLimit))
}

// unpack checks a stored pack and gives back its documents.
func (p *packer) unpack(key, sealed []byte) ([]byte, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return nil, err
	}
	f := fields{b: value}
	version, n := f.byte(), f.uvarint()
	switch {
	case f.bad || n > packLimit:
		return nil, corrupt(key, "has a wrong header")
	case version != packVersion:
		return nil, corrupt(key, "has the unknown version %d", version)
	}
	// The length before compression is not trusted with an allocation beyond
	// what zstd can reach from the bytes there are.
	documents, err := p.dec.DecodeAll(f.b, make([]byte, 0, min(n, uint64(len(f.b))*64+1024)))
	if err != nil {
		return nil, corrupt(key, "does not unpack: %w", err)
	}
	if uint64(len(documents)) != n {
		return nil, corrupt(key, "unpacks to %d bytes, want %d", len(documents), n)
	}
	return documents, nil
}
