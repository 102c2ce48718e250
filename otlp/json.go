package otlp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The shapes of OTLP's JSON encoding: lowerCamelCase members, ids in hex, 64-bit
// integers as strings or numbers, enums as numbers; their names, which OTLP forbids
// and protobuf's own mapping writes, are taken too. Unknown members are passed over.
type (
	jsonRequest struct {
		ResourceSpans []struct {
			Resource struct {
				Attributes jsonAttributes `json:"attributes"`
			} `json:"resource"`
			ScopeSpans []struct {
				Spans []jsonSpan `json:"spans"`
			} `json:"scopeSpans"`
		} `json:"resourceSpans"`
	}
	jsonSpan struct {
		TraceID      hexBytes       `json:"traceId"`
		SpanID       hexBytes       `json:"spanId"`
		ParentSpanID hexBytes       `json:"parentSpanId"`
		Name         string         `json:"name"`
		Kind         jsonKind       `json:"kind"`
		Flags        uint32         `json:"flags"`
		Start        jsonUint       `json:"startTimeUnixNano"`
		End          jsonUint       `json:"endTimeUnixNano"`
		Attributes   jsonAttributes `json:"attributes"`
		Events       []struct {
			Time       jsonUint       `json:"timeUnixNano"`
			Name       string         `json:"name"`
			Attributes jsonAttributes `json:"attributes"`
		} `json:"events"`
		Links []struct {
			TraceID    hexBytes       `json:"traceId"`
			SpanID     hexBytes       `json:"spanId"`
			Attributes jsonAttributes `json:"attributes"`
		} `json:"links"`
		Status struct {
			Message string   `json:"message"`
			Code    jsonCode `json:"code"`
		} `json:"status"`
	}
	jsonAttributes []struct {
		Key   string    `json:"key"`
		Value jsonValue `json:"value"`
	}
	jsonValue struct {
		String *string    `json:"stringValue"`
		Bool   *bool      `json:"boolValue"`
		Int    *jsonInt   `json:"intValue"`
		Double *jsonFloat `json:"doubleValue"`
		Bytes  *[]byte    `json:"bytesValue"` // base64
		Array  *struct {
			Values []jsonValue `json:"values"`
		} `json:"arrayValue"`
		Map *struct {
			Values jsonAttributes `json:"values"`
		} `json:"kvlistValue"`
	}
	hexBytes  []byte
	jsonUint  uint64
	jsonInt   int64
	jsonFloat float64
	jsonKind  spanKind
	jsonCode  int32
)

// UnmarshalText reads hex digits of either case.
func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// UnmarshalJSON reads a number or a string that holds one.
func (n *jsonUint) UnmarshalJSON(b []byte) (err error) {
	if text := unquoted(b); text != "null" {
		*(*uint64)(n), err = strconv.ParseUint(text, 10, 64)
	}
	return err
}

// UnmarshalJSON reads a number or a string that holds one.
func (n *jsonInt) UnmarshalJSON(b []byte) (err error) {
	if text := unquoted(b); text != "null" {
		*(*int64)(n), err = strconv.ParseInt(text, 10, 64)
	}
	return err
}

// UnmarshalJSON reads a number or a string that holds one, also NaN and Infinity
// as protobuf's JSON mapping spells them.
func (n *jsonFloat) UnmarshalJSON(b []byte) (err error) {
	if text := unquoted(b); text != "null" {
		*(*float64)(n), err = strconv.ParseFloat(text, 64)
	}
	return err
}

// UnmarshalJSON reads a Span.SpanKind.
func (k *jsonKind) UnmarshalJSON(b []byte) error {
	return unmarshalEnum((*int32)(k), b, "SPAN_KIND_", "UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
}

// UnmarshalJSON reads a Status.StatusCode.
func (c *jsonCode) UnmarshalJSON(b []byte) error {
	return unmarshalEnum((*int32)(c), b, "STATUS_CODE_", "UNSET", "OK", "ERROR")
}

// unmarshalEnum reads a number, or a name that stands for its place among names.
func unmarshalEnum(n *int32, b []byte, prefix string, names ...string) error {
	if name, ok := strings.CutPrefix(unquoted(b), prefix); ok {
		if i := slices.Index(names, name); i >= 0 {
			*n = int32(i)
			return nil
		}
	}
	return json.Unmarshal(b, n)
}

func unquoted(b []byte) string { return strings.Trim(string(b), `"`) }

// decodeJSON reads an ExportTraceServiceRequest.
func decodeJSON(body []byte) ([]resourceSpans, error) {
	if err := checkNesting(body); err != nil {
		return nil, err
	}
	var in jsonRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("the body is not an ExportTraceServiceRequest in JSON: %w", err)
	}
	out := make([]resourceSpans, len(in.ResourceSpans))
	for i := range in.ResourceSpans {
		rs := &in.ResourceSpans[i]
		out[i].resource = rs.Resource.Attributes.attributes()
		for j := range rs.ScopeSpans {
			for k := range rs.ScopeSpans[j].Spans {
				out[i].spans = append(out[i].spans, rs.ScopeSpans[j].Spans[k].span())
			}
		}
	}
	return out, nil
}

// maxNesting: each AnyValue within another is three or four levels of JSON:
// {"kvlistValue": {"values": [{"key", "value": ...}]}}. Around the outermost there
// are twelve.
const maxNesting = 12 + 4*maxDepth

// checkNesting refuses, before memory is spent, JSON that is nested too deep or
// has too many objects. What is no JSON is found later.
func checkNesting(body []byte) error {
	depth, objects, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		c := body[i]
		if quoted {
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			continue
		}
		switch c {
		case '"':
			quoted = true
		case '{', '[':
			depth++
			objects++
		case '}', ']':
			depth--
		case ',': // an element may also be null
			objects++
		}
		switch {
		case depth > maxNesting:
			return errTooDeep
		case objects > 2*maxElements:
			return errTooMany
		}
	}
	return nil
}

func (js *jsonSpan) span() span {
	s := span{
		traceID: js.TraceID, spanID: js.SpanID, parentID: js.ParentSpanID,
		name: js.Name, kind: spanKind(js.Kind), flags: js.Flags, start: uint64(js.Start), end: uint64(js.End),
		attributes: js.Attributes.attributes(), status: int32(js.Status.Code), message: js.Status.Message,
	}
	for _, e := range js.Events {
		s.events = append(s.events, event{e.Name, uint64(e.Time), e.Attributes.attributes()})
	}
	for _, l := range js.Links {
		s.links = append(s.links, link{l.TraceID, l.SpanID, l.Attributes.attributes()})
	}
	return s
}

func (list jsonAttributes) attributes() attributes {
	out := make(attributes, len(list))
	for i := range list {
		out[i] = attribute{list[i].Key, list[i].Value.value()}
	}
	return out
}

func (v *jsonValue) value() value {
	switch {
	case v.String != nil:
		return value{kind: stringValue, text: *v.String}
	case v.Bool != nil:
		x := value{kind: boolValue}
		if *v.Bool {
			x.number = 1
		}
		return x
	case v.Int != nil:
		return value{kind: intValue, number: uint64(*v.Int)}
	case v.Double != nil:
		return doubleOf(float64(*v.Double))
	case v.Bytes != nil:
		return value{kind: bytesValue, text: string(*v.Bytes)}
	case v.Array != nil:
		x := value{kind: listValue, nested: &nested{}}
		for i := range v.Array.Values {
			x.list = append(x.list, v.Array.Values[i].value())
		}
		return x
	case v.Map != nil:
		return mapOf(v.Map.Values.attributes())
	}
	return value{}
}
