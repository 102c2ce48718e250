package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"syscall"
)

const (
	// maxLine splits a longer line (CloudWatch Logs: an event of at most 256 KB).
	maxLine = 256 << 10
	// maxPass is more than a pipe holds (64 KB; an ordinary user may grow it to
	// 1 MB, /proc/sys/fs/pipe-max-size).
	maxPass = 1 << 20
)

// logPipe turns what a process writes into lines. Standard output and error
// share it, so that their order is kept. Several goroutines read it: one waits
// for output, and whoever answers the runtime takes what is there already, so
// that a line written before a response is told before it.
type logPipe struct {
	r    *os.File
	raw  syscall.RawConn
	line func([]byte) // gets its own copy

	mu   sync.Mutex
	buf  []byte
	rest []byte // the beginning of an unfinished line
}

// newLogPipe returns the pipe and the end a process writes to.
func newLogPipe(line func([]byte)) (*logPipe, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox: %w", err)
	}
	raw, err := r.SyscallConn()
	if err != nil {
		return nil, nil, fmt.Errorf("sandbox: %w", err)
	}
	return &logPipe{r: r, raw: raw, line: line, buf: make([]byte, 8<<10)}, w, nil
}

// run reads until every writer is gone or the pipe is closed.
func (p *logPipe) run() {
	_ = p.raw.Read(func(fd uintptr) bool { // the error is that the pipe was closed
		for {
			switch p.pass(int(fd)) {
			case passEmpty:
				return false
			case passEnd:
				return true
			}
		}
	})
}

// drain takes what has been written before the call.
func (p *logPipe) drain() {
	_ = p.raw.Control(func(fd uintptr) { p.pass(int(fd)) }) // the error is that the pipe was closed
}

// close takes what is there, with an unfinished line as the last, and closes.
func (p *logPipe) close() {
	p.drain()
	p.mu.Lock()
	if len(p.rest) > 0 {
		p.line(bytes.Clone(p.rest))
		p.rest = nil
	}
	p.mu.Unlock()
	_ = p.r.Close() // reading only: nothing can be lost
}

type passResult uint8

const (
	passEmpty passResult = iota // nothing is there now
	passMore                    // perhaps there is more
	passEnd                     // every writer is gone
)

func (p *logPipe) pass(fd int) passResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	for left := maxPass; left > 0; {
		n, err := syscall.Read(fd, p.buf)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return passEmpty
		case err != nil || n == 0:
			return passEnd
		default:
			p.split(p.buf[:n])
			left -= n
		}
	}
	return passMore
}

func (p *logPipe) split(b []byte) {
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			end = len(b)
		}
		if room := maxLine - len(p.rest); end > room {
			p.line(append(bytes.Clone(p.rest), b[:room]...))
			p.rest, b = p.rest[:0], b[room:]
			continue
		}
		if end == len(b) {
			p.rest = append(p.rest, b...)
			return
		}
		p.line(append(bytes.Clone(p.rest), b[:end]...))
		p.rest, b = p.rest[:0], b[end+1:]
	}
}
