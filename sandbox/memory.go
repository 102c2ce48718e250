package sandbox

import "time"

// memoryInterval is how often a working environment's memory is looked at.
const memoryInterval = 50 * time.Millisecond

// checkMemory ends the environment when its processes own more memory than the
// function has.
func (e *Environment) checkMemory() {
	if !e.busy.Load() {
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

// maxMemoryMB is the most memory seen so far, rounded up.
func (e *Environment) maxMemoryMB() int {
	e.notePeak(peakMemory(e.process.pid))
	return int((e.peak.Load() + 1<<20 - 1) >> 20)
}
