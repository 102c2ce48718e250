//go:build !linux

package sandbox

import (
	"syscall"
	"time"
)

func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// reap waits for the head and ends its group.
func (p *process) reap() (ended time.Time, err error) {
	err = p.cmd.Wait()
	ended = time.Now()
	p.kill()
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	return ended, err
}

// killStrays needs Linux's /proc.
func killStrays(string) {}
