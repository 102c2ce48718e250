// Package testserver runs the whole program inside a test's process: the same
// wiring as `radiograph up`, on free ports, in memory. It is in no production
// build.
//
//	func TestMine(t *testing.T) {
//		srv := testserver.Start(t)
//		cfg.BaseEndpoint = aws.String(srv.Endpoint)
//		...
//	}
package testserver

import (
	"log/slog"
	"net/url"
	"testing"
	"time"

	"radiograph"
	"radiograph/server"
)

// Server is a running program.
type Server struct {
	Endpoint string // URL of the AWS APIs, for AWS_ENDPOINT_URL
	Console  string // URL of the first page
	Daemon   string // host:port, UDP and TCP, for AWS_XRAY_DAEMON_ADDRESS
	Tenant   radiograph.Tenant

	srv *server.Server
}

// Option changes what Start starts.
type Option func(*server.Config)

// WithDir keeps the data in a folder instead of in memory.
func WithDir(dir string) Option { return func(c *server.Config) { c.Dir = dir } }

// WithCacheDir says where runtimes are fetched to.
func WithCacheDir(dir string) Option { return func(c *server.Config) { c.CacheDir = dir } }

// WithAsyncBackoff sets the waits before the second and third attempt of an
// event.
func WithAsyncBackoff(waits ...time.Duration) Option {
	return func(c *server.Config) { c.AsyncBackoff = waits }
}

// WithFallback forwards requests of services that are not served to a URL.
func WithFallback(u *url.URL) Option { return func(c *server.Config) { c.Fallback = u } }

// WithAccount sets the account of unsigned documents and of the console.
func WithAccount(a radiograph.AccountID) Option { return func(c *server.Config) { c.Account = a } }

// WithRegion sets their region.
func WithRegion(r radiograph.Region) Option { return func(c *server.Config) { c.Region = r } }

// WithLimits sets X-Ray's quotas.
func WithLimits(l radiograph.Limits) Option { return func(c *server.Config) { c.Limits = &l } }

// WithClock sets the clock of everything that asks for the time.
func WithClock(now radiograph.Clock) Option { return func(c *server.Config) { c.Clock = now } }

// WithLog sets the logger; without it, warnings and errors go to the test's log.
func WithLog(log *slog.Logger) Option { return func(c *server.Config) { c.Log = log } }

// Start starts a server and closes it when the test ends. Any number may run at
// once. A start that fails ends the test.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	cfg := server.Config{
		Version: "test",
		Log:     slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, o := range opts {
		o(&cfg)
	}
	srv, err := server.Start(t.Context(), cfg)
	if err != nil {
		t.Fatalf("start the server: %v", err)
	}
	s := &Server{Endpoint: srv.Endpoint(), Console: srv.Console(), Daemon: srv.Daemon(), Tenant: srv.Tenant(), srv: srv}
	t.Cleanup(func() { s.Close(t) })
	return s
}

// Close stops the server now, as a clean stop of the program does. A second call
// does nothing.
func (s *Server) Close(t testing.TB) {
	t.Helper()
	if err := s.srv.Close(); err != nil {
		t.Errorf("close the server: %v", err)
	}
}
