package awsapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"radiograph"
)

// Config is what a Server works with.
type Config struct {
	Services   []Service
	Authorizer radiograph.Authorizer // asked about issued session keys; nil: no key is known
	Account    radiograph.AccountID  // for requests that name none; "" means the default
	Region     radiograph.Region     // likewise
	Fallback   *url.URL              // where requests for other services go; nil: an honest error
	Other      http.Handler          // unsigned requests that are no operation: console, health; nil: an AWS error
	Hosts      []string              // names that unsigned requests may use, besides loopback names and addresses
	Observe    func(Outcome)         // told of every answer; nil: nobody is
	Log        *slog.Logger          // nil: nothing is logged
	Clock      radiograph.Clock      // nil: time.Now
}

// Outcome is what became of one request.
type Outcome struct {
	Service   string // "" when none was found
	Operation string // "" likewise, or when it is not served
	Exception string // the AWS name of the error; "" on success
	Took      time.Duration
}

// Server answers AWS requests. It is an http.Handler.
type Server struct {
	config   Config
	services map[string]*Service
	actions  map[string]map[string]route // Query: service, then action
	routers  map[string]*router          // RestJSON: by service
	paths    *router                     // RestJSON: all services
	guard    *guard
	proxy    *httputil.ReverseProxy // nil without a fallback
}

// NewServer builds the routes. It panics when two operations share one, since
// tables are written by hand.
func NewServer(c Config) *Server {
	if c.Account == "" {
		c.Account = radiograph.DefaultAccount
	}
	if c.Region == "" {
		c.Region = radiograph.DefaultRegion
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		config:   c,
		services: make(map[string]*Service, len(c.Services)),
		actions:  make(map[string]map[string]route),
		routers:  make(map[string]*router),
		paths:    &router{},
		guard:    newGuard(c.Hosts),
	}
	for i := range c.Services {
		svc := &c.Services[i]
		if s.services[svc.Name] != nil {
			panic(fmt.Sprintf("awsapi: two services are named %s", svc.Name))
		}
		s.services[svc.Name] = svc
		if svc.Protocol == Query {
			s.addActions(svc)
		} else {
			s.addRoutes(svc)
		}
	}
	if c.Fallback != nil {
		s.proxy = newFallback(c.Fallback, c.Log)
	}
	return s
}

func (s *Server) addActions(svc *Service) {
	actions := make(map[string]route)
	put := func(rt route) {
		if _, twice := actions[rt.name()]; twice {
			panic(fmt.Sprintf("awsapi: %s has %s twice", svc.Name, rt.name()))
		}
		actions[rt.name()] = rt
	}
	for i := range svc.Operations {
		put(route{service: svc, op: &svc.Operations[i]})
	}
	for i := range svc.Modelled {
		put(route{service: svc, unserved: &svc.Modelled[i]})
	}
	s.actions[svc.Name] = actions
}

func (s *Server) addRoutes(svc *Service) {
	own := &router{}
	s.routers[svc.Name] = own
	for i := range svc.Operations {
		op := &svc.Operations[i]
		own.add(op.Method+" "+op.Path, route{service: svc, op: op})
		s.paths.add(op.Method+" "+op.Path, route{service: svc, op: op})
	}
	for i := range svc.Modelled {
		u := &svc.Modelled[i]
		own.add(u.Route, route{service: svc, unserved: u})
		s.paths.add(u.Route, route{service: svc, unserved: u})
	}
}
