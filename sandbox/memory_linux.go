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

// treeMemory sums over a process and its descendants; one that has ended counts
// nothing.
func treeMemory(pid int) memory {
	dir := "/proc/" + strconv.Itoa(pid)
	var m memory
	b, err := os.ReadFile(dir + "/statm") // size resident shared …, in pages: proc(5)
	if err != nil {
		return m
	}
	if f := bytes.Fields(b); len(f) > 2 {
		resident, _ := strconv.ParseInt(string(f[1]), 10, 64)
		shared, _ := strconv.ParseInt(string(f[2]), 10, 64)
		m = memory{resident * pageSize, (resident - shared) * pageSize}
	}
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
