package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// reap waits for the head and ends its group. The head stays a zombie until the
// group is gone, so that its number, which is the group's too, cannot become
// another's meanwhile.
func (p *process) reap() (ended time.Time, err error) {
	for unix.Waitid(unix.P_PID, p.pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	ended = time.Now()
	p.kill()
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	return ended, p.cmd.Wait()
}

// strayRounds bounds the search for processes that make others while it runs.
const strayRounds = 8

// killStrays ends the processes that have left their group and still carry the
// variable, which must be one environment's alone.
func killStrays(variable string) {
	mark := []byte("\x00" + variable + "\x00")
	for range strayRounds {
		found := false
		entries, err := os.ReadDir("/proc")
		if err != nil {
			return // no /proc, no search
		}
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil || pid == os.Getpid() {
				continue
			}
			environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
			if err != nil || !bytes.Contains(append([]byte{0}, environ...), mark) {
				continue
			}
			found = syscall.Kill(pid, syscall.SIGKILL) == nil || found
		}
		if !found {
			return
		}
	}
}
