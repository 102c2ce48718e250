package otlp

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"radiograph"
)

const (
	// exceptionEvent is the name of events that record an exception.
	exceptionEvent = "exception"
	// retryEvent is an event of ADOT's AWS SDK instrumentation: one attempt failed.
	retryEvent = "HTTP request failure"
	// retryType is the type of the exception that X-Ray shows for it.
	retryType = "aws.http.error.event"
	// maxFrames bounds the frames kept of one stack.
	maxFrames = 64
)

// exception is one entry of a cause.
type exception struct {
	kind, message string
	remote        bool
	frames        []frame
	wraps         bool // the next one is its cause
}

type frame struct {
	path  string
	line  int
	label string
}

// causeBlock writes the exceptions that the span's events record, each followed
// by those that caused it, or else what its status says.
func (m *mapper) causeBlock() {
	var list []exception
	for i := range m.span.events {
		switch e := &m.span.events[i]; {
		case e.name == exceptionEvent:
			stack := parseStack(m.resource.get("telemetry.sdk.language"), e.attributes.get("exception.stacktrace"))
			stack[0].kind, stack[0].message = e.attributes.get("exception.type"), e.attributes.get("exception.message")
			for j := range stack {
				stack[j].remote = m.call()
			}
			list = append(list, stack...)
		case e.name == retryEvent && m.awsCall() && e.time <= maxTime:
			status, text := e.attributes.get("http.response.status_code"), e.attributes.get("aws.http.error_message")
			if status != "" && text != "" {
				at := strconv.FormatFloat(radiograph.Timestamp(e.time).Seconds(), 'f', 6, 64)
				list = append(list, exception{kind: retryType, message: status + "@" + at + "@" + text, remote: true})
			}
		}
	}
	if len(list) == 0 && m.span.status == statusError {
		message := m.span.message
		if message == "" {
			message = m.take("http.status_text")
		}
		if message != "" {
			list = append(list, exception{message: message})
		}
	}
	w := &m.w
	w.list("exceptions", func() {
		for i := range list {
			x := &list[i]
			w.element(func() {
				w.id("id", m.exceptionID(i))
				w.text("type", x.kind)
				w.text("message", x.message)
				w.yes("remote", x.remote)
				if x.wraps {
					w.id("cause", m.exceptionID(i+1))
				}
				w.list("stack", func() {
					for _, f := range x.frames[:min(len(x.frames), maxFrames)] {
						w.element(func() {
							w.text("path", f.path)
							w.int("line", int64(f.line))
							w.text("label", f.label)
						})
					}
				})
				if n := len(x.frames) - maxFrames; n > 0 {
					w.int("truncated", int64(n))
				}
			})
		}
	})
}

// exceptionID stays the same however often the span comes.
func (m *mapper) exceptionID(index int) radiograph.SegmentID {
	b := append([]byte("otlp exception"), m.id[:]...)
	sum := sha256.Sum256(binary.BigEndian.AppendUint32(b, uint32(index)))
	return radiograph.SegmentID(sum[:8])
}
