package lambda

import (
	"strconv"
	"time"

	"radiograph"
)

// flags are how an entity went wrong.
type flags struct {
	Error, Fault, Throttle bool
}

// instant turns times of one invocation into timestamps: one reading of the wall
// clock, and monotonic time from there, so that a clock that is set back does
// not bend a trace.
type instant struct {
	anchor time.Time
}

func (i instant) at(t time.Time) radiograph.Timestamp {
	return radiograph.TimestampOf(i.anchor).Add(t.Sub(i.anchor))
}

// precision is that of the function segment's recorded times, a seventh decimal.
// AWS cuts the service segment to milliseconds; here calls take fractions of
// one, and a segment must neither end before what it encloses nor outlast its
// caller.
const precision = radiograph.Timestamp(100 * time.Nanosecond)

func floor(t radiograph.Timestamp) radiograph.Timestamp { return t - t%precision }

// serviceSegment is the AWS::Lambda segment: Lambda as its caller saw it.
type serviceSegment struct {
	trace     *traceContext
	name      string
	arn       string // as invoked, with its qualifier
	requestID string
	start     radiograph.Timestamp
	end       radiograph.Timestamp // 0: in progress
	status    int                  // 0: no answer yet
	flags     flags
	queued    *queuedEvent // of an event: its Dwell Time and attempts
}

// document spells the segment.
func (g *serviceSegment) document() []byte {
	w := make(writer, 0, 512)
	w.open()
	w.id("id", g.trace.Service)
	w.text("name", g.name)
	w.time("start_time", floor(g.start))
	w.text("trace_id", g.trace.Trace.Root.String())
	if g.end == 0 {
		w.yes("in_progress", true)
	} else {
		w.time("end_time", floor(g.end))
	}
	if !g.trace.Caller.IsZero() {
		w.id("parent_id", g.trace.Caller)
	}
	w.status(g.status)
	w.flags(g.flags)
	w.key("aws")
	w.open()
	w.text("request_id", g.requestID)
	w.close()
	w.text("origin", "AWS::Lambda")
	w.text("resource_arn", g.arn)
	if g.queued != nil {
		g.queued.subsegments(&w)
	}
	w.close()
	return w
}

// functionSegment is the AWS::Lambda::Function segment: one run of the function,
// in the classic form with Initialization, Invocation and Overhead.
type functionSegment struct {
	id, parent  radiograph.SegmentID
	trace       radiograph.TraceID
	fn          *radiograph.Function
	start       radiograph.Timestamp
	end         radiograph.Timestamp // 0: in progress
	flags       flags
	cause       []byte
	subsegments []phaseSubsegment
}

// phaseSubsegment is Initialization, Invocation or Overhead.
type phaseSubsegment struct {
	id         radiograph.SegmentID
	name       string
	start, end radiograph.Timestamp
	flags      flags
	cause      []byte
}

// document spells the segment.
func (g *functionSegment) document() []byte {
	arn := g.fn.ARN()
	w := make(writer, 0, 1024+2*len(g.cause))
	w.open()
	w.id("id", g.id)
	w.text("name", g.fn.Name)
	w.time("start_time", floor(g.start))
	w.text("trace_id", g.trace.String())
	if g.end == 0 {
		w.yes("in_progress", true)
	} else {
		w.time("end_time", floor(g.end))
	}
	w.id("parent_id", g.parent)
	w.flags(g.flags)
	w.raw("cause", g.cause)
	w.key("aws")
	w.open()
	w.text("account_id", string(g.fn.Tenant.Account))
	w.text("function_arn", arn)
	w.key("cloudwatch_logs")
	w.list()
	w.open()
	w.text("log_group", g.fn.LogGroup())
	w.close()
	w.endList()
	w.key("resource_names")
	w.list()
	w.element(g.fn.Name)
	w.endList()
	w.close()
	w.text("origin", "AWS::Lambda::Function")
	w.key("subsegments")
	w.list()
	for _, p := range g.subsegments {
		w.open()
		w.id("id", p.id)
		w.text("name", p.name)
		w.time("start_time", floor(p.start))
		w.time("end_time", floor(p.end))
		w.flags(p.flags)
		w.raw("cause", p.cause)
		w.key("aws")
		w.open()
		w.text("function_arn", arn)
		w.close()
		w.close()
	}
	w.endList()
	w.close()
	return w
}

// writer spells JSON. Segments are written on every traced invocation, while its
// caller waits; encoding/json would cost ten times as much.
type writer []byte

func (w *writer) comma() {
	if n := len(*w); n > 0 && (*w)[n-1] != '{' && (*w)[n-1] != '[' && (*w)[n-1] != ':' {
		*w = append(*w, ',')
	}
}

func (w *writer) open() {
	w.comma()
	*w = append(*w, '{')
}

func (w *writer) close() { *w = append(*w, '}') }

func (w *writer) list() { *w = append(*w, '[') }

func (w *writer) endList() { *w = append(*w, ']') }

// key is one of ours: it needs no escapes.
func (w *writer) key(k string) {
	w.comma()
	*w = append(*w, '"')
	*w = append(*w, k...)
	*w = append(*w, '"', ':')
}

func (w *writer) string(s string) { *w = radiograph.AppendJSONString(*w, s) }

func (w *writer) text(k, s string) {
	w.key(k)
	w.string(s)
}

func (w *writer) element(s string) {
	w.comma()
	w.string(s)
}

func (w *writer) id(k string, id radiograph.SegmentID) {
	w.key(k)
	*w = append(*w, '"')
	*w = id.Append(*w)
	*w = append(*w, '"')
}

func (w *writer) time(k string, t radiograph.Timestamp) {
	w.key(k)
	*w = t.AppendSeconds(*w)
}

// yes writes a flag that is set; others are absent.
func (w *writer) yes(k string, b bool) {
	if b {
		w.key(k)
		*w = append(*w, "true"...)
	}
}

func (w *writer) flags(f flags) {
	w.yes("error", f.Error)
	w.yes("fault", f.Fault)
	w.yes("throttle", f.Throttle)
}

// status writes the http block; 0: there is none.
func (w *writer) status(code int) {
	if code == 0 {
		return
	}
	w.key("http")
	w.open()
	w.key("response")
	w.open()
	w.key("status")
	*w = strconv.AppendInt(*w, int64(code), 10)
	w.close()
	w.close()
}

// raw writes a member that is spelled already; nil: none.
func (w *writer) raw(k string, value []byte) {
	if len(value) > 0 {
		w.key(k)
		*w = append(*w, value...)
	}
}
