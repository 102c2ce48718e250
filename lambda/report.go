package lambda

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"radiograph"
)

// tailSize is how much of an invocation's log LogType Tail returns (Lambda API
// reference, Invoke).
const tailSize = 4096

// tail keeps the end of one invocation's log.
type tail struct {
	buf []byte
}

// line adds a line; it has no newline of its own.
func (t *tail) line(s []byte) {
	if len(s) >= tailSize {
		s = s[len(s)-tailSize+1:]
	}
	if len(t.buf)+len(s)+1 > 4*tailSize {
		t.buf = append(t.buf[:0], t.bytes()...)
	}
	t.buf = append(append(t.buf, s...), '\n')
}

func (t *tail) linef(format string, args ...any) { t.line(fmt.Appendf(nil, format, args...)) }

// bytes is the last 4 KB.
func (t *tail) bytes() []byte {
	return t.buf[max(0, len(t.buf)-tailSize):]
}

// The platform's own lines, with tabs between their parts as the service writes
// them.

func (t *tail) initStart(fn *radiograph.Function) {
	name, arn := RuntimeVersion(fn)
	t.linef("INIT_START Runtime Version: %s\tRuntime Version ARN: %s", name, arn)
}

func (t *tail) start(requestID, version string) {
	t.line([]byte("START RequestId: " + requestID + " Version: " + version))
}

func (t *tail) end(requestID string) {
	t.line([]byte("END RequestId: " + requestID))
}

// reportLine is what REPORT tells.
type reportLine struct {
	requestID    string
	duration     time.Duration
	memorySize   int
	maxMemory    int
	initDuration time.Duration      // 0: warm, or initialized inside the invocation
	trace        radiograph.TraceID // zero: not traced
	invocation   radiograph.SegmentID
}

func (t *tail) report(r reportLine) {
	ms := milliseconds(r.duration)
	b := make([]byte, 0, 320)
	part := func(name string, value float64, decimals int, unit string) {
		b = append(b, name...)
		b = strconv.AppendFloat(b, value, 'f', decimals, 64)
		b = append(append(b, unit...), '\t')
	}
	b = append(append(append(b, "REPORT RequestId: "...), r.requestID...), '\t')
	part("Duration: ", ms, 2, " ms")
	part("Billed Duration: ", math.Ceil(ms), 0, " ms")
	part("Memory Size: ", float64(r.memorySize), 0, " MB")
	part("Max Memory Used: ", float64(r.maxMemory), 0, " MB")
	if r.initDuration > 0 {
		part("Init Duration: ", milliseconds(r.initDuration), 2, " ms")
	}
	if !r.trace.IsZero() {
		b = r.trace.Append(append(b, "\nXRAY TraceId: "...))
		b = r.invocation.Append(append(b, "\tSegmentId: "...))
		b = append(b, "\tSampled: true"...)
	}
	t.line(b)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
