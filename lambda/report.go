package lambda

import (
	"fmt"
	"math"
	"strings"
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
	var b strings.Builder
	ms := milliseconds(r.duration)
	fmt.Fprintf(&b, "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		r.requestID, ms, math.Ceil(ms), r.memorySize, r.maxMemory)
	if r.initDuration > 0 {
		fmt.Fprintf(&b, "Init Duration: %.2f ms\t", milliseconds(r.initDuration))
	}
	if !r.trace.IsZero() {
		fmt.Fprintf(&b, "\nXRAY TraceId: %s\tSegmentId: %s\tSampled: true", r.trace, r.invocation)
	}
	t.line([]byte(b.String()))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
