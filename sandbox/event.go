package sandbox

import (
	"fmt"
	"sync"
	"time"

	"radiograph"
)

const (
	// eventBuffer is how many events wait without a goroutine of their own.
	eventBuffer = 256
	// lineMemory bounds the log lines that wait for a slow reader, bytes.
	lineMemory = 8 << 20
	// lineCost is what a waiting line costs besides its bytes.
	lineCost = 160
	// readerGrace is how long a reader that does not read is waited for once the
	// environment is gone.
	readerGrace = 5 * time.Second
)

// eventQueue hands events over in order. Emitting never waits: what the channel
// cannot take at once waits in memory, where the first lines of a flood stay and
// the later ones are counted.
type eventQueue struct {
	ch chan radiograph.EnvironmentEvent

	mu      sync.Mutex
	waiting []radiograph.EnvironmentEvent // behind what the channel holds
	bytes   int                           // of the lines in waiting
	lost    int                           // lines since the last that was taken
	pumping bool                          // a goroutine moves waiting into ch
	closed  bool

	closing chan struct{} // closed by close
	nobody  chan struct{} // closed by abandon
	once    sync.Once
	pumps   sync.WaitGroup
}

func newEventQueue() *eventQueue {
	return &eventQueue{
		ch:      make(chan radiograph.EnvironmentEvent, eventBuffer),
		closing: make(chan struct{}),
		nobody:  make(chan struct{}),
	}
}

// emit appends ev; after close it does nothing.
func (q *eventQueue) emit(ev radiograph.EnvironmentEvent) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if ev.Kind == radiograph.LogLine && q.bytes+len(ev.Payload)+lineCost > lineMemory {
		q.lost++
		return
	}
	if q.lost > 0 && (ev.Kind != radiograph.LogLine || q.bytes < lineMemory/2) {
		q.push(radiograph.EnvironmentEvent{
			Kind: radiograph.LogLine, At: ev.At, RequestID: ev.RequestID,
			Payload: fmt.Appendf(nil, "radiograph: %d log lines were dropped here: they came faster than they could be taken", q.lost),
		})
		q.lost = 0
	}
	q.push(ev)
}

func (q *eventQueue) push(ev radiograph.EnvironmentEvent) {
	if !q.pumping {
		select {
		case q.ch <- ev:
			return
		default:
		}
		q.pumping = true
		q.pumps.Go(q.pump)
	}
	q.waiting = append(q.waiting, ev)
	q.bytes += cost(ev)
}

func cost(ev radiograph.EnvironmentEvent) int {
	if ev.Kind != radiograph.LogLine {
		return 0 // there are few: the runtime waits for its next event
	}
	return len(ev.Payload) + lineCost
}

// pump sends what waits and ends when nothing does.
func (q *eventQueue) pump() {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.waiting, q.pumping = nil, false
			if q.closed {
				close(q.ch)
			}
			q.mu.Unlock()
			return
		}
		ev := q.waiting[0]
		q.waiting[0] = radiograph.EnvironmentEvent{}
		q.waiting = q.waiting[1:]
		q.bytes -= cost(ev)
		q.mu.Unlock()

		if !q.send(ev) {
			q.mu.Lock()
			q.waiting = nil // nobody listens
			q.mu.Unlock()
		}
	}
}

// send waits until a reader takes ev, or reports that none will.
func (q *eventQueue) send(ev radiograph.EnvironmentEvent) bool {
	select {
	case q.ch <- ev:
		return true
	case <-q.nobody:
		return false
	case <-q.closing:
	}
	grace := time.NewTimer(readerGrace)
	defer grace.Stop()
	select {
	case q.ch <- ev:
		return true
	case <-q.nobody:
	case <-grace.C:
	}
	return false
}

// close lets the channel end after the events emitted so far.
func (q *eventQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	close(q.closing)
	if !q.pumping {
		close(q.ch)
	}
}

// abandon drops what a reader has not taken, and returns when no goroutine of
// the queue is left.
func (q *eventQueue) abandon() {
	q.once.Do(func() { close(q.nobody) })
	q.pumps.Wait()
}
