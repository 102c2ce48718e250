package disk

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"radiograph"
)

// indexVersion is the first byte of an index row's value:
//
//	version  1 byte
//	flags    1 byte: door (low 4 bits), stamped, left out, independent
//	received varint, nanoseconds after the stored hour began
//	pack     uvarint, this row's sequence − the pack's first sequence
//	offset   uvarint, into the unpacked documents
//	length   uvarint
//	stamp    24 bytes, when stamped: trace, invocation
//	hash     8 bytes, when left out: of the document
//	checksum 4 bytes
const indexVersion = 1

const (
	indexDoor       = 0x0f
	indexStamped    = 0x10
	indexLeftOut    = 0x20
	indexSubsegment = 0x40
	indexFlags      = indexDoor | indexStamped | indexLeftOut | indexSubsegment
)

// place is one document of a trace as its index row tells it.
type place struct {
	Sequence uint64
	Door     radiograph.Door
	Stamp    radiograph.Stamp
	Received radiograph.Timestamp
	// LeftOut is set once, when the document comes and the trace is over its
	// size limit. It is stored, since merging must stay a function of the rows
	// alone when the limit is changed.
	LeftOut bool
	// Hash is of a document that was left out, so that its repeats are known
	// without reading it; else zero.
	Hash uint64
	// Independent is set for a subsegment; within an array it need not say so.
	Independent bool

	Pack           uint64 // first sequence of the pack
	Offset, Length int
}

// appendPlace appends the value of p's index row; seal is the caller's.
func appendPlace(b []byte, h hour, p *place) []byte {
	flags := byte(p.Door) & indexDoor
	if p.Stamp != (radiograph.Stamp{}) {
		flags |= indexStamped
	}
	if p.LeftOut {
		flags |= indexLeftOut
	}
	if p.Independent {
		flags |= indexSubsegment
	}
	b = append(b, indexVersion, flags)
	b = binary.AppendVarint(b, int64(p.Received-h.start()))
	b = binary.AppendUvarint(b, p.Sequence-p.Pack)
	b = binary.AppendUvarint(b, uint64(p.Offset))
	b = binary.AppendUvarint(b, uint64(p.Length))
	if flags&indexStamped != 0 {
		b = append(b, p.Stamp.Trace[:]...)
		b = append(b, p.Stamp.Invocation[:]...)
	}
	if p.LeftOut {
		b = binary.BigEndian.AppendUint64(b, p.Hash)
	}
	return b
}

// readPlace reads an index row.
func readPlace(key, sealed []byte) (place, error) {
	_, h, _, sequence, err := parseIndexKey(key)
	if err != nil {
		return place{}, err
	}
	value, err := unseal(key, sealed)
	if err != nil {
		return place{}, err
	}
	f := fields{b: value}
	if version := f.byte(); version != indexVersion {
		return place{}, corrupt(key, "has the unknown version %d", version)
	}
	flags := f.byte()
	p := place{
		Sequence:    sequence,
		Door:        radiograph.Door(flags & indexDoor),
		LeftOut:     flags&indexLeftOut != 0,
		Independent: flags&indexSubsegment != 0,
		Received:    h.start() + radiograph.Timestamp(f.varint()),
	}
	back, offset, length := f.uvarint(), f.uvarint(), f.uvarint()
	if flags&indexStamped != 0 {
		p.Stamp = radiograph.Stamp{Trace: f.traceID(), Invocation: f.segmentID()}
	}
	if p.LeftOut {
		p.Hash = f.uint64()
	}
	if !f.ended() || flags&^indexFlags != 0 || back > sequence || offset > packLimit || length > packLimit {
		return place{}, corrupt(key, "does not decode")
	}
	p.Pack, p.Offset, p.Length = sequence-back, int(offset), int(length)
	return p, nil
}

// documentHash tells documents that were left out of a trace apart.
func documentHash(r *radiograph.Record) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte{byte(r.Door)}) // a hash never fails
	_, _ = h.Write(r.Root.Body)
	return h.Sum64()
}

// The first byte of a trace row's value is one of these. After it: stored hour (4
// bytes), index time (8 bytes), checksum; for a trace that is in groups, before the
// checksum the list of their ids (8 bytes) and versions (uvarint).
const (
	traceVersion       = 1
	traceVersionGroups = 2
)

// home is what the trace row tells: where the rows of a trace are, and to which
// groups' sums it contributes.
type home struct {
	Hour      hour                 // fixed when the trace is first seen
	IndexTime radiograph.Timestamp // of its summary; may move
	Groups    []radiograph.Membership
}

func (at *home) equal(o *home) bool {
	return at.Hour == o.Hour && at.IndexTime == o.IndexTime && slices.Equal(at.Groups, o.Groups)
}

func appendHome(b []byte, at *home) []byte {
	version := byte(traceVersion)
	if len(at.Groups) > 0 {
		version = traceVersionGroups
	}
	b = binary.BigEndian.AppendUint32(append(b, version), uint32(at.Hour))
	b = appendAscending(b, int64(at.IndexTime))
	if version == traceVersion {
		return b
	}
	return appendList(b, at.Groups, func(b []byte, m radiograph.Membership) []byte {
		return binary.AppendUvarint(binary.BigEndian.AppendUint64(b, uint64(m.Group)), uint64(m.Version))
	})
}

func readHome(key, sealed []byte) (home, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return home{}, err
	}
	f := fields{b: value}
	version := f.byte()
	at := home{Hour: hour(f.uint32()), IndexTime: radiograph.Timestamp(f.ascending())}
	if version == traceVersionGroups {
		at.Groups = readList(&f, func(f *fields) radiograph.Membership {
			return radiograph.Membership{Group: radiograph.GroupID(f.uint64()), Version: int(f.uvarint())}
		})
	}
	if version != traceVersion && at.Groups == nil || !f.ended() {
		return home{}, corrupt(key, "does not decode")
	}
	return at, nil
}
