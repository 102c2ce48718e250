package lambda

import (
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"radiograph"
)

const (
	eventPrefix    = "event/"   // + event path: an acceptedEvent
	progressPrefix = "attempt/" // + event path: its progress

	// maxQueued bounds the events waiting in one server; more are throttled.
	maxQueued = 100_000
)

// queue holds accepted events until they have run. State has all of them;
// memory has a ticket for each.
type queue struct {
	state radiograph.State
	log   *slog.Logger
	now   radiograph.Clock

	mu      sync.Mutex
	waiting tickets
	known   map[string]bool // ids of tickets, waiting or running
	changed chan struct{}   // one token: waiting has a new first
}

// ticket stands for a stored event.
type ticket struct {
	id       string // tenant, function, time and a random part: the key without its prefix
	due      time.Time
	answered time.Time // of an event this process accepted
}

func newQueue(state radiograph.State, log *slog.Logger, now radiograph.Clock) *queue {
	return &queue{state: state, log: log, now: now, known: map[string]bool{}, changed: make(chan struct{}, 1)}
}

// accept makes an event durable. It runs once its ticket has been pushed.
func (q *queue) accept(ctx context.Context, ev *queuedEvent) (*ticket, error) {
	t := &ticket{
		id:  fmt.Sprintf("%s%s/%020d-%s", tenantKey(ev.Tenant), ev.Function, ev.Accepted.UnixNano(), radiograph.NewSegmentID()),
		due: ev.Accepted,
	}
	value, err := json.Marshal(ev.acceptedEvent)
	if err != nil {
		return nil, fmt.Errorf("spell event %s: %w", ev.RequestID, err)
	}
	q.mu.Lock()
	full := len(q.known) >= maxQueued
	if !full {
		q.known[t.id] = true
	}
	q.mu.Unlock()
	if full {
		return nil, throttled()
	}
	// A caller that goes away must not leave an event that nobody has a ticket of.
	if err := q.state.Apply(context.WithoutCancel(ctx), radiograph.Change{Key: eventPrefix + t.id, Value: value}); err != nil {
		q.forget(t)
		return nil, err
	}
	return t, nil
}

// reload makes tickets for what an earlier process accepted and did not finish.
func (q *queue) reload(ctx context.Context) error {
	for pair, err := range q.state.Scan(ctx, eventPrefix) {
		if err != nil {
			return fmt.Errorf("load accepted events: %w", err)
		}
		t := &ticket{id: strings.TrimPrefix(pair.Key, eventPrefix)}
		p, err := q.progress(ctx, t)
		if err != nil {
			// One that cannot be read is told of when it is due, at once.
			q.log.Warn("an event's attempts cannot be read", "event", t.id, "err", err)
		}
		t.due = p.Due
		q.mu.Lock()
		known := q.known[t.id]
		q.known[t.id] = true
		q.mu.Unlock()
		if !known {
			q.push(t)
		}
	}
	return nil
}

// load reads a ticket's event.
func (q *queue) load(ctx context.Context, t *ticket) (*queuedEvent, error) {
	value, err := q.state.Get(ctx, eventPrefix+t.id)
	if err != nil {
		return nil, err
	}
	ev := new(queuedEvent)
	if err := json.Unmarshal(value, &ev.acceptedEvent); err != nil {
		return nil, fmt.Errorf("read event %s: %w", t.id, err)
	}
	if ev.progress, err = q.progress(ctx, t); err != nil {
		return nil, err
	}
	if ev.Answered.IsZero() {
		ev.Answered = t.answered
	}
	return ev, nil
}

// progress is what earlier attempts left.
func (q *queue) progress(ctx context.Context, t *ticket) (progress, error) {
	var p progress
	value, err := q.state.Get(ctx, progressPrefix+t.id)
	if radiograph.ErrorKind(err) == radiograph.KindNotFound && err != nil {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(value, &p); err != nil {
		return p, fmt.Errorf("read attempts of event %s: %w", t.id, err)
	}
	return p, nil
}

// push puts a ticket among the waiting.
func (q *queue) push(t *ticket) {
	q.mu.Lock()
	heap.Push(&q.waiting, t)
	q.mu.Unlock()
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// next takes the first ticket when it is due; nil when a context has ended.
func (q *queue) next(ctx, life context.Context) *ticket {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		q.mu.Lock()
		if len(q.waiting) > 0 {
			wait = q.waiting[0].due.Sub(q.now())
			if wait <= 0 && ctx.Err() == nil {
				t := heap.Pop(&q.waiting).(*ticket)
				q.mu.Unlock()
				return t
			}
		}
		q.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-q.changed:
		case <-ctx.Done():
			return nil
		case <-life.Done():
			return nil
		}
	}
}

// again stores an event's progress and lets it wait for its next attempt.
func (q *queue) again(t *ticket, ev *queuedEvent) {
	value, err := json.Marshal(ev.progress)
	if err == nil {
		err = q.state.Apply(context.Background(), radiograph.Change{Key: progressPrefix + t.id, Value: value})
	}
	if err != nil {
		// It is tried again all the same; only a restart would count from an
		// earlier attempt.
		q.log.Warn("an event's attempts were not stored", "event", t.id, "err", err)
	}
	t.due = ev.Due
	q.push(t)
}

// finish deletes an event that has run, or never will.
func (q *queue) finish(t *ticket) {
	err := q.state.Apply(context.Background(), radiograph.Change{Key: eventPrefix + t.id}, radiograph.Change{Key: progressPrefix + t.id})
	if err != nil {
		q.log.Warn("a finished event was not deleted; it runs again after a restart", "event", t.id, "err", err)
	}
	q.forget(t)
}

// forget drops a ticket; what is stored of its event stays.
func (q *queue) forget(t *ticket) {
	q.mu.Lock()
	delete(q.known, t.id)
	q.mu.Unlock()
}

// tickets is a heap, the one due first in front.
type tickets []*ticket

func (h tickets) Len() int { return len(h) }

func (h tickets) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].id < h[j].id
}

func (h tickets) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *tickets) Push(t any) { *h = append(*h, t.(*ticket)) }

func (h *tickets) Pop() any {
	old := *h
	last := len(old) - 1
	t := old[last]
	old[last] = nil
	*h = old[:last]
	return t
}

var errRunTwice = errors.New("the asynchronous queue is being worked on already")

// Run works through the asynchronous queue, at first what an earlier process
// accepted and did not finish. It returns when ctx has ended, or the service has
// been closed, and its attempts are over; attempts that take longer than
// DrainTimeout then are given up and run again after the next start.
func (s *Service) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return errRunTwice
	}
	defer s.running.Store(false)
	if err := s.queue.reload(ctx); err != nil {
		return err
	}
	life, giveUp := context.WithCancel(s.life)
	defer giveUp()
	// A quarter of the environments is left to callers that wait.
	slots := make(chan struct{}, max(1, s.cfg.MaxEnvironments*3/4))
	var attempts sync.WaitGroup
	for {
		t := s.queue.next(ctx, s.closing)
		if t == nil {
			break
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil || !s.gate.enter() {
			s.queue.push(t)
			break
		}
		attempts.Go(func() {
			defer func() {
				s.gate.leave()
				<-slots
			}()
			s.attempt(life, t)
		})
	}
	late := time.AfterFunc(s.cfg.DrainTimeout, giveUp)
	attempts.Wait()
	late.Stop()
	return nil
}
