package sandbox

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// spawner starts processes from one thread that lives as long as the sandbox: a
// death signal fires when the thread that made the process ends, not when the
// program does (prctl(2), PR_SET_PDEATHSIG).
type spawner struct {
	jobs chan func()
	done chan struct{}
}

func startSpawner() *spawner {
	s := &spawner{jobs: make(chan func()), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		runtime.LockOSThread()
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// start starts cmd as the head of a process group of its own.
func (s *spawner) start(cmd *exec.Cmd) (err error) {
	ready := make(chan struct{})
	s.jobs <- func() {
		defer close(ready)
		err = startUnbusy(cmd)
	}
	<-ready
	return err
}

// stop ends the thread; nothing may be started afterwards.
func (s *spawner) stop() {
	close(s.jobs)
	<-s.done
}

const (
	busyTries = 100
	busyWait  = 10 * time.Millisecond
)

// startUnbusy starts cmd, and again while the kernel says that its file is still
// being written: another process that is just being forked may hold a copy of
// the descriptor it was unpacked through until it has replaced itself.
func startUnbusy(cmd *exec.Cmd) error {
	for try := 1; ; try++ {
		attempt := *cmd // a Cmd can be started once only
		err := attempt.Start()
		if err == nil || !errors.Is(err, syscall.ETXTBSY) || try == busyTries {
			*cmd = attempt
			return err
		}
		time.Sleep(busyWait)
	}
}

// process is a running process and its group.
type process struct {
	cmd *exec.Cmd
	pid int

	mu    sync.Mutex
	ended bool // the number may be another's by now
}

// kill ends every process of the group.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL) // ESRCH: nobody is left
	}
}

// isOver reports whether the head has been reaped.
func (p *process) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// wait returns when the head has ended, with the rest of its group ended too,
// and why the head ended: "" for status 0, else "exit status 1", "signal: killed".
func (p *process) wait() (ended time.Time, reason string) {
	ended, err := p.reap()
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		reason = exit.ProcessState.String()
	default:
		reason = err.Error()
	}
	return ended, reason
}

// command is cmd with what every process here gets.
func command(path string, args, env []string, dir string, output *os.File) *exec.Cmd {
	return &exec.Cmd{
		Path: path, Args: append([]string{path}, args...), Env: env, Dir: dir,
		Stdout: output, Stderr: output, // standard input is empty
		SysProcAttr: attributes(),
	}
}
