package lambda

import "sync"

// gate counts what is at work and can be shut.
type gate struct {
	mu    sync.Mutex
	shut  bool
	count int
	empty chan struct{} // closed when shut and nothing is at work
}

func newGate() *gate { return &gate{empty: make(chan struct{})} }

// enter counts one in; false: the gate is shut.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.count++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.count--; g.count == 0 && g.shut {
		close(g.empty)
	}
}

// close shuts the gate and returns what is closed when all have left.
func (g *gate) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.shut = true
		if g.count == 0 {
			close(g.empty)
		}
	}
	return g.empty
}

// stay counts in the work that goes on when who does it now has left; the caller
// is still inside.
func (g *gate) stay() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count++
}
