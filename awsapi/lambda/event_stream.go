package lambda

import (
	"encoding/binary"
	"hash/crc32"
)

// eventStreamType is the content type of frames.
const eventStreamType = "application/vnd.amazon.eventstream"

// maxChunk is how much of a response one frame carries.
const maxChunk = 64 << 10

// appendFrame writes one event of a stream (AWS general reference, "Event stream
// encoding"): lengths and their sum, headers, payload, the sum of it all.
func appendFrame(b []byte, event, contentType string, payload []byte) []byte {
	const stringType = 7
	var headers []byte
	for _, h := range [][2]string{{":event-type", event}, {":content-type", contentType}, {":message-type", "event"}} {
		headers = append(headers, byte(len(h[0])))
		headers = append(headers, h[0]...)
		headers = append(headers, stringType)
		headers = binary.BigEndian.AppendUint16(headers, uint16(len(h[1])))
		headers = append(headers, h[1]...)
	}
	const fixed = 16 // two lengths, two sums
	from := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(fixed+len(headers)+len(payload)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(headers)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[from:]))
	b = append(append(b, headers...), payload...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[from:]))
}
