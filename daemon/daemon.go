// Package daemon is the X-Ray daemon: segment documents enter by UDP, one to a
// datagram, or spans in frames of ADOT's, and leave in batches through
// radiograph.Sink. Its TCP port hands
// every request to a handler of the caller's, so that SDKs get their sampling
// rules unsigned.
//
// There are two uses. [Listen] is the daemon that SDKs outside functions send to.
// [Starter] starts one for each function environment: it belongs to the
// function's account whatever a datagram says, stamps each document with the
// invocation that was running when it came, and sends with the role's rights.
//
// It never parses a document itself, never answers a datagram, and never holds more
// than its bound of memory: the oldest document goes first, and every loss is
// counted.
package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"radiograph"
)

const (
	// closeTimeout bounds how long Close sends what waits.
	closeTimeout = 5 * time.Second

	// outsideMemory bounds the documents that wait in the daemon outside functions.
	outsideMemory = 32 << 20
	// environmentMemory is the least an environment's daemon may hold, and
	// environmentShare the part of the function's memory it may hold when that is
	// more (Lambda developer guide: 3 % or 16 MB, whichever is greater).
	environmentMemory = 16 << 20
	environmentShare  = 0.03
)

// Config is what a daemon works with.
type Config struct {
	Sink      radiograph.Sink
	Telemetry radiograph.TelemetrySink // nil: no telemetry
	Roles     radiograph.Authorizer    // asked by environments' daemons
	Spans     SpanDecoder              // for ADOT's frames; nil: there are none
	// Proxy makes the handler of the TCP port; nil answers 502.
	Proxy  func(radiograph.DaemonSpec) http.Handler
	Counts *Counts          // added to by all daemons; may be nil
	Clock  radiograph.Clock // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
}

// SpanDecoder maps the OpenTelemetry spans of a datagram to documents.
// Implemented by package otlp.
type SpanDecoder interface {
	// IsFrame reports whether a datagram's body holds no document, but a frame.
	IsFrame(body []byte) bool
	// Frame is the documents of a frame. lost says what of it is not recorded.
	Frame(body []byte) (docs [][]byte, lost []string)
}

func (c *Config) defaults() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Counts == nil {
		c.Counts = new(Counts)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = c.Log.With("component", "daemon")
}

// Daemon is one running daemon. Its methods may be called from any goroutine.
type Daemon struct {
	cfg    Config
	spec   radiograph.DaemonSpec
	door   radiograph.Door
	checks bool // ask cfg.Roles

	socket    *socket
	proxy     *proxy
	telemetry *telemetry

	queue *queue
	wake  chan struct{} // capacity 1: documents wait
	turn  chan struct{} // capacity 1: held by who sends, so that batches keep their order

	reading sync.Mutex // held by who reads the socket; guards stamp and frame
	stamp   radiograph.Stamp
	frame   []byte

	losses losses

	ctx       context.Context // ends the goroutines
	cancel    context.CancelFunc
	done      sync.WaitGroup
	closeOnce sync.Once
	closeErr  error
}

var _ radiograph.EnvironmentDaemon = (*Daemon)(nil)

// Listen starts the daemon for SDKs outside functions at addr, host:port, on UDP
// and TCP; with port 0 both get the same free port. Documents become the
// tenant's. ctx bounds the start only; Close ends the daemon.
func Listen(ctx context.Context, cfg Config, addr string, t radiograph.Tenant) (*Daemon, error) {
	cfg.defaults()
	pair, err := bind(ctx, addr)
	if err != nil {
		return nil, err
	}
	return start(cfg, pair, radiograph.DaemonSpec{Tenant: t}, radiograph.DoorAPI, outsideMemory), nil
}

// Starter starts environments' daemons.
type Starter struct{ cfg Config }

var _ radiograph.DaemonStarter = (*Starter)(nil)

// New makes a Starter.
func New(cfg Config) *Starter {
	cfg.defaults()
	return &Starter{cfg}
}

// StartDaemon starts the daemon of one environment on a free port of
// spec.Listen, or of 127.0.0.1 when that is unset. ctx bounds the start only.
func (s *Starter) StartDaemon(ctx context.Context, spec radiograph.DaemonSpec) (radiograph.EnvironmentDaemon, error) {
	if !spec.Listen.IsValid() {
		spec.Listen = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	pair, err := bind(ctx, netip.AddrPortFrom(spec.Listen, 0).String())
	if err != nil {
		return nil, err
	}
	memory := max(int(environmentShare*float64(spec.MemorySize)*(1<<20)), environmentMemory)
	return start(s.cfg, pair, spec, radiograph.DoorEnvironment, memory), nil
}

func start(cfg Config, p *pair, spec radiograph.DaemonSpec, door radiograph.Door, memory int) *Daemon {
	d := &Daemon{
		cfg: cfg, spec: spec, door: door, checks: door == radiograph.DoorEnvironment,
		socket: p.socket,
		queue:  &queue{limit: memory, waiting: &cfg.Counts.Waiting},
		wake:   make(chan struct{}, 1),
		turn:   make(chan struct{}, 1),
		frame:  make([]byte, maxDatagram),
	}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.telemetry = &telemetry{clock: cfg.Clock, put: d.putTelemetry}
	var handler http.Handler
	if cfg.Proxy != nil {
		handler = cfg.Proxy(spec)
	}
	d.proxy = serveProxy(p.tcp, handler, cfg.Log)

	d.done.Go(d.read)
	d.done.Go(d.send)
	if cfg.Telemetry != nil {
		d.done.Go(func() { d.telemetry.run(d.ctx) })
	}
	return d
}

// Addr is the address of both sockets.
func (d *Daemon) Addr() netip.AddrPort { return d.socket.addr }

// Stamp sets what documents are stamped with from now on. What was sent before
// the call keeps the stamp before.
func (d *Daemon) Stamp(s radiograph.Stamp) {
	d.socket.each(func(fd int) { d.receive(fd) })
	d.reading.Lock()
	d.stamp = s
	d.reading.Unlock()
}

// Drain returns when every datagram sent before the call has entered the Sink or
// has been dropped, or ctx ends; it reports what has come since the last Drain.
func (d *Daemon) Drain(ctx context.Context) radiograph.DatagramReport {
	d.socket.each(func(fd int) { d.receive(fd) })
	d.flush(ctx)
	d.countKernelDrops()
	return d.losses.report()
}

// Close reads and sends what has come, writes the last telemetry record and
// returns when nothing of the daemon is left.
func (d *Daemon) Close() error {
	d.closeOnce.Do(func() {
		grace := closeGrace
		if d.door == radiograph.DoorEnvironment {
			grace = 0 // whoever could wait for an answer has ended
		}
		d.proxy.close(grace)
		d.socket.each(func(fd int) { d.receive(fd) })
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		d.flush(ctx)
		d.countKernelDrops()
		d.closeErr = d.socket.close()
		d.cancel()
		d.done.Wait()
		d.spilled(d.queue.discard())
		if d.cfg.Telemetry != nil {
			d.telemetry.finish()
		}
	})
	return d.closeErr
}

// read moves datagrams from the socket into the queue until the socket closes.
func (d *Daemon) read() {
	d.socket.wait(func(fd int) {
		for !d.receive(fd) {
		}
	})
}

// receive reads what the socket holds and reports whether it is empty. It reads
// no more than the kernel can have held when the call began, so that a sender
// who never stops cannot keep a caller here.
func (d *Daemon) receive(fd int) (empty bool) {
	d.reading.Lock()
	defer d.reading.Unlock()
	for left := d.socket.buffer; left > 0; {
		n, err := syscall.Read(fd, d.frame)
		switch err {
		case nil:
		case syscall.EINTR, syscall.ECONNREFUSED: // the latter: an answer nobody wanted
			continue
		default:
			d.signal()
			return true
		}
		left -= n + datagramOverhead
		d.take(d.frame[:n])
	}
	d.signal()
	return false
}

// take parses one datagram and queues its documents.
func (d *Daemon) take(frame []byte) {
	d.telemetry.received.Add(1)
	d.cfg.Counts.Received.Add(1)
	body, err := ParseFrame(frame)
	d.losses.received(len(frame))
	if err != nil {
		d.telemetry.rejected.Add(1)
		d.cfg.Counts.Malformed.Add(1)
		d.losses.drop(err.Error(), 1)
		return
	}
	if d.cfg.Spans == nil || !d.cfg.Spans.IsFrame(body) {
		d.enqueue(bytes.Clone(body))
		return
	}
	docs, lost := d.cfg.Spans.Frame(body)
	for _, reason := range lost {
		d.telemetry.rejected.Add(1)
		d.losses.drop(reason, 1)
	}
	for _, doc := range docs {
		d.enqueue(doc)
	}
}

// enqueue stamps a document and queues it.
func (d *Daemon) enqueue(body []byte) {
	dropped, waiting := d.queue.push(radiograph.Document{Body: body, Stamp: d.stamp})
	if dropped > 0 {
		d.spilled(dropped)
		d.losses.drop("the daemon's memory was full: the oldest document was dropped", dropped)
	}
	if waiting%batchSize == 0 {
		d.signal()
	}
}

func (d *Daemon) signal() {
	if d.queue.len() == 0 {
		return
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Daemon) putTelemetry(recs []radiograph.TelemetryRecord) error {
	d.countKernelDrops()
	if reason := d.refused(putTelemetry); reason != "" {
		d.cfg.Log.Debug("telemetry not sent", "reason", reason)
		return nil
	}
	// The last record is written while the daemon's own context has ended.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.ctx), sendTimeout)
	defer cancel()
	return d.cfg.Telemetry.PutTelemetry(ctx, d.spec.Tenant, radiograph.TelemetrySource{}, recs)
}

// spilled counts documents that were dropped.
func (d *Daemon) spilled(n int) {
	d.telemetry.spillover.Add(int64(n))
	d.cfg.Counts.Dropped.Add(int64(n))
}

func (d *Daemon) countKernelDrops() {
	if n := d.socket.newDrops(); n > 0 {
		d.spilled(int(n))
		d.losses.drop("the socket's receive buffer was full: the kernel dropped a datagram", int(n))
	}
}
