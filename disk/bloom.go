package disk

import "encoding/binary"

// A Bloom filter of the terms of a chunk, in blocks of a cache line: a term lies
// in one block, and sets bloomProbes bits of it. With ten bits a term some two
// in a hundred of those that are absent seem present.
//
//	blocks  uvarint
//	bytes   64 each
const (
	bloomBlock  = 64
	bloomBits   = 16 // a term
	bloomProbes = 7  // of nine bits of a hash each
)

// hashTerm is stored: FNV-1a, and its bits mixed.
func hashTerm(column int, key string, value []byte) uint64 {
	const prime = 1099511628211
	h := (uint64(14695981039346656037) ^ uint64(column)) * prime
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * prime
	}
	h = (h ^ 0xff) * prime // a byte that no key ends with
	for _, c := range value {
		h = (h ^ uint64(c)) * prime
	}
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	return h ^ h>>29
}

func appendBloom(b []byte, terms []uint64) []byte {
	blocks := (len(terms)*bloomBits + bloomBlock*8 - 1) / (bloomBlock * 8)
	b = binary.AppendUvarint(b, uint64(blocks))
	at := len(b)
	b = append(b, make([]byte, blocks*bloomBlock)...)
	for _, t := range terms {
		block, bits := probes(t, blocks)
		for _, bit := range bits {
			b[at+block*bloomBlock+int(bit/8)] |= 1 << (bit % 8)
		}
	}
	return b
}

// probes are a term's block and its bits in it.
func probes(t uint64, blocks int) (block int, bits [bloomProbes]uint64) {
	block = int((t >> 32) * uint64(blocks) >> 32)
	t *= 0x9e3779b97f4a7c15
	for i := range bits {
		bits[i] = t >> (64 - 9)
		t <<= 9
	}
	return block, bits
}

// bloomFilter is a filter, read.
type bloomFilter []byte

func (f *fields) bloom() bloomFilter {
	n := f.uvarint()
	if n > uint64(len(f.b)/bloomBlock) {
		f.fail()
		return nil
	}
	return f.take(int(n) * bloomBlock)
}

// has is false only when the term is absent.
func (b bloomFilter) has(t uint64) bool {
	if len(b) == 0 {
		return false
	}
	block, bits := probes(t, len(b)/bloomBlock)
	for _, bit := range bits {
		if b[block*bloomBlock+int(bit/8)]&(1<<(bit%8)) == 0 {
			return false
		}
	}
	return true
}
