package lambda

import (
	"time"

	"radiograph"
)

// traceContext is what acceptance decides about an invocation's trace, once; the
// attempts of an event inherit it.
type traceContext struct {
	// Trace is the header as it goes on from here, but for its Parent.
	Trace radiograph.TraceHeader
	// Caller is the Parent that came in: the service segment's parent.
	Caller radiograph.SegmentID
	// Service is the id of the service segment.
	Service radiograph.SegmentID
	// Recorded tells that Lambda writes its segments.
	Recorded bool
	// PassedOn tells that the runtime gets the caller's context instead of one
	// whose Parent is the Invocation.
	PassedOn bool
	// Reason says why it is or is not recorded, as a sentence.
	Reason string
}

// acceptTrace reads the caller's header and decides.
//
// Without a readable Root there is no context: a new trace begins. An Active
// function obeys a decision that came in and else asks sample. A PassThrough
// function never decides; with passThroughNew it writes no segments either, and
// hands on the caller's context only when that decided to record.
func acceptTrace(mode radiograph.TracingMode, passThroughNew bool, header string, now time.Time, sample func() (sampled, reservoir bool)) traceContext {
	h := radiograph.ParseTraceHeader(header)
	if h.Root.IsZero() {
		h = radiograph.TraceHeader{Root: radiograph.NewTraceID(now)}
	}
	c := traceContext{Trace: h, Caller: h.Parent, Service: radiograph.NewSegmentID()}
	c.Trace.Parent = radiograph.SegmentID{}
	upstream := h.Sampled
	switch {
	case mode == radiograph.TracingActive && upstream == radiograph.SampledYes:
		c.Recorded, c.Reason = true, "The caller decided to sample (Sampled=1)."
	case mode == radiograph.TracingActive && upstream == radiograph.SampledNo:
		c.Reason = "The caller decided not to sample (Sampled=0)."
	case mode == radiograph.TracingActive:
		sampled, reservoir := sample()
		c.Recorded = sampled
		switch {
		case reservoir:
			c.Reason = "Active tracing, no decision from the caller: the first request of this second is sampled."
		case sampled:
			c.Reason = "Active tracing, no decision from the caller: among the 5 % sampled beyond one request a second."
		default:
			c.Reason = "Active tracing, no decision from the caller: not among the 5 % sampled beyond one request a second."
		}
	case passThroughNew:
		c.PassedOn = true
		c.Reason = "PassThrough (newer meaning): Lambda writes no segments and only passes the context on."
		if upstream != radiograph.SampledYes {
			c.Trace.Sampled = radiograph.SampledAbsent
		}
		return c
	case upstream == radiograph.SampledYes:
		c.Recorded, c.Reason = true, "PassThrough, and the caller decided to sample (Sampled=1)."
	case upstream == radiograph.SampledNo:
		c.Reason = "PassThrough, and the caller decided not to sample (Sampled=0)."
	default:
		c.Reason = "PassThrough, and the caller made no decision."
	}
	c.Trace.Sampled = radiograph.SampledNo
	if c.Recorded {
		c.Trace.Sampled = radiograph.SampledYes
	}
	return c
}

// runtimeHeader is Lambda-Runtime-Trace-Id of one attempt.
func (c *traceContext) runtimeHeader(invocation radiograph.SegmentID) string {
	h := c.Trace
	switch {
	case !c.PassedOn:
		h.Parent = invocation
	case h.Sampled == radiograph.SampledYes:
		h.Parent = c.Caller
	}
	return h.String()
}

// answerHeader is X-Amzn-Trace-Id of the answer: the trace, and the segment that
// answered.
func (c *traceContext) answerHeader() string {
	h := c.Trace
	if !c.PassedOn {
		h.Parent = c.Service
	}
	return h.String()
}

// stamp is what the environment's daemon adds to documents of one attempt. A
// context passed on has no Invocation of ours to hang them under.
func (c *traceContext) stamp(invocation radiograph.SegmentID) radiograph.Stamp {
	if c.PassedOn {
		return radiograph.Stamp{}
	}
	return radiograph.Stamp{Trace: c.Trace.Root, Invocation: invocation}
}
