package lambda

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"radiograph"
)

// The asynchronous queue's rules (Lambda developer guide, "Asynchronous
// invocation").
const (
	firstRequeue    = time.Second
	longestRequeue  = 5 * time.Minute
	maxDrawnAttempt = 100 // Attempts in a segment; throttled ones may be many
)

var defaultBackoff = []time.Duration{time.Minute, 2 * time.Minute}

// queuedEvent is an accepted event. What acceptance knows never changes; what
// the attempts add is stored apart, so that the payload is written once.
type queuedEvent struct {
	acceptedEvent
	progress
}

type acceptedEvent struct {
	Tenant        radiograph.Tenant
	Function      string
	Qualifier     string
	RequestID     string
	Payload       []byte
	ClientContext string
	HeaderIn      string
	Mode          radiograph.TracingMode
	Trace         traceContext
	DwellID       radiograph.SegmentID
	Accepted      time.Time
}

type progress struct {
	Answered time.Time // when the 202 went out; zero: not known
	Due      time.Time // of the next attempt
	Tries    int       // all attempts so far
	Failures int       // those that count
	Requeues int       // the others, since the last that counts
	Attempts []attempt
}

// attempt is one try as its subsegment tells it.
type attempt struct {
	ID         radiograph.SegmentID
	Number     int
	Start, End radiograph.Timestamp
	Status     int
	Flags      flags
	Cause      json.RawMessage `json:",omitempty"`
}

// functionParent is the parent of an attempt's function segment. The public
// record is silent; the Attempt is what called it.
func (a *attempt) functionParent() radiograph.SegmentID { return a.ID }

// subsegments writes Dwell Time and the attempts. They reach past the segment's
// end, which is the 202.
func (q *queuedEvent) subsegments(w *writer) {
	start := floor(radiograph.TimestampOf(q.Accepted))
	w.key("subsegments")
	w.list()
	w.open()
	w.id("id", q.DwellID)
	w.text("name", "Dwell Time")
	w.time("start_time", start)
	if len(q.Attempts) == 0 {
		w.yes("in_progress", true)
	} else {
		w.time("end_time", max(start, floor(q.Attempts[0].Start))) // where attempt 1 begins
	}
	w.close()
	for i := range q.Attempts {
		a := &q.Attempts[i]
		w.open()
		w.id("id", a.ID)
		w.text("name", "Attempt #"+strconv.Itoa(a.Number))
		w.time("start_time", floor(a.Start))
		w.time("end_time", floor(a.End))
		w.status(a.Status)
		w.flags(a.Flags)
		w.raw("cause", a.Cause)
		w.close()
	}
	w.endList()
}

// serviceDocument is the service segment as far as it is known: it ends at the
// 202 and is sent again, under the same id, after each attempt.
func (q *queuedEvent) serviceDocument() []byte {
	start := radiograph.TimestampOf(q.Accepted)
	segment := serviceSegment{
		trace: &q.Trace, name: q.Function, arn: invokedARN(q.Tenant, q.Function, q.Qualifier), requestID: q.RequestID,
		start: start, end: max(start, radiograph.TimestampOf(later(q.Answered, q.Accepted))), status: 202, queued: q,
	}
	if n := len(q.Attempts); n > 0 {
		segment.flags = q.Attempts[n-1].Flags
	}
	return segment.document()
}

// enqueue makes the event durable, shows its segment and answers 202.
func (inv *invocation) enqueue(ctx context.Context) (*radiograph.InvokeResult, error) {
	s, req := inv.s, inv.req
	q := &queuedEvent{acceptedEvent: acceptedEvent{
		Tenant: req.Tenant, Function: req.Function, Qualifier: req.Qualifier, RequestID: inv.event.RequestID,
		Payload: inv.event.Payload, ClientContext: inv.event.ClientContext, HeaderIn: cut(req.TraceHeader, maxErrorText),
		Mode: inv.v.fn.Tracing, Trace: inv.trace, DwellID: radiograph.NewSegmentID(), Accepted: inv.accepted,
	}}
	ticket, err := s.queue.accept(ctx, q)
	if err != nil {
		return nil, err
	}
	q.Answered = s.now()
	ticket.answered = q.Answered
	d := &radiograph.Decision{
		Time: inv.accepted, Tenant: req.Tenant, Function: req.Function, Version: inv.v.fn.Version, RequestID: q.RequestID,
		Type: radiograph.Event, HeaderIn: q.HeaderIn, Mode: q.Mode, Trace: q.Trace.Trace.Root,
		Sampled: q.Trace.Recorded, Reason: q.Trace.Reason, Status: 202, Duration: q.Answered.Sub(inv.accepted),
	}
	if q.Trace.Recorded {
		// Before the first attempt can send it again.
		s.offer(inv.v.fn, d, [][]byte{q.serviceDocument()})
	}
	s.journal.add(d)
	s.queue.push(ticket)
	return &radiograph.InvokeResult{Status: 202, TraceHeader: inv.trace.answerHeader(), RequestID: q.RequestID}, nil
}

// attempt runs an event once and sees to what follows: nothing, another attempt
// later, or the end.
func (s *Service) attempt(life context.Context, t *ticket) {
	q, err := s.queue.load(life, t)
	switch {
	case err == nil:
	case life.Err() != nil, radiograph.ErrorKind(err) == radiograph.KindNotFound:
		s.queue.forget(t)
		return
	default:
		s.log.Error("an accepted event cannot be read", "event", t.id, "err", err)
		t.due = s.now().Add(longestRequeue)
		s.queue.push(t)
		return
	}
	began := s.now()
	v, err := s.registry.route(q.Tenant, q.Function, q.Qualifier)
	if err == nil {
		err = await(life, v)
	}
	switch {
	case life.Err() != nil:
		s.queue.forget(t) // still stored: it runs when the server is up again
		return
	case err != nil:
		s.journal.add(s.dropped(q, began, 404, err.Error()))
		s.queue.finish(t)
		return
	}
	if rules := s.rules(q); began.Sub(q.Accepted) > rules.eventAge() {
		d := s.dropped(q, began, 0, "The event is older than "+rules.eventAge().String()+", its maximum age.")
		s.tell(life, q, rules, v.fn.Role, eventAgeExceeded, nil, d)
		s.journal.add(d)
		s.queue.finish(t)
		return
	}
	x := s.execution(life, v, q.runtimeEvent(), &q.Trace)
	x.run(0)
	if x.outcome.err != nil && life.Err() != nil {
		s.queue.forget(t)
		return
	}
	s.conclude(t, q, x, began)
}

func (q *queuedEvent) runtimeEvent() radiograph.RuntimeEvent {
	return radiograph.RuntimeEvent{
		RequestID: q.RequestID, Payload: q.Payload, ClientContext: q.ClientContext,
		FunctionARN: invokedARN(q.Tenant, q.Function, q.Qualifier),
	}
}

// conclude records an attempt and decides what follows it.
func (s *Service) conclude(t *ticket, q *queuedEvent, x *execution, began time.Time) {
	x.report()
	at := instant{began}
	q.Tries++
	a := attempt{
		ID: radiograph.NewSegmentID(), Number: q.Tries, Start: at.at(began), End: at.at(s.now()),
		Status: x.status(), Flags: x.flags(), Cause: x.outcome.cause,
	}
	if len(q.Attempts) == maxDrawnAttempt {
		q.Attempts = append(q.Attempts[:1], q.Attempts[2:]...)
	}
	q.Attempts = append(q.Attempts, a)
	d := x.decision(radiograph.Event, began, q.HeaderIn, q.Mode)
	d.Attempt = q.Tries
	if q.Trace.Recorded {
		docs := [][]byte{q.serviceDocument()}
		if function := x.functionSegment(at, a.functionParent()); function != nil {
			docs = append(docs, function.document())
		}
		s.offer(x.fn, d, docs)
	}
	end := s.next(q, x)
	if end == "" {
		s.journal.add(d)
		s.queue.again(t, q)
		return
	}
	// At least once: the event is forgotten when its destination's is durable.
	s.tell(context.Background(), q, s.rules(q), x.fn.Role, end, x, d)
	s.journal.add(d)
	s.queue.finish(t)
}

// next decides what follows an attempt: another one when q is due, or the end.
func (s *Service) next(q *queuedEvent, x *execution) condition {
	rules, now, status := s.rules(q), s.now(), x.status()
	switch {
	case x.outcome.err == nil && !x.outcome.functionError:
		return eventSucceeded
	case status == 429 && s.shutOff(q.Tenant, q.Function):
		return zeroConcurrency
	case status == 429 || status >= 500:
		q.Due = now.Add(requeueWait(q.Requeues))
		q.Requeues++
	default:
		if q.Failures++; q.Failures > rules.retries() {
			return retriesExhausted
		}
		q.Due = now.Add(s.backoff(q.Failures))
		q.Requeues = 0
	}
	if q.Due.Sub(q.Accepted) > rules.eventAge() {
		return eventAgeExceeded
	}
	return ""
}

// backoff is the wait after so many failures.
func (s *Service) backoff(failures int) time.Duration {
	waits := s.cfg.AsyncBackoff
	return waits[min(failures, len(waits))-1]
}

// requeueWait is the wait of an event that could not be tried: a second at
// first, twice as much each time, five minutes at most.
func requeueWait(before int) time.Duration {
	if before > 10 {
		return longestRequeue
	}
	return min(firstRequeue<<before, longestRequeue)
}

// dropped is the record of an event that will never run.
func (s *Service) dropped(q *queuedEvent, now time.Time, status int, why string) *radiograph.Decision {
	return &radiograph.Decision{
		Time: now, Tenant: q.Tenant, Function: q.Function, RequestID: q.RequestID, Type: radiograph.Event,
		Attempt: q.Tries + 1, HeaderIn: q.HeaderIn, Mode: q.Mode, Trace: q.Trace.Trace.Root, Sampled: q.Trace.Recorded,
		Reason: q.Trace.Reason, Status: status, FunctionError: oneLine("The event was dropped: " + why),
	}
}
