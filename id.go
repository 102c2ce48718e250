package radiograph

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// TraceID is the 16-byte id of a trace. X-Ray spells it 1-8hex-24hex, W3C trace
// context spells it as 32 hex digits; both spell the same value.
type TraceID [16]byte

// NewTraceID makes a fresh id whose first four bytes are now in epoch seconds,
// the form X-Ray documents.
func NewTraceID(now time.Time) TraceID {
	var id TraceID
	_, _ = rand.Read(id[4:]) // crypto/rand.Read never fails
	s := uint32(now.Unix())
	id[0], id[1], id[2], id[3] = byte(s>>24), byte(s>>16), byte(s>>8), byte(s)
	return id
}

// ParseTraceID reads either spelling, in any letter case.
func ParseTraceID[T ~string | ~[]byte](s T) (TraceID, error) {
	var id TraceID
	switch len(s) {
	case 35:
		if s[0] != '1' || s[1] != '-' || s[10] != '-' ||
			!decodeHex(id[:4], s[2:10]) || !decodeHex(id[4:], s[11:]) {
			return TraceID{}, fmt.Errorf("trace id %.40q is not 1-<8 hex>-<24 hex>", s)
		}
	case 32:
		if !decodeHex(id[:], s) {
			return TraceID{}, fmt.Errorf("trace id %.40q is not 32 hex digits", s)
		}
	default:
		return TraceID{}, fmt.Errorf("trace id %.40q has %d characters, want 35", s, len(s))
	}
	return id, nil
}

// Epoch is what the first four bytes say when they are read as epoch seconds;
// for a random W3C id it means nothing.
func (id TraceID) Epoch() Timestamp {
	s := uint32(id[0])<<24 | uint32(id[1])<<16 | uint32(id[2])<<8 | uint32(id[3])
	return Timestamp(s) * Timestamp(time.Second)
}

// IsZero reports whether id is unset.
func (id TraceID) IsZero() bool { return id == TraceID{} }

// Append appends the X-Ray spelling, in lower case.
func (id TraceID) Append(b []byte) []byte {
	b = append(b, '1', '-')
	b = hex.AppendEncode(b, id[:4])
	b = append(b, '-')
	return hex.AppendEncode(b, id[4:])
}

// String is the X-Ray spelling, in lower case.
func (id TraceID) String() string { return string(id.Append(make([]byte, 0, 35))) }

// W3C is the spelling of W3C trace context: 32 lower-case hex digits.
func (id TraceID) W3C() string { return hex.EncodeToString(id[:]) }

// MarshalText is String, or nothing for the zero id.
func (id TraceID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return []byte{}, nil
	}
	return id.Append(nil), nil
}

// UnmarshalText reads what MarshalText wrote, or either spelling.
func (id *TraceID) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*id = TraceID{}
		return nil
	}
	*id, err = ParseTraceID(b)
	return err
}

// SegmentID is the 8-byte id of a segment or subsegment, spelled as 16 hex
// digits. The zero value means "none".
type SegmentID [8]byte

// NewSegmentID makes a fresh random id.
func NewSegmentID() SegmentID {
	var id SegmentID
	_, _ = rand.Read(id[:])
	return id
}

// ParseSegmentID reads exactly 16 hex digits, in any letter case.
func ParseSegmentID[T ~string | ~[]byte](s T) (SegmentID, error) {
	var id SegmentID
	if len(s) != 16 || !decodeHex(id[:], s) {
		return SegmentID{}, fmt.Errorf("segment id %.20q is not 16 hex digits", s)
	}
	return id, nil
}

// IsZero reports whether id is unset.
func (id SegmentID) IsZero() bool { return id == SegmentID{} }

// Append appends the lower-case spelling.
func (id SegmentID) Append(b []byte) []byte { return hex.AppendEncode(b, id[:]) }

// String is the lower-case spelling.
func (id SegmentID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText is String, or nothing for the zero id.
func (id SegmentID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return []byte{}, nil
	}
	return id.Append(nil), nil
}

// UnmarshalText reads what MarshalText wrote.
func (id *SegmentID) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*id = SegmentID{}
		return nil
	}
	*id, err = ParseSegmentID(b)
	return err
}

// NewUUID makes a random RFC 4122 version 4 id: request ids, revision ids.
func NewUUID() string {
	var u [16]byte
	_, _ = rand.Read(u[:])
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// decodeHex fills dst from exactly len(dst)*2 hex digits and allocates nothing.
func decodeHex[T ~string | ~[]byte](dst []byte, s T) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range dst {
		hi, lo := hexDigit(s[2*i]), hexDigit(s[2*i+1])
		if hi > 15 || lo > 15 {
			return false
		}
		dst[i] = hi<<4 | lo
	}
	return true
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
