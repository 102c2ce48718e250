package lambda

import (
	"container/list"
	"context"
	"slices"
	"sync"
	"time"

	"radiograph"
)

// slotWait is how long an invocation waits for an environment when all are busy
// before it is throttled.
const slotWait = time.Second

// fleet is the environments of one version's configuration. A changed function
// gets a new fleet; the old one is retired.
type fleet struct {
	fn *radiograph.Function // immutable

	// Guarded by pool.mu.
	idle    []*environment // the one used last is last
	resets  int            // environments that ended by a failure: the next start re-initializes inside its invocation
	retired bool
}

// pool counts all environments and hands them out. An environment takes a slot
// from before its start until nothing is left of it.
type pool struct {
	max         int
	idleTimeout time.Duration
	now         radiograph.Clock
	background  *sync.WaitGroup // who reaps and watches

	mu      sync.Mutex
	slots   int        // taken
	idle    *list.List // of *environment, the one idle longest first
	waiters *list.List // of *waiter, in order of arrival
	closed  bool
}

// waiter is an invocation that found all slots taken.
type waiter struct {
	fleet *fleet
	grant chan *environment // nil: a slot to start one in; buffered
}

func newPool(limit int, idleTimeout time.Duration, now radiograph.Clock, background *sync.WaitGroup) *pool {
	return &pool{max: limit, idleTimeout: idleTimeout, now: now, background: background, idle: list.New(), waiters: list.New()}
}

func (p *pool) fleet(fn *radiograph.Function) *fleet { return &fleet{fn: fn} }

// acquire gives the caller a warm environment or, with a nil one, a slot to
// start one in; reset tells that the start takes the place of an environment
// that failed. It waits for neither longer than slotWait.
func (p *pool) acquire(ctx context.Context, f *fleet) (e *environment, reset bool, err error) {
	for {
		e, w, err := p.take(f)
		if err != nil {
			return nil, false, err
		}
		if w != nil {
			if e, err = p.wait(ctx, w); err != nil {
				return nil, false, err
			}
		} else if e != nil && (!e.claim() || p.now().Sub(e.startedAt) > environmentLife) {
			p.discard(e, "its time is over", false)
			continue
		}
		return e, e == nil && p.takeReset(f), nil
	}
}

// take finds an idle environment or a free slot, else makes the caller a waiter.
func (p *pool) take(f *fleet) (*environment, *waiter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, shuttingDown()
	}
	if n := len(f.idle); n > 0 {
		e := f.idle[n-1]
		p.unlist(e)
		return e, nil, nil
	}
	if p.slots < p.max {
		p.slots++
		return nil, nil, nil
	}
	// Another function's environment makes room, the one idle longest first.
	if oldest := p.idle.Front(); oldest != nil {
		victim := oldest.Value.(*environment)
		p.unlist(victim)
		p.background.Go(func() {
			victim.claim()
			p.discard(victim, "another function needs its place", false)
		})
	}
	w := &waiter{fleet: f, grant: make(chan *environment, 1)}
	p.waiters.PushBack(w)
	return nil, w, nil
}

func (p *pool) wait(ctx context.Context, w *waiter) (*environment, error) {
	timer := time.NewTimer(slotWait)
	defer timer.Stop()
	var err error
	select {
	case e := <-w.grant:
		return e, nil
	case <-timer.C:
		err = throttled()
	case <-ctx.Done():
		err = shuttingDown()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for el := p.waiters.Front(); el != nil; el = el.Next() {
		if el.Value == w {
			p.waiters.Remove(el)
			return nil, err
		}
	}
	return <-w.grant, nil // granted at the last moment
}

func (p *pool) takeReset(f *fleet) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.resets == 0 {
		return false
	}
	f.resets--
	return true
}

// release takes back an environment whose runtime has asked for its next event.
func (p *pool) release(e *environment) {
	p.mu.Lock()
	if p.closed || e.fleet.retired || e.dead {
		p.mu.Unlock()
		p.discard(e, "it is no longer needed", false)
		return
	}
	for el := p.waiters.Front(); el != nil; el = el.Next() {
		if w := el.Value.(*waiter); w.fleet == e.fleet {
			p.waiters.Remove(el)
			p.mu.Unlock()
			w.grant <- e
			return
		}
	}
	if p.waiters.Len() > 0 {
		p.mu.Unlock()
		p.discard(e, "another function needs its place", false)
		return
	}
	e.claimed, e.watched = make(chan struct{}), make(chan struct{})
	e.fleet.idle = append(e.fleet.idle, e)
	e.lru = p.idle.PushBack(e)
	p.background.Go(func() { p.watch(e) })
	p.mu.Unlock()
}

// discard ends an environment the caller holds and gives its slot back when
// nothing is left of it. reset tells that it failed.
func (p *pool) discard(e *environment, reason string, reset bool) {
	if reset {
		p.mu.Lock()
		e.fleet.resets++
		p.mu.Unlock()
	}
	e.process.Stop(reason)
	p.background.Go(func() {
		for range e.process.Events() {
		}
		p.freeSlot()
	})
}

// freeSlot gives a slot to who has waited longest.
func (p *pool) freeSlot() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.waiters.Front(); first != nil {
		p.waiters.Remove(first)
		first.Value.(*waiter).grant <- nil
		return
	}
	p.slots--
}

// unlist takes an idle environment off the lists. Called under p.mu; the caller
// must claim it then.
func (p *pool) unlist(e *environment) {
	p.idle.Remove(e.lru)
	e.lru = nil
	f := e.fleet
	i := slices.Index(f.idle, e)
	f.idle = slices.Delete(f.idle, i, i+1)
}

// claim takes an unlisted environment over from its watcher. It reports whether
// the environment is still alive.
func (e *environment) claim() bool {
	close(e.claimed)
	<-e.watched
	return !e.dead
}

// watch holds an idle environment: it sees to its exit and to the end of its
// idle time.
func (p *pool) watch(e *environment) {
	defer close(e.watched)
	timeout := time.NewTimer(p.idleTimeout)
	defer timeout.Stop()
	events := e.process.Events()
	for {
		select {
		case <-e.claimed:
			return
		case <-timeout.C:
		case ev, ok := <-events:
			if ok {
				e.see(ev)
			} else {
				e.dead = true
			}
			if !e.dead {
				continue // a line written between invocations belongs to none
			}
		}
		p.mu.Lock()
		mine := e.lru != nil
		if mine {
			p.unlist(e)
		}
		p.mu.Unlock()
		if mine {
			p.discard(e, "it was idle", false)
			return
		}
		<-e.claimed
		return
	}
}

// retire ends a fleet: the idle environments now, the busy ones when they are
// released.
func (p *pool) retire(f *fleet, reason string) {
	p.mu.Lock()
	f.retired = true
	idle := slices.Clone(f.idle)
	for _, e := range idle {
		p.unlist(e)
	}
	p.mu.Unlock()
	p.end(idle, reason)
}

// close ends all idle environments; no more are handed out.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	var idle []*environment
	for p.idle.Len() > 0 {
		e := p.idle.Front().Value.(*environment)
		p.unlist(e)
		idle = append(idle, e)
	}
	p.mu.Unlock()
	p.end(idle, "the server is shutting down")
}

func (p *pool) end(idle []*environment, reason string) {
	for _, e := range idle {
		e.claim()
		p.discard(e, reason, false)
	}
}
