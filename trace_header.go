package radiograph

import "strings"

// TraceHeaderName is the HTTP header that carries a trace across services.
const TraceHeaderName = "X-Amzn-Trace-Id"

// Sampled is the decision in a trace header.
type Sampled byte

// The four forms a decision takes in a header.
const (
	SampledAbsent    Sampled = 0   // no Sampled part
	SampledYes       Sampled = '1' // record
	SampledNo        Sampled = '0' // do not record
	SampledRequested Sampled = '?' // decide and tell
)

// Decided reports whether upstream decided.
func (s Sampled) Decided() bool { return s == SampledYes || s == SampledNo }

// TraceHeader is the parsed value of an X-Amzn-Trace-Id header.
type TraceHeader struct {
	Root    TraceID   // zero: absent
	Parent  SegmentID // zero: absent
	Sampled Sampled
	Lineage string   // the value after Lineage=, forwarded as it came
	Other   []string // further key=value parts, forwarded in order
}

// maxForwarded bounds the bytes of Lineage and other parts that are kept, as the
// Node.js SDK does.
const maxForwarded = 256

// ParseTraceHeader reads a header leniently: keys in any letter case, blanks
// around parts, unknown parts kept, Self dropped. A part that cannot be read
// counts as absent; a header without a readable Root gives a zero Root.
func ParseTraceHeader(s string) TraceHeader {
	var h TraceHeader
	kept := 0
	for part := range strings.SplitSeq(s, ";") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			continue
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch strings.ToLower(key) {
		case "root":
			if id, err := ParseTraceID(value); err == nil {
				h.Root = id
			}
		case "parent":
			if id, err := ParseSegmentID(value); err == nil {
				h.Parent = id
			}
		case "sampled":
			if value == "1" || value == "0" || value == "?" {
				h.Sampled = Sampled(value[0])
			}
		case "self", "":
		case "lineage":
			if kept+len(value) <= maxForwarded && printable(value) {
				kept += len(value)
				h.Lineage = value
			}
		default:
			if n := len(key) + 1 + len(value); kept+n <= maxForwarded && printable(key+value) {
				kept += n
				h.Other = append(h.Other, key+"="+value)
			}
		}
	}
	return h
}

// String writes Root, Parent, Sampled, Lineage and the other parts in that
// order, without blanks; absent parts are left out.
func (h TraceHeader) String() string {
	var b []byte
	part := func(key string) {
		if len(b) > 0 {
			b = append(b, ';')
		}
		b = append(b, key...)
	}
	if !h.Root.IsZero() {
		part("Root=")
		b = h.Root.Append(b)
	}
	if !h.Parent.IsZero() {
		part("Parent=")
		b = h.Parent.Append(b)
	}
	if h.Sampled != SampledAbsent {
		part("Sampled=")
		b = append(b, byte(h.Sampled))
	}
	if h.Lineage != "" {
		part("Lineage=" + h.Lineage)
	}
	for _, o := range h.Other {
		part(o)
	}
	return string(b)
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
