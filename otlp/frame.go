package otlp

import (
	"encoding/base64"
	"strings"
)

// The prefixes of ADOT's frames. T1 is what its first versions sent.
const (
	frameSampled   = "T1S"
	frameUnsampled = "T1U"
	frameTraces    = "T1"
	frameMetrics   = "M1"
)

// IsFrame reports whether a datagram's body is ADOT's. No JSON begins so.
func (r *Receiver) IsFrame(body []byte) bool {
	return len(body) > 1 && (body[0] == 'T' || body[0] == 'M') && body[1] == '1'
}

// Frame is the documents of the spans in the body of one of ADOT's datagrams: a
// prefix, and an ExportTraceServiceRequest in base64. lost says what is not
// recorded, a sentence each: spans of a trace that is not sampled, metrics, bad
// spans.
func (r *Receiver) Frame(body []byte) (docs [][]byte, lost []string) {
	text := string(body)
	switch {
	case strings.HasPrefix(text, frameMetrics):
		return nil, []string{"a datagram was dropped: it holds OpenTelemetry metrics, and only traces are taken"}
	case strings.HasPrefix(text, frameUnsampled):
		return nil, []string{"a datagram was dropped: its OpenTelemetry spans are of a trace that is not sampled (T1U)"}
	}
	text, sampled := strings.CutPrefix(text, frameSampled)
	if !sampled {
		text = strings.TrimPrefix(text, frameTraces)
	}
	message, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, []string{"a datagram was dropped: an OpenTelemetry frame that is not base64"}
	}
	request, err := decodeProtobuf(message)
	if err != nil {
		return nil, []string{"a datagram was dropped: " + err.Error()}
	}
	m := mapper{cfg: &r.cfg}
	for i := range request {
		rs := newResource(request[i].resource)
		for j := range request[i].spans {
			s := &request[i].spans[j]
			bodies, err := m.documents(rs, s)
			if err != nil {
				lost = append(lost, "an OpenTelemetry span was dropped: "+err.Error())
			}
			docs = append(docs, bodies...)
		}
	}
	return docs, lost
}
