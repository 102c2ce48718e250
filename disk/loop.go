package disk

import (
	"context"
	"time"
)

// loop is a goroutine of a store's, which does something again and again. The zero
// loop is one that was not started.
type loop struct {
	stop context.CancelFunc
	done chan struct{}
}

// start begins a pass each time so long has gone by; none overlaps another. A pass
// that fails is told by complain, unless the loop ends.
func (l *loop) start(every time.Duration, pass func(context.Context) error, complain func(error)) {
	ctx, stop := context.WithCancel(context.Background())
	l.stop, l.done = stop, make(chan struct{})
	go func() {
		defer close(l.done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := pass(ctx); err != nil && ctx.Err() == nil {
					complain(err)
				}
			}
		}
	}()
}

// end tells the goroutine to end, if there is one.
func (l *loop) end() {
	if l.stop != nil {
		l.stop()
	}
}

// close waits for the goroutine to end.
func (l *loop) close() {
	if l.end(); l.done != nil {
		<-l.done
	}
}
