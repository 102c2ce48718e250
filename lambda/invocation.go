package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"radiograph"
)

// Limits of an Invoke (Lambda quotas and API reference).
const (
	maxSyncPayload   = 6291456
	maxEventPayload  = 1 << 20
	maxResponse      = 6291556
	maxClientContext = 3583
)

// unhandled is the only value of FunctionError that is left.
const unhandled = "Unhandled"

// Invoke runs a function once, or accepts an event to be run later. A function
// that has begun comes to its end even when ctx is cancelled. Lambda's own
// segments are visible when Invoke returns.
func (s *Service) Invoke(ctx context.Context, req *radiograph.InvokeRequest) (*radiograph.InvokeResult, error) {
	if !s.gate.enter() {
		return nil, shuttingDown()
	}
	defer s.gate.leave()
	return s.invoke(ctx, req)
}

// invoke is Invoke inside the gate.
func (s *Service) invoke(ctx context.Context, req *radiograph.InvokeRequest) (*radiograph.InvokeResult, error) {
	v, err := s.registry.route(req.Tenant, req.Function, req.Qualifier)
	if err != nil {
		return nil, err
	}
	accepted := s.now()
	event, err := readEvent(req)
	if err != nil {
		return nil, err
	}
	if err := await(ctx, v); err != nil {
		return nil, exception(radiograph.KindUnavailable, "ServiceException", "The request ended before the function was ready.")
	}
	if req.Type == radiograph.DryRun {
		return &radiograph.InvokeResult{Status: 204, RequestID: event.RequestID}, nil
	}
	inv := &invocation{s: s, req: req, v: v, event: event, accepted: accepted}
	inv.trace = acceptTrace(v.fn.Tracing, s.cfg.PassThroughNew, req.TraceHeader, accepted, func() (bool, bool) {
		return s.cfg.Sampler.Sample(req.Tenant, req.Function, accepted)
	})
	if req.Type == radiograph.Event {
		return inv.enqueue(ctx)
	}
	return inv.respond()
}

// readEvent checks a request's payload and makes the event a runtime gets; its
// trace header and deadline come later.
func readEvent(req *radiograph.InvokeRequest) (radiograph.RuntimeEvent, error) {
	ev := radiograph.RuntimeEvent{
		RequestID:   req.RequestID,
		Payload:     req.Payload,
		FunctionARN: invokedARN(req.Tenant, req.Function, req.Qualifier),
	}
	if ev.RequestID == "" {
		ev.RequestID = radiograph.NewUUID()
	}
	switch req.Type {
	case radiograph.RequestResponse, radiograph.DryRun, "":
		if len(req.Payload) > maxSyncPayload {
			return ev, exception(radiograph.KindTooLarge, "RequestTooLargeException",
				"Request must be smaller than %d bytes for the InvokeFunction operation", maxSyncPayload)
		}
	case radiograph.Event:
		if len(req.Payload) > maxEventPayload {
			return ev, exception(radiograph.KindTooLarge, "RequestTooLargeException",
				"%d byte payload is too large for the Event invocation type (limit %d bytes)", len(req.Payload), maxEventPayload)
		}
	default:
		var v violations
		v.oneOf(string(req.Type), "invocationType", string(radiograph.RequestResponse), string(radiograph.Event), string(radiograph.DryRun))
		return ev, v.err()
	}
	if len(req.ClientContext) > maxClientContext {
		return ev, exception(radiograph.KindInvalid, "InvalidRequestContentException",
			"Client context must be no larger than %d bytes when base64-encoded", maxClientContext)
	}
	if req.ClientContext != "" {
		text, err := base64.StdEncoding.DecodeString(req.ClientContext)
		if err != nil || !json.Valid(text) {
			return ev, exception(radiograph.KindInvalid, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
		}
		ev.ClientContext = string(text)
	}
	if len(bytes.TrimSpace(req.Payload)) == 0 {
		ev.Payload = []byte("{}")
		return ev, nil
	}
	return ev, checkJSON(req.Payload)
}

// checkJSON refuses a payload no runtime could read, and says where it goes
// wrong.
func checkJSON(payload []byte) error {
	if json.Valid(payload) {
		return nil
	}
	detail := "Unexpected end-of-input"
	var syntax *json.SyntaxError
	var any json.RawMessage
	if err := json.Unmarshal(payload, &any); errors.As(err, &syntax) && syntax.Offset > 0 && int(syntax.Offset) <= len(payload) {
		before := payload[:syntax.Offset-1]
		c := payload[syntax.Offset-1]
		// At the end of the text the offset points at its last byte, which is fine.
		if int(syntax.Offset) < len(payload) || syntax.Error() != "unexpected end of JSON input" {
			detail = fmt.Sprintf("Unexpected character ('%c' (code %d)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') at [line: %d, column: %d]",
				printable(c), c, 1+bytes.Count(before, []byte{'\n'}), int(syntax.Offset)-1-bytes.LastIndexByte(before, '\n'))
		}
	}
	return exception(radiograph.KindInvalid, "InvalidRequestContentException",
		"Could not parse request body into json: Could not parse payload into json: %s", detail)
}

func printable(c byte) rune {
	if c < ' ' || c > '~' {
		return '?'
	}
	return rune(c)
}

// invokedARN is a function's ARN as the caller named it.
func invokedARN(t radiograph.Tenant, name, qualifier string) string {
	arn := radiograph.FunctionARN(t, name)
	if qualifier != "" {
		arn += ":" + qualifier
	}
	return arn
}

// invocation is one accepted Invoke whose caller waits.
type invocation struct {
	s        *Service
	req      *radiograph.InvokeRequest
	v        *version
	event    radiograph.RuntimeEvent
	accepted time.Time // the anchor of all its times
	trace    traceContext

	x        *execution
	decision *radiograph.Decision
}

// respond runs the function and answers its caller.
func (inv *invocation) respond() (*radiograph.InvokeResult, error) {
	s := inv.s
	x := s.execution(s.life, inv.v, inv.event, &inv.trace)
	inv.x = x
	x.run(nextGrace)
	if x.phase == responded {
		x.drain()
	}
	status := x.status()
	x.report()
	inv.decision = x.decision(radiograph.RequestResponse, inv.accepted, inv.req.TraceHeader, inv.v.fn.Tracing)
	s.offer(inv.v.fn, inv.decision, inv.documents(status))
	place := s.journal.add(inv.decision)
	result := &radiograph.InvokeResult{
		Status: status, Payload: x.outcome.payload, ExecutedVersion: inv.v.fn.Version,
		TraceHeader: inv.trace.answerHeader(), RequestID: inv.event.RequestID,
	}
	if x.outcome.functionError {
		result.FunctionError = unhandled
	}
	if inv.req.Tail {
		result.LogTail = slices.Clone(x.tail.bytes())
	}
	err := x.outcome.err
	if x.phase == responded {
		s.later(func() {
			x.finish()
			inv.decision.Dropped = nil
			x.describe(inv.decision)
			s.offer(inv.v.fn, inv.decision, inv.documents(status))
			s.journal.replace(place, inv.decision)
		})
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

// documents are the segments as far as they are known: both in progress while
// the runtime has not asked for its next event.
func (inv *invocation) documents(status int) [][]byte {
	if !inv.trace.Recorded {
		return nil
	}
	x, at := inv.x, instant{inv.accepted}
	service := serviceSegment{
		trace: &inv.trace, name: inv.v.fn.Name, arn: inv.event.FunctionARN, requestID: inv.event.RequestID,
		start: at.at(inv.accepted), status: status, flags: x.flags(),
	}
	if x.phase == over {
		service.end = at.at(inv.s.now())
	}
	docs := [][]byte{service.document()}
	if function := x.functionSegment(at, inv.trace.Service); function != nil {
		docs = append(docs, function.document())
	}
	return docs
}
