package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// maxDatagram holds any UDP payload over IPv4 or IPv6.
const maxDatagram = 64 << 10

// Why a datagram is not passed on, in aws-xray-daemon's words.
var (
	ErrMissing = errors.New("a datagram was dropped: missing header or segment")
	ErrHeader  = errors.New("a datagram was dropped: invalid header")
)

// The two spellings of the header line that the SDKs send.
var (
	headerTight = []byte(`{"format":"json","version":1}`)    // Python, Node.js, ADOT
	headerWide  = []byte(`{"format": "json", "version": 1}`) // Go, Java
)

// ParseFrame splits a datagram at its first newline into header and document,
// checks the header as aws-xray-daemon 3.6.6 does, and returns the document as
// it came, a part of frame. The document is not looked into.
func ParseFrame(frame []byte) (body []byte, err error) {
	head, body, _ := bytes.Cut(frame, []byte{'\n'})
	if len(body) == 0 {
		return nil, ErrMissing
	}
	if !bytes.Equal(head, headerTight) && !bytes.Equal(head, headerWide) && !validHeader(head) {
		return nil, ErrHeader
	}
	return body, nil
}

func validHeader(head []byte) bool {
	var h struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	// A member of a wrong type leaves its field unset, which the check below
	// refuses; aws-xray-daemon looks at the fields only, too.
	_ = json.Unmarshal(head, &h)
	return strings.EqualFold(h.Format, "json") && h.Version == 1
}
