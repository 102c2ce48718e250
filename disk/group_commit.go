package disk

import "time"

// groupCommit syncs writes that did not wait for a sync of their own, all that
// came within delay together. It does nothing while there are none.
type groupCommit struct {
	delay time.Duration
	sync  func() error
	dirty chan struct{} // holds one note: something was applied since the last sync began
	stop  chan struct{}
	done  chan error
}

// startGroupCommit starts the one goroutine; close ends it.
func startGroupCommit(delay time.Duration, sync func() error) *groupCommit {
	g := &groupCommit{
		delay: delay,
		sync:  sync,
		dirty: make(chan struct{}, 1),
		stop:  make(chan struct{}),
		done:  make(chan error, 1),
	}
	go g.run()
	return g
}

// note tells that something was applied and is to be synced within delay.
func (g *groupCommit) note() {
	select {
	case g.dirty <- struct{}{}:
	default: // the coming sync will have it
	}
}

func (g *groupCommit) run() {
	for {
		select {
		case <-g.stop:
			g.done <- g.last()
			return
		case <-g.dirty:
		}
		timer := time.NewTimer(g.delay)
		select {
		case <-timer.C:
		case <-g.stop:
			timer.Stop()
			g.done <- g.sync()
			return
		}
		select { // notes until now are covered by this sync
		case <-g.dirty:
		default:
		}
		_ = g.sync() // a failure ends the process, see Store.fail
	}
}

// last syncs when there is something left.
func (g *groupCommit) last() error {
	select {
	case <-g.dirty:
		return g.sync()
	default:
		return nil
	}
}

// close syncs what is left and waits for the goroutine. The caller makes sure
// that nothing is applied any more.
func (g *groupCommit) close() error {
	close(g.stop)
	return <-g.done
}
