package lambda

import (
	"encoding/json"
	"strings"
	"time"

	"radiograph"
)

// maxErrorText bounds what a decision tells of an error.
const maxErrorText = 1024

// outcome is what came of an execution.
type outcome struct {
	payload       []byte
	functionError bool   // the payload tells an error of the function
	errorText     string // its type and message, on one line
	cause         []byte // of the segment, spelled; nil: none
	// err is set instead when the function could not be run at all: throttled, no
	// process, shutting down.
	err error
}

// failure is the outcome of an error of the function: what its body tells, the
// type its runtime named in a header, and the X-Ray cause it posted. Without a
// cause, the body's type and message are one, so that a failed row says why;
// AWS draws only causes that runtimes post.
func failure(body []byte, headerType string, posted []byte) outcome {
	var e struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	_ = json.Unmarshal(body, &e) // a body of another shape tells neither
	if e.Type == "" {
		e.Type = headerType
	}
	out := outcome{payload: body, functionError: true, errorText: e.Message, cause: readCause(posted)}
	if e.Type != "" {
		out.errorText = e.Type + ": " + e.Message
	}
	out.errorText = oneLine(out.errorText)
	if out.cause == nil && out.errorText != "" {
		told := cause{Exceptions: []causeException{{ID: radiograph.NewSegmentID(), Type: e.Type, Message: e.Message}}}
		out.cause = told.fit()
	}
	return out
}

func oneLine(s string) string {
	return cut(strings.Join(strings.Fields(s), " "), maxErrorText)
}

// status is what the caller, or an event's Attempt, gets.
func (x *execution) status() int {
	if x.outcome.err == nil {
		return 200
	}
	switch radiograph.ErrorKind(x.outcome.err) {
	case radiograph.KindThrottled:
		return 429
	case radiograph.KindDenied:
		return 403
	}
	return 500
}

// flags are those of the service segment, or of an event's Attempt.
func (x *execution) flags() flags {
	switch {
	case x.status() == 429:
		return flags{Error: true, Throttle: true}
	case x.status() >= 500:
		return flags{Fault: true}
	case x.status() >= 400:
		return flags{Error: true}
	case x.outcome.functionError:
		return x.s.functionErrorFlags()
	}
	return flags{}
}

// functionErrorFlags is how a function's error is marked. The public record is
// silent: error, since fault is said to be for failures of Lambda itself.
func (s *Service) functionErrorFlags() flags {
	if s.cfg.ErrorsAsFault {
		return flags{Fault: true}
	}
	return flags{Error: true}
}

// functionSegment draws what the function did, in progress while the execution
// is not over; nil when none of it ran.
func (x *execution) functionSegment(at instant, parent radiograph.SegmentID) *functionSegment {
	if x.begin.IsZero() {
		return nil
	}
	wrong := x.flags()
	g := &functionSegment{
		id: x.function, parent: parent, trace: x.trace.Trace.Root, fn: x.fn,
		start: at.at(x.begin), flags: wrong, cause: x.outcome.cause,
	}
	if x.phase == over {
		g.end = at.at(later(x.ended, x.begin))
	}
	if x.initialization.over() {
		p := phaseSubsegment{id: x.initializationID, name: "Initialization", start: at.at(x.initialization.start), end: at.at(x.initialization.end)}
		if x.initError {
			p.flags, p.cause = wrong, x.outcome.cause
		}
		g.subsegments = append(g.subsegments, p)
	}
	if !x.delivered.IsZero() && !x.answered.IsZero() {
		g.subsegments = append(g.subsegments, phaseSubsegment{
			id: x.invocation, name: "Invocation", start: at.at(x.delivered), end: at.at(x.answered), flags: wrong, cause: x.outcome.cause,
		})
	}
	if !x.next.IsZero() {
		g.subsegments = append(g.subsegments, phaseSubsegment{
			id: x.overheadID, name: "Overhead", start: at.at(x.answered), end: at.at(x.next),
		})
	}
	return g
}

// ran is how long the function worked on its event.
func (x *execution) ran() time.Duration {
	from := x.delivered
	if x.inside || from.IsZero() {
		from = x.begin
	}
	if from.IsZero() || x.answered.IsZero() {
		return 0
	}
	return x.answered.Sub(from)
}

// report writes the platform's closing lines.
func (x *execution) report() {
	if x.begin.IsZero() {
		return
	}
	if x.delivered.IsZero() { // Initialization failed: START is written nevertheless
		x.tail.start(x.event.RequestID, x.fn.Version)
	}
	x.tail.end(x.event.RequestID)
	line := reportLine{
		requestID: x.event.RequestID, duration: x.ran(), memorySize: x.fn.MemorySize, maxMemory: x.maxMemoryMB,
		initDuration: x.initDuration,
	}
	if x.trace.Recorded {
		line.trace, line.invocation = x.trace.Trace.Root, x.invocation
	}
	x.tail.report(line)
}

// decision begins the record of this execution.
func (x *execution) decision(kind radiograph.InvocationType, accepted time.Time, header string, mode radiograph.TracingMode) *radiograph.Decision {
	d := &radiograph.Decision{
		Time: accepted, Tenant: x.fn.Tenant, Function: x.fn.Name, Version: x.fn.Version, RequestID: x.event.RequestID,
		Type: kind, Attempt: 1, HeaderIn: cut(header, maxErrorText), Mode: mode, Trace: x.trace.Trace.Root,
		Sampled: x.trace.Recorded, Reason: x.trace.Reason, Status: x.status(),
	}
	x.describe(d)
	return d
}

// describe fills in what the execution has come to know.
func (x *execution) describe(d *radiograph.Decision) {
	d.Cold = x.cold
	d.FunctionError = oneLine(x.outcome.errorText)
	if x.outcome.err != nil {
		d.FunctionError = oneLine(x.outcome.err.Error())
	}
	d.Datagrams, d.DatagramBytes = x.datagrams.Datagrams, x.datagrams.Bytes
	d.Dropped = append(d.Dropped, x.datagrams.Dropped...)
	d.Duration = x.ran()
	d.LogTail = string(x.tail.bytes())
}
