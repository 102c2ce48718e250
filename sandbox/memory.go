package sandbox

import "time"

// memoryInterval is how often a working environment's memory is looked at.
const memoryInterval = 50 * time.Millisecond

// checkMemory ends the environment when its processes own more memory than the
// function has. An idle environment allocates nothing: it gets one more look
// after its last work, which finds what peaked between two others.
func (e *Environment) checkMemory() {
	busy := e.busy.Load()
	if !e.worked.Swap(busy) || e.process.isOver() {
		return
	}
	e.notePeak(peakMemory(e.process.pid))
	if !busy {
		return
	}
	m := treeMemory(e.process.pid)
	e.notePeak(m.resident)
	if limit := int64(e.spec.Function.MemorySize) << 20; limit > 0 && m.anonymous > limit {
		e.outOfMemory.Store(true)
		e.process.kill()
	}
}

func (e *Environment) notePeak(bytes int64) {
	for {
		old := e.peak.Load()
		if bytes <= old || e.peak.CompareAndSwap(old, bytes) {
			return
		}
	}
}

// maxMemoryMB is the most memory seen so far, rounded up. It is asked for twice
// in each invocation, so it looks at the memory of this moment only, a tenth of
// the work of asking the kernel for the peak; checkMemory does that.
func (e *Environment) maxMemoryMB() int {
	e.notePeak(e.gauge.resident())
	return e.peakMB()
}

func (e *Environment) peakMB() int { return int((e.peak.Load() + 1<<20 - 1) >> 20) }
