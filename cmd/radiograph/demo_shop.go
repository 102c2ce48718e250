package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"radiograph"
)

// order is the demo function's event.
type order struct {
	Number   int    `json:"order"`
	Provider string `json:"provider"` // URL of the payment provider
	Event    bool   `json:"-"`        // placed asynchronously
}

// The shop is the demo's upstream: a service that is traced, calls the function
// with its trace header, and records its own segment.
type shop struct {
	client   *client
	provider string
}

// subsegment and segment are the documents the demo writes (X-Ray segment
// documents).
type segment struct {
	Name        string               `json:"name"`
	ID          radiograph.SegmentID `json:"id"`
	TraceID     radiograph.TraceID   `json:"trace_id,omitzero"`
	ParentID    radiograph.SegmentID `json:"parent_id,omitzero"`
	Type        string               `json:"type,omitempty"`
	Namespace   string               `json:"namespace,omitempty"`
	Start       radiograph.Timestamp `json:"start_time"`
	End         radiograph.Timestamp `json:"end_time"`
	Error       bool                 `json:"error,omitempty"`
	Fault       bool                 `json:"fault,omitempty"`
	HTTP        *segmentHTTP         `json:"http,omitempty"`
	AWS         map[string]any       `json:"aws,omitempty"`
	Annotations map[string]any       `json:"annotations,omitempty"`
	Cause       *segmentCause        `json:"cause,omitempty"`
	Subsegments []*segment           `json:"subsegments,omitempty"`
}

type segmentHTTP struct {
	Request  *segmentRequest `json:"request,omitempty"`
	Response struct {
		Status int `json:"status"`
	} `json:"response"`
}

type segmentRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
}

type segmentCause struct {
	Exceptions []segmentException `json:"exceptions"`
}

type segmentException struct {
	ID      radiograph.SegmentID `json:"id"`
	Type    string               `json:"type"`
	Message string               `json:"message"`
	Remote  bool                 `json:"remote,omitempty"`
}

func causeOf(kind, message string, remote bool) *segmentCause {
	return &segmentCause{[]segmentException{{ID: radiograph.NewSegmentID(), Type: kind, Message: message, Remote: remote}}}
}

func httpCall(method, url string, status int) *segmentHTTP {
	h := &segmentHTTP{}
	if method != "" {
		h.Request = &segmentRequest{Method: method, URL: url}
	}
	h.Response.Status = status
	return h
}

// place takes an order: it invokes the function as a part of a sampled trace and
// records the shop's segment.
func (s *shop) place(ctx context.Context, o order) (radiograph.TraceID, error) {
	o.Provider = s.provider
	payload, err := json.Marshal(o)
	if err != nil {
		return radiograph.TraceID{}, err
	}
	began := time.Now()
	seg := &segment{Name: "shop", ID: radiograph.NewSegmentID(), TraceID: radiograph.NewTraceID(began), Start: radiograph.TimestampOf(began)}
	call := &segment{
		Name: "Lambda", ID: radiograph.NewSegmentID(), Namespace: "aws", Start: seg.Start,
		AWS: map[string]any{"operation": "Invoke", "function_name": demoFunction, "region": s.client.region},
	}
	header := radiograph.TraceHeader{Root: seg.TraceID, Parent: call.ID, Sampled: radiograph.SampledYes}
	inv, err := s.client.invoke(ctx, demoFunction, payload, invokeOptions{event: o.Event, traceHeader: header.String()})
	if err != nil {
		return seg.TraceID, err
	}
	// One wall-clock reading and monotonic time since, as for any segment.
	end := seg.Start.Add(time.Since(began))
	call.End, seg.End = end, end
	call.HTTP = httpCall("", "", inv.status)
	status := http.StatusOK
	switch {
	case inv.functionError != "":
		status = http.StatusBadGateway
		seg.Fault = true
		seg.Cause = causeOf("FunctionError", demoFunction+" failed ("+inv.functionError+")", true)
	case o.Event:
		status = http.StatusAccepted
	}
	seg.HTTP = httpCall("POST", "https://shop.example/orders", status)
	seg.Annotations = map[string]any{"order": o.Number}
	seg.Subsegments = []*segment{call}
	return seg.TraceID, s.client.putSegment(ctx, seg)
}

// putSegment sends one document with PutTraceSegments.
func (c *client) putSegment(ctx context.Context, seg *segment) error {
	document, err := json.Marshal(seg)
	if err != nil {
		return err
	}
	var out struct {
		UnprocessedTraceSegments []struct{ ErrorCode, Message string }
	}
	in := map[string]any{"TraceSegmentDocuments": []string{string(document)}}
	if err := c.json(ctx, "xray", http.MethodPost, "/TraceSegments", in, &out); err != nil {
		return err
	}
	for _, u := range out.UnprocessedTraceSegments {
		return fmt.Errorf("segment %s was not taken: %s %s", seg.ID, u.ErrorCode, u.Message)
	}
	return nil
}

// The provider is the demo's downstream: a real HTTP server that is not traced
// and not always well.
type provider struct {
	url  string
	srv  *http.Server
	done chan struct{}

	mu    sync.Mutex
	calls map[string]int // by order
}

func startProvider() (*provider, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &provider{url: "http://" + l.Addr().String(), done: make(chan struct{}), calls: map[string]int{}}
	p.srv = &http.Server{Handler: http.HandlerFunc(p.charge), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		defer close(p.done)
		_ = p.srv.Serve(l) // ends with http.ErrServerClosed
	}()
	return p, nil
}

func (p *provider) close() {
	_ = p.srv.Close()
	<-p.done
}

// charge answers POST /charges/<order>: 1002 meets a restart at its first call,
// 1003 an outage.
func (p *provider) charge(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.calls[r.URL.Path]++
	n := p.calls[r.URL.Path]
	p.mu.Unlock()
	time.Sleep(8 * time.Millisecond) // a card network's part
	switch {
	case r.URL.Path == "/charges/1002" && n == 1, r.URL.Path == "/charges/1003":
		http.Error(w, "down for maintenance", http.StatusServiceUnavailable)
	default:
		_, _ = io.WriteString(w, "charged\n")
	}
}
