package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"radiograph"
)

// loopback is where an environment's Runtime API and daemon listen.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// Environment is one function process, its Runtime API and its daemon.
type Environment struct {
	sandbox *Sandbox
	spec    *radiograph.EnvironmentSpec
	code    *code
	folder  string

	events  *eventQueue
	api     *runtimeAPI
	logs    *logPipe
	daemon  radiograph.EnvironmentDaemon // nil: none
	process *process

	busy        atomic.Bool // initializing, or at an invocation
	worked      atomic.Bool // busy since the last look at its memory
	outOfMemory atomic.Bool
	peak        atomic.Int64 // bytes
	gauge       gauge
	started     time.Time

	gone chan struct{} // closed when nothing of the environment is left but unread events
}

var _ radiograph.Environment = (*Environment)(nil)

// start opens the environment's sockets, starts the process and hands all of it
// to a goroutine that takes it down again.
func (s *Sandbox) start(ctx context.Context, spec *radiograph.EnvironmentSpec, r *prepared, c *code, folder string) (_ *Environment, err error) {
	path, args, err := r.program(c.dir, spec.Function)
	if err != nil {
		return nil, err
	}
	e := &Environment{
		sandbox: s, spec: spec, code: c, folder: folder,
		events: newEventQueue(), gone: make(chan struct{}),
	}
	var undo []func() error // what is open, should a later step fail
	defer func() {
		if err != nil {
			for _, f := range undo {
				err = errors.Join(err, f())
			}
		}
	}()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", netip.AddrPortFrom(loopback, 0).String())
	if err != nil {
		return nil, fmt.Errorf("sandbox: runtime API: %w", err)
	}
	undo = append(undo, listener.Close)
	p := &place{
		taskRoot: c.dir, temporary: folder, runtimeAPI: listener.Addr().String(),
		endpoint: s.cfg.Endpoint(), hostPath: hostPath(),
	}
	if s.cfg.Daemons != nil {
		e.daemon, err = s.cfg.Daemons.StartDaemon(ctx, radiograph.DaemonSpec{
			Tenant: spec.Function.Tenant, RoleARN: spec.Function.Role, Session: spec.Credentials,
			MemorySize: spec.Function.MemorySize, Listen: loopback,
		})
		if err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		undo = append(undo, e.daemon.Close)
		p.daemonHost, p.daemonPort = e.daemon.Addr().Addr().String(), strconv.Itoa(int(e.daemon.Addr().Port()))
	}
	logs, output, err := newLogPipe(e.line)
	if err != nil {
		return nil, err
	}
	undo = append(undo, logs.r.Close)
	e.logs = logs
	e.api = newRuntimeAPI(listener, e.emit, e.settle, s.cfg.Log)

	cmd := command(path, args, variables(spec, r, p), c.dir, output)
	// Before the start: on a busy machine the process may be far along in its
	// initialization when this goroutine runs again.
	e.started = time.Now()
	err = s.spawner.start(cmd)
	_ = output.Close() // the process has its own copy
	if err != nil {
		return nil, startError(err, c.dir)
	}
	e.process = &process{cmd: cmd, pid: cmd.Process.Pid}
	e.gauge = newGauge(e.process.pid)
	e.busy.Store(true)
	e.worked.Store(true)
	e.events.emit(radiograph.EnvironmentEvent{Kind: radiograph.ProcessStarted, At: e.started})
	if r.note != "" {
		e.events.emit(radiograph.EnvironmentEvent{Kind: radiograph.LogLine, At: e.started, Payload: []byte("radiograph: " + r.note)})
	}
	if !s.adopt(e, func() { e.run(p.runtimeAPI) }) {
		e.process.kill()
		_, _ = e.process.wait() // it was to run, and now is not
		e.gauge.close()
		return nil, errClosed()
	}
	return e, nil
}

// startError tells a package that cannot be executed from trouble of the host.
func startError(err error, taskRoot string) error {
	for _, own := range []error{syscall.ENOEXEC, syscall.EACCES, syscall.ENOENT, syscall.EPERM, syscall.ENOTDIR, syscall.ELOOP, fs.ErrNotExist} {
		if errors.Is(err, own) {
			return invalidEntrypoint(strings.ReplaceAll(err.Error(), taskRoot, "/var/task"))
		}
	}
	return fmt.Errorf("sandbox: start process: %w", err)
}

// run serves the environment until its process has ended, then takes it down.
func (e *Environment) run(runtimeAPI string) {
	served, read := make(chan struct{}), make(chan struct{})
	go func() { defer close(served); e.api.serve() }()
	go func() { defer close(read); e.logs.run() }()

	ended, reason := e.process.wait()
	e.busy.Store(false)
	killStrays("AWS_LAMBDA_RUNTIME_API=" + runtimeAPI)
	e.api.close()
	<-served
	e.gauge.close()
	e.logs.close()
	<-read
	if e.daemon != nil {
		if err := e.daemon.Close(); err != nil {
			e.sandbox.cfg.Log.Warn("the environment's daemon did not close", "environment", e.spec.ID, "err", err)
		}
	}
	e.sandbox.code.release(e.code)
	if err := removeTree(e.folder); err != nil {
		e.sandbox.cfg.Log.Warn("temporary files are left", "environment", e.spec.ID, "err", err)
	}

	ev := radiograph.EnvironmentEvent{
		Kind: radiograph.EnvironmentExited, At: ended, RequestID: e.api.invocation(),
		ExitReason: reason, OutOfMemory: e.outOfMemory.Load(), MaxMemoryMB: e.peakMB(),
	}
	if ev.OutOfMemory {
		ev.MaxMemoryMB = e.spec.Function.MemorySize
	}
	e.events.emit(ev)
	e.events.close()
	close(e.gone)
	e.events.pumps.Wait()
	e.sandbox.forget(e)
}

// Events yields what happens.
func (e *Environment) Events() <-chan radiograph.EnvironmentEvent { return e.events.ch }

// Deliver hands one event to the runtime.
func (e *Environment) Deliver(ev *radiograph.RuntimeEvent, stamp radiograph.Stamp) error {
	if e.daemon != nil {
		e.daemon.Stamp(stamp)
	}
	e.busy.Store(true)
	e.worked.Store(true)
	return e.api.deliver(ev)
}

// Drain takes in what the function's code has sent to the daemon.
func (e *Environment) Drain(ctx context.Context) radiograph.DatagramReport {
	if e.daemon == nil {
		return radiograph.DatagramReport{}
	}
	return e.daemon.Drain(ctx)
}

// Stop ends every process of the environment.
func (e *Environment) Stop(reason string) {
	e.sandbox.cfg.Log.Debug("environment stopped", "environment", e.spec.ID, "function", e.spec.Function.Name, "reason", reason)
	e.process.kill()
}

// emit passes on what the Runtime API tells.
func (e *Environment) emit(ev radiograph.EnvironmentEvent) {
	if ev.Kind == radiograph.RuntimeAskedNext {
		e.busy.Store(false)
	}
	e.events.emit(ev)
}

// settle takes the log lines written so far and tells the memory used.
func (e *Environment) settle() int {
	e.logs.drain()
	return e.maxMemoryMB()
}

func (e *Environment) line(b []byte) {
	e.events.emit(radiograph.EnvironmentEvent{
		Kind: radiograph.LogLine, At: time.Now(), RequestID: e.api.invocation(), Payload: b,
	})
}
