// Package server wires the rooms into the running program: it opens the store,
// hands each room its neighbours, binds the listeners, and stops all of it in
// order. The program and the tests start the same thing here.
//
// A [Config] enters, addresses leave. It holds no behaviour of X-Ray's or
// Lambda's, reads no flags, and never ends the process.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/awsapi/xray"
	"radiograph/console"
	"radiograph/daemon"
	"radiograph/disk"
	"radiograph/group"
	"radiograph/iam"
	"radiograph/ingest"
	"radiograph/insight"
	"radiograph/lambda"
	"radiograph/meter"
	"radiograph/otlp"
	"radiograph/query"
	"radiograph/retrieval"
	"radiograph/sampling"
	"radiograph/sandbox"
	"radiograph/settings"
)

// Bounds of a stop. Together they are the longest Close takes.
const (
	drainTimeout = 5 * time.Second // running invocations and attempts
	replyTimeout = 2 * time.Second // answers on their way out
)

// Config says what to start. The zero value serves from memory on free ports of
// the loopback interface.
type Config struct {
	Addr   string // of the AWS APIs and the console; "": 127.0.0.1:0
	Daemon string // of the X-Ray daemon, UDP and TCP on one port; "": 127.0.0.1:0

	OTLPHTTP string // of OTLP over HTTP; "": 127.0.0.1:0; Off: none but the main port
	OTLPGRPC string // of OTLP over gRPC; "": 127.0.0.1:0; Off: none
	// Start without one when its address is taken.
	OTLPHTTPOptional, OTLPGRPCOptional bool
	// Annotations are the span and resource attributes to index besides those a
	// span lists (package otlp); AnnotateAll indexes all.
	Annotations []string
	AnnotateAll bool

	Dir       string        // the data folder; "": in memory
	Retention time.Duration // how long traces are kept (disk.Options); 0: for good
	MaxBytes  int64         // what traces and state may come to (disk.Options); 0: no bound
	CacheDir  string        // for what runtimes need; "": radiograph in the user's cache folder

	// Account and Region own what comes without a signature: the daemon's
	// documents, OpenTelemetry's spans and the console's pages.
	Account radiograph.AccountID
	Region  radiograph.Region

	Fallback        *url.URL        // where requests of services not served here go; nil: an error
	AsyncBackoff    []time.Duration // waits before the second and third attempt of an event; nil: Lambda's
	MaxEnvironments int             // of all functions together; 0: package lambda's default
	Insecure        bool            // permits addresses that other machines can reach

	Limits *radiograph.Limits // nil: LocalLimits
	Prices *meter.Prices      // of the usage report; nil: AWS's

	Version  string            // for Health
	Clock    radiograph.Clock  // nil: time.Now
	Log      *slog.Logger      // nil: nothing is logged
	Progress func(line string) // told what long preparations do, such as fetching a runtime; may be nil
}

// Server is a started program.
type Server struct {
	cfg      Config
	endpoint string
	daemon   string
	otlpHTTP string // "": there is none
	otlpGRPC string
	tenant   radiograph.Tenant
	store    *disk.Store
	sandbox  *sandbox.Sandbox
	sink     *ingest.Ingester
	meter    *meter.Meter
	metrics  metrics
	stopping atomic.Bool

	// stops are what Close undoes, in the order things were started.
	stops     []stop
	closeOnce sync.Once
	closeErr  error
}

// xrayName is X-Ray's signing name: the one service behind a daemon's TCP port.
const xrayName = "xray"

type stop struct {
	what string
	do   func() error
}

// Start opens and binds everything and returns when requests are answered. ctx
// bounds the start only. An error leaves nothing behind.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	if err := cfg.defaults(ctx); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, tenant: radiograph.Tenant{Account: cfg.Account, Region: cfg.Region}}
	defer func() {
		if err != nil {
			_ = s.Close()
		}
	}()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, listenError("the AWS APIs and the console", cfg.Addr, err)
	}
	s.endpoint = "http://" + reachable(listener.Addr())
	s.onClose("listener", func() error { return ignoreClosed(listener.Close()) })

	// The store, and the one door in and out of it.
	limits := *cfg.Limits
	store, err := disk.Open(disk.Options{
		Dir: cfg.Dir, Log: cfg.Log, Clock: cfg.Clock, Retention: cfg.Retention, MaxBytes: cfg.MaxBytes,
		TraceLimit: cmp.Or(limits.TraceBytes, math.MaxInt), UpdateWindow: time.Duration(limits.UpdateDays) * 24 * time.Hour,
	})
	if err != nil {
		return nil, err
	}
	s.store = store
	s.onClose("store", store.Close)
	s.meter, err = meter.New(ctx, meter.Config{State: store, Clock: cfg.Clock, Log: cfg.Log, Prices: cfg.Prices})
	if err != nil {
		return nil, err
	}
	s.onClose("meter", s.meter.Close)
	groups := group.New(group.Config{State: store, Clock: cfg.Clock, Limits: limits, Meter: s.meter, Log: cfg.Log})
	store.MatchGroups(groups)
	sink := ingest.New(ingest.Config{Store: store, State: store, Meter: insightMeter{s.meter, groups}, Limits: limits, Log: cfg.Log, Clock: cfg.Clock})
	s.sink = sink
	engine := query.New(store, cfg.Clock)

	// Lambda and what it needs. api is set below: environments can only call it
	// once one of them runs.
	roles := iam.New(store, cfg.Clock)
	var api *awsapi.Server
	spans := otlp.New(otlp.Config{Sink: sink, Annotations: cfg.Annotations, AnnotateAll: cfg.AnnotateAll, Log: cfg.Log})
	daemons := daemon.Config{
		Sink: sink, Telemetry: sink, Roles: roles, Spans: spans, Counts: &s.metrics.daemons, Clock: cfg.Clock, Log: cfg.Log,
		Proxy: func(spec radiograph.DaemonSpec) http.Handler { return api.As(daemonCaller(spec), xrayName) },
	}
	environments, err := sandbox.New(sandbox.Config{
		CacheDir: cfg.CacheDir, WorkDir: workDir(cfg.Dir),
		Endpoint: s.Endpoint, Daemons: daemon.New(daemons), Progress: cfg.Progress, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	s.sandbox = environments
	s.onClose("sandbox", environments.Close)
	functions, err := lambda.New(lambda.Config{
		State: store, Code: store, Sink: sink, Roles: roles, Sandbox: environments,
		Sampler: sampling.NewFunctionSampler(), Clock: cfg.Clock, Log: cfg.Log,
		AsyncBackoff: cfg.AsyncBackoff, MaxEnvironments: cfg.MaxEnvironments, DrainTimeout: drainTimeout,
	})
	if err != nil {
		return nil, err
	}

	defer func() {
		if err != nil {
			err = errors.Join(err, functions.Close())
		}
	}()

	insights := insight.New(insight.Config{State: store, Sums: engine, Groups: groups, Clock: cfg.Clock, Log: cfg.Log})
	s.metrics.version, s.metrics.log, s.metrics.meter, s.metrics.sink = cfg.Version, cfg.Log, s.meter, sink
	s.metrics.store, s.metrics.groups, s.metrics.functions = store, groups, functions
	s.metrics.insights = insights

	// The doors.
	hosts := s.hosts(listener.Addr())
	pages := console.New(console.Config{
		Engine: engine, Groups: groups, Insights: insights, Functions: functions, Roles: roles, Usage: s.meter, Limits: limits, Tenant: s.tenant,
		Hosts: hosts, Log: cfg.Log, Clock: cfg.Clock,
	})
	api = awsapi.NewServer(awsapi.Config{
		Services: services(xray.Config{
			Engine: engine, Sink: sink, Telemetry: sink,
			Rules: sampling.NewRules(store, cfg.Clock, limits), Groups: groups, Insights: insights,
			Settings: settings.New(store, cfg.Clock, limits), Retrievals: retrieval.New(store, cfg.Clock),
			Meter: s.meter, Limits: limits,
		}, functions, roles),
		Authorizer: roles, Account: cfg.Account, Region: cfg.Region,
		Fallback: cfg.Fallback, Other: s.withOwn(pages), Hosts: hosts, Observe: s.metrics.requests.observe,
		Log: cfg.Log, Clock: cfg.Clock,
	})
	outside, err := daemon.Listen(ctx, daemons, cfg.Daemon, s.tenant)
	if err != nil {
		return nil, listenError("the X-Ray daemon", cfg.Daemon, err)
	}
	s.daemon = reachable(net.UDPAddrFromAddrPort(outside.Addr()))
	s.onClose("daemon", outside.Close)
	main, err := s.serveOTLP(ctx, spans, api)
	if err != nil {
		return nil, err
	}
	s.serve(listener, main, false)
	s.watch(insights)
	s.work(functions)
	return s, nil
}

// defaults fills in what the zero Config leaves open, and refuses addresses of
// other machines.
func (c *Config) defaults(ctx context.Context) error {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	if c.Daemon == "" {
		c.Daemon = "127.0.0.1:0"
	}
	if c.OTLPHTTP == "" {
		c.OTLPHTTP = "127.0.0.1:0"
	}
	if c.OTLPGRPC == "" {
		c.OTLPGRPC = "127.0.0.1:0"
	}
	if c.Account == "" {
		c.Account = radiograph.DefaultAccount
	}
	if c.Region == "" {
		c.Region = radiograph.DefaultRegion
	}
	if c.Limits == nil {
		l := radiograph.LocalLimits()
		c.Limits = &l
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Insecure {
		return nil
	}
	for _, address := range []string{c.Addr, c.Daemon, c.OTLPHTTP, c.OTLPGRPC} {
		if address == Off {
			continue
		}
		if err := checkLoopback(ctx, address); err != nil {
			return err
		}
	}
	return nil
}

// workDir is where environments live: inside the data folder, whose lock keeps
// other servers out of it, or "" for a temporary folder.
func workDir(dataDir string) string {
	if dataDir == "" {
		return ""
	}
	return filepath.Join(dataDir, "work")
}

// daemonCaller is who calls through the TCP port of a daemon: an environment's
// has the function's role, the one outside functions has only its tenant.
func daemonCaller(spec radiograph.DaemonSpec) awsapi.Caller {
	c := awsapi.Caller{Tenant: spec.Tenant}
	if spec.RoleARN != "" {
		c.Session = &radiograph.Session{Credentials: spec.Session, Account: spec.Tenant.Account, RoleARN: spec.RoleARN}
	}
	return c
}

// serve answers requests until Close, which lets begun ones end. With http2 it
// also accepts HTTP/2 in cleartext, which gRPC needs.
func (s *Server) serve(l net.Listener, h http.Handler, http2 bool) {
	srv := newHTTPServer(h, s.cfg.Log)
	if http2 {
		srv.Protocols = new(http.Protocols)
		srv.Protocols.SetUnencryptedHTTP2(true)
		srv.Protocols.SetHTTP1(true)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.cfg.Log.Error("the HTTP listener ended", "err", err)
		}
	}()
	s.onClose("http", func() error {
		ctx, cancel := context.WithTimeout(context.Background(), replyTimeout)
		defer cancel()
		err := srv.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			s.cfg.Log.Warn("connections were cut: requests were still running at the end of the drain")
			err = srv.Close()
		}
		<-served
		return err
	})
}

// watch looks for insights until Close.
func (s *Server) watch(insights *insight.Service) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		insights.Run(ctx)
	}()
	s.onClose("insight", func() error {
		cancel()
		<-done
		return nil
	})
}

// work runs the asynchronous queue until Close. It is stopped before the
// listeners are, so that a function that is running can still call the APIs.
func (s *Server) work(functions *lambda.Service) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := functions.Run(ctx)
		if errors.Is(err, context.Canceled) { // stopped before it had begun
			err = nil
		}
		if err != nil {
			s.cfg.Log.Error("the asynchronous queue stopped", "err", err)
		}
		done <- err
	}()
	s.onClose("lambda", func() error {
		cancel()
		return errors.Join(functions.Close(), <-done)
	})
}

func (s *Server) onClose(what string, do func() error) {
	s.stops = append(s.stops, stop{what, do})
}

// Close stops in reverse: running invocations and attempts end, or are ended
// after a bound; answers go out; listeners, environments and at last the store
// close. It may be called twice.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.stopping.Store(true)
		for i := len(s.stops) - 1; i >= 0; i-- {
			if err := s.stops[i].do(); err != nil {
				s.closeErr = errors.Join(s.closeErr, fmt.Errorf("close %s: %w", s.stops[i].what, err))
			}
		}
	})
	return s.closeErr
}

// Endpoint is the URL of the AWS APIs, without a trailing slash.
func (s *Server) Endpoint() string { return s.endpoint }

// Console is the URL of the first page.
func (s *Server) Console() string { return s.endpoint + "/" }

// Daemon is host:port of the X-Ray daemon, as AWS_XRAY_DAEMON_ADDRESS takes it.
func (s *Server) Daemon() string { return s.daemon }

// OTLPHTTP is host:port of OTLP over HTTP, or "" when only the main port takes it.
func (s *Server) OTLPHTTP() string { return s.otlpHTTP }

// OTLPGRPC is host:port of OTLP over gRPC, or "" when there is none.
func (s *Server) OTLPGRPC() string { return s.otlpGRPC }

// Tenant owns what comes without a signature.
func (s *Server) Tenant() radiograph.Tenant { return s.tenant }

// hosts are the names a browser may use besides the loopback ones.
func (s *Server) hosts(bound net.Addr) []string {
	var hosts []string
	for _, address := range []string{s.cfg.Addr, bound.String()} {
		if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// health is what HealthPath answers now.
func (s *Server) health() Health {
	h := Health{
		Status: "ok", Version: s.cfg.Version, Endpoint: s.Endpoint(), Console: s.Console(), Daemon: s.Daemon(),
		OTLPHTTP: s.OTLPHTTP(), OTLPGRPC: s.OTLPGRPC(),
		Account: string(s.tenant.Account), Region: string(s.tenant.Region), PID: os.Getpid(),
	}
	if s.stopping.Load() {
		h.Status = "stopping"
	}
	return h
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
