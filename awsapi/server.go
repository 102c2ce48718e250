package awsapi

import (
	"log/slog"
	"net/http"
	"net/url"

	"radiograph"
)

// Config is what a Server works with.
type Config struct {
	Services   []Service
	Authorizer radiograph.Authorizer // asked about issued session keys; nil: no key is known
	Account    radiograph.AccountID  // for requests that name none; "" means the default
	Region     radiograph.Region
	Fallback   *url.URL     // where requests for other services go; nil: an honest error
	Other      http.Handler // unsigned requests that are no operation: console, health; nil: an AWS error
	Hosts      []string     // host names that unsigned requests may use, besides loopback names and addresses
	Log        *slog.Logger
	Clock      radiograph.Clock // nil: time.Now
}

// Server answers AWS requests. It is an http.Handler.
type Server struct {
	config Config
}

// NewServer builds the routes. It panics when two operations share one, since
// tables are written by hand.
func NewServer(c Config) *Server { return &Server{config: c} }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.NotFound(w, r)
}

// As is the unsigned door: every request comes from c, whatever it is signed
// with. Operations are found by path. services names whose operations are open,
// by signing name; none given means all. A daemon's TCP port is As(caller, "xray").
func (s *Server) As(c Caller, services ...string) http.Handler { return s }
