//go:build !linux

package sandbox

type memory struct{ resident, anonymous int64 }

// treeMemory and peakMemory need Linux's /proc: elsewhere no limit is enforced.
func treeMemory(int) memory { return memory{} }
func peakMemory(int) int64  { return 0 }

type gauge struct{}

func newGauge(int) gauge      { return gauge{} }
func (gauge) resident() int64 { return 0 }
func (gauge) close()          {}
