package lambda

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"radiograph"
)

// scriptedSandbox runs Go functions as environments.
type scriptedSandbox struct {
	behave func(*process) // what an environment does; it runs on its own goroutine

	mu      sync.Mutex
	fail    error // Start fails with it
	started []*process
}

// process is one scripted environment.
type process struct {
	spec   *radiograph.EnvironmentSpec
	number int // from 1, in order of their start

	events  chan radiograph.EnvironmentEvent
	deliver chan *radiograph.RuntimeEvent
	stopped chan struct{}
	stop    sync.Once
	gone    chan struct{} // closed when the script has ended

	event  *radiograph.RuntimeEvent // the one at work
	exit   radiograph.EnvironmentEvent
	mu     sync.Mutex
	stamps []radiograph.Stamp
	report radiograph.DatagramReport // of the next Drain
	reason string
	deaf   bool // it takes no events, though nothing tells so
}

func (s *scriptedSandbox) Start(ctx context.Context, spec *radiograph.EnvironmentSpec) (radiograph.Environment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	p := &process{
		spec: spec, number: len(s.started) + 1,
		events: make(chan radiograph.EnvironmentEvent, 4), deliver: make(chan *radiograph.RuntimeEvent),
		stopped: make(chan struct{}), gone: make(chan struct{}),
		exit: radiograph.EnvironmentEvent{Kind: radiograph.EnvironmentExited},
	}
	s.started = append(s.started, p)
	go func() {
		defer func() {
			select {
			case <-p.stopped:
				p.exit.ExitReason = "signal: killed"
			default:
			}
			close(p.gone)
			p.exit.At = time.Now()
			p.events <- p.exit
			close(p.events)
		}()
		s.behave(p)
	}()
	return p, nil
}

func (s *scriptedSandbox) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.started)
}

func (s *scriptedSandbox) process(number int) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started[number-1]
}

func (p *process) Events() <-chan radiograph.EnvironmentEvent { return p.events }

func (p *process) Deliver(ev *radiograph.RuntimeEvent, stamp radiograph.Stamp) error {
	p.mu.Lock()
	deaf := p.deaf
	p.mu.Unlock()
	if deaf {
		return errors.New("the process does not listen")
	}
	select {
	case <-p.gone:
		return errors.New("the process is gone")
	case <-p.stopped:
		return errors.New("the process has been stopped")
	case p.deliver <- ev:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stamps = append(p.stamps, stamp)
		return nil
	}
}

func (p *process) Drain(context.Context) radiograph.DatagramReport {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.report
	p.report = radiograph.DatagramReport{}
	return r
}

func (p *process) Stop(reason string) {
	p.stop.Do(func() {
		p.mu.Lock()
		p.reason = reason
		p.mu.Unlock()
		close(p.stopped)
	})
}

// stoppedFor is the reason of Stop; "" while it has not been called.
func (p *process) stoppedFor() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reason
}

// What scripts are made of. Each ends the script when the environment has been
// stopped.

func (p *process) emit(ev radiograph.EnvironmentEvent) {
	ev.At = time.Now()
	ev.MaxMemoryMB = 36
	select {
	case p.events <- ev:
	case <-p.stopped:
		runtime.Goexit()
	}
}

func (p *process) sleep(d time.Duration) {
	if d == 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.stopped:
		runtime.Goexit()
	}
}

func (p *process) boot(d time.Duration) {
	p.emit(radiograph.EnvironmentEvent{Kind: radiograph.ProcessStarted})
	p.sleep(d)
}

// next asks for an event and waits for it.
func (p *process) next() {
	p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeAskedNext})
	select {
	case p.event = <-p.deliver:
	case <-p.stopped:
		runtime.Goexit()
	}
}

func (p *process) respond(payload string) {
	p.emit(radiograph.EnvironmentEvent{Kind: radiograph.RuntimeResponse, RequestID: p.event.RequestID, Payload: []byte(payload)})
}

const postedCause = `{"working_directory":"/var/task","exceptions":[{"message":"boom","type":"ValueError","stack":[{"path":"app.py","line":7,"label":"handler"},{"path":"native","line":null,"label":"f"}]}],"paths":["app.py"]}`

func (p *process) fail(errorType, message string) {
	p.emit(radiograph.EnvironmentEvent{
		Kind: radiograph.RuntimeError, RequestID: p.event.RequestID,
		Payload:   []byte(`{"errorMessage":"` + message + `","errorType":"` + errorType + `"}`),
		ErrorType: errorType, Cause: []byte(postedCause),
	})
}

func (p *process) log(line string) {
	p.emit(radiograph.EnvironmentEvent{Kind: radiograph.LogLine, Payload: []byte(line)})
}

// exited ends the script as a process that exits.
func (p *process) exited(reason string) {
	p.exit.ExitReason = reason
	runtime.Goexit()
}

// timing is how long the parts of an ordinary function take.
type timing struct {
	init, work, overhead time.Duration
}

// echo is a function that answers with its event.
func echo(d timing) func(*process) {
	return func(p *process) {
		p.boot(d.init)
		for {
			p.next()
			p.log("working on " + p.event.RequestID)
			p.sleep(d.work)
			p.respond(string(p.event.Payload))
			p.sleep(d.overhead)
		}
	}
}
