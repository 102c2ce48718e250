package sandbox

import (
	"bytes"
	"os"
	"strconv"
)

// memory is what processes hold, in bytes.
type memory struct {
	resident  int64 // all pages in memory
	anonymous int64 // pages that are nobody else's and in no file
}

var pageSize = int64(os.Getpagesize())

// gauge reads the memory of one process again and again.
type gauge struct{ statm *os.File }

// newGauge opens the gauge; one that cannot be opened reads 0.
func newGauge(pid int) gauge {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return gauge{}
	}
	return gauge{f}
}

// resident is the process's memory now, or 0 when it is gone.
func (g gauge) resident() int64 {
	if g.statm == nil {
		return 0
	}
	var b [128]byte
	n, err := g.statm.ReadAt(b[:], 0)
	if n == 0 && err != nil {
		return 0
	}
	return parseStatm(b[:n]).resident
}

func (g gauge) close() {
	if g.statm != nil {
		_ = g.statm.Close() // it was only read
	}
}

// parseStatm reads /proc/pid/statm: size resident shared …, in pages (proc(5)).
func parseStatm(b []byte) memory {
	f := bytes.Fields(b)
	if len(f) < 3 {
		return memory{}
	}
	resident, _ := strconv.ParseInt(string(f[1]), 10, 64)
	shared, _ := strconv.ParseInt(string(f[2]), 10, 64)
	return memory{resident * pageSize, (resident - shared) * pageSize}
}

// treeMemory sums over a process and its descendants; one that has ended counts
// nothing.
func treeMemory(pid int) memory {
	dir := "/proc/" + strconv.Itoa(pid)
	b, err := os.ReadFile(dir + "/statm")
	if err != nil {
		return memory{}
	}
	m := parseStatm(b)
	threads, err := os.ReadDir(dir + "/task")
	if err != nil {
		return m
	}
	for _, t := range threads {
		children, err := os.ReadFile(dir + "/task/" + t.Name() + "/children")
		if err != nil {
			continue // the thread has ended, or the kernel keeps no such file
		}
		for _, c := range bytes.Fields(children) {
			if child, err := strconv.Atoi(string(c)); err == nil {
				sum := treeMemory(child)
				m.resident += sum.resident
				m.anonymous += sum.anonymous
			}
		}
	}
	return m
}

// peakMemory is the most resident memory the process itself ever had, or 0 when
// it is gone. (The kernel's ru_maxrss would count its parent's, too.)
func peakMemory(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, b, _ = bytes.Cut(b, []byte("VmHWM:"))
	b, _, _ = bytes.Cut(b, []byte("kB"))
	kb, _ := strconv.ParseInt(string(bytes.TrimSpace(b)), 10, 64) // a zombie has no such line
	return kb << 10
}
