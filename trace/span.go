package trace

import (
	"encoding/json"

	"radiograph"
)

// Span is one entity as an OpenTelemetry span, in the JSON form that X-Ray writes
// to its log group of spans.
type Span struct {
	ID       radiograph.SegmentID
	Document []byte
}

type spanDocument struct {
	Resource     spanAttributes `json:"resource"`
	Scope        spanScope      `json:"scope"`
	TraceID      string         `json:"traceId"`
	SpanID       string         `json:"spanId"`
	ParentSpanID string         `json:"parentSpanId,omitempty"`
	Flags        int            `json:"flags"`
	Name         string         `json:"name"`
	Kind         string         `json:"kind"`
	Start        int64          `json:"startTimeUnixNano"`
	End          int64          `json:"endTimeUnixNano,omitempty"` // absent while in progress
	Duration     int64          `json:"durationNano,omitempty"`
	Attributes   map[string]any `json:"attributes"`
	Events       []spanEvent    `json:"events,omitempty"`
	Links        []spanLink     `json:"links,omitempty"`
	Status       spanStatus     `json:"status"`
}

type spanAttributes struct {
	Attributes map[string]any `json:"attributes"`
}

type spanScope struct {
	Name string `json:"name"`
}

type spanEvent struct {
	Name       string         `json:"name"`
	Time       int64          `json:"timeUnixNano"`
	Attributes map[string]any `json:"attributes"`
}

type spanLink struct {
	TraceID    string         `json:"traceId"`
	SpanID     string         `json:"spanId"`
	Attributes map[string]any `json:"attributes"`
}

type spanStatus struct {
	Code string `json:"code"`
}

// Spans are the segments and subsegments of a trace as spans: callers before what
// they enclose. Inferred segments are none: the calls they are made of are there.
func Spans(t *radiograph.Trace) []Span {
	var out []Span
	var walk func(n *radiograph.Node)
	walk = func(n *radiograph.Node) {
		out = append(out, newSpan(t, n))
		for _, c := range n.Children {
			walk(c)
		}
	}
	for _, n := range t.Segments {
		if !n.Inferred {
			walk(n)
		}
	}
	return out
}

func newSpan(t *radiograph.Trace, n *radiograph.Node) Span {
	d := spanDocument{
		Resource: spanAttributes{map[string]any{"service.name": n.Segment.Name}},
		Scope:    spanScope{"xray"},
		TraceID:  t.ID.W3C(), SpanID: n.ID.String(), Flags: 1,
		Name: n.Name, Kind: spanKind(n), Start: int64(n.Start),
		Attributes: attributes(n.Entity), Status: spanStatus{"UNSET"},
	}
	if n.Segment.Origin != "" {
		d.Resource.Attributes["aws.xray.origin"] = n.Segment.Origin
	}
	if n.Segment.ResourceARN != "" {
		d.Resource.Attributes["cloud.resource_id"] = n.Segment.ResourceARN
	}
	if parent := n.Entity.Parent; n.Parent != nil {
		d.ParentSpanID = n.Parent.ID.String()
	} else if !parent.IsZero() {
		d.ParentSpanID = parent.String()
	}
	if !n.InProgress {
		d.End, d.Duration = int64(n.End), int64(max(n.End-n.Start, 0))
	}
	if n.Fault || n.Error || n.Throttle {
		d.Status.Code = "ERROR"
	}
	for _, x := range n.Exceptions {
		d.Events = append(d.Events, spanEvent{Name: "exception", Time: int64(max(n.End, n.Start)), Attributes: present(map[string]any{
			"exception.type": x.Type, "exception.message": x.Message,
		})})
	}
	for _, l := range n.Links {
		d.Links = append(d.Links, spanLink{TraceID: l.Trace.W3C(), SpanID: l.Segment.String(), Attributes: present(map[string]any{
			"aws.xray.reserved.reference_type": l.Type,
		})})
	}
	b, err := json.Marshal(d)
	if err != nil { // numbers of annotations are finite, and the rest cannot fail
		b = []byte("{}")
	}
	return Span{ID: n.ID, Document: b}
}

func spanKind(n *radiograph.Node) string {
	switch {
	case !n.Subsegment:
		return "SERVER"
	case n.Namespace == "aws", n.Namespace == "remote":
		return "CLIENT"
	}
	return "INTERNAL"
}

// attributes are the members that have a name in OpenTelemetry's semantic
// conventions, and annotations under their own keys.
func attributes(e *radiograph.Entity) map[string]any {
	all := present(map[string]any{
		"http.request.method":       e.HTTP.Method,
		"http.response.status_code": e.HTTP.Status,
		"url.full":                  e.HTTP.URL,
		"user_agent.original":       e.HTTP.UserAgent,
		"client.address":            e.HTTP.ClientIP,
		"enduser.id":                e.User,
		"rpc.method":                e.AWS.Operation,
		"cloud.region":              e.AWS.Region,
		"cloud.account.id":          e.AWS.AccountID,
		"aws.request_id":            e.AWS.RequestID,
		"aws.queue_url":             e.AWS.QueueURL,
		"aws.s3.bucket":             e.AWS.BucketName,
		"aws.sns.topic.arn":         e.AWS.TopicARN,
	})
	if e.AWS.TableName != "" {
		all["aws.dynamodb.table_names"] = []string{e.AWS.TableName}
	}
	for _, a := range e.Annotations {
		switch a.Value.Kind {
		case radiograph.NumberValue:
			all[a.Key] = a.Value.Number
		case radiograph.BooleanValue:
			all[a.Key] = a.Value.Bool
		default:
			all[a.Key] = a.Value.String
		}
	}
	return all
}

// present drops what is empty.
func present(all map[string]any) map[string]any {
	for key, v := range all {
		if v == "" || v == 0 {
			delete(all, key)
		}
	}
	return all
}
