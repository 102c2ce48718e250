package awsapi

import (
	"fmt"
	"net/http"

	"radiograph"
)

// Admit is the door of a protocol that is not AWS's. Web pages are kept out; a
// request may be signed, and then comes from whom its key names, who must be
// allowed action ("xray:PutTraceSegments"); next answers it.
func (s *Server) Admit(action string, next func(Caller) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := s.admit(action, r)
		if err != nil {
			x := s.exchange(w, r)
			x.finish(target{form: failureForm{requestID: x.id}, err: err})
			return
		}
		next(c).ServeHTTP(w, r)
	})
}

func (s *Server) admit(action string, r *http.Request) (Caller, error) {
	scope, _, err := ParseScope(r.Header, nil)
	if err != nil {
		return Caller{}, err
	}
	// Browsers send their marks with all that a page can post, so a program may use
	// any name for this machine.
	if why := s.guard.refuse(r, true); why != "" {
		return Caller{}, radiograph.Errorf(radiograph.KindDenied, "radiograph refuses this request: %s", why)
	}
	c, err := s.caller(r.Context(), scope)
	if err != nil || c.Session == nil || s.config.Authorizer == nil {
		return c, err
	}
	allowed, err := s.config.Authorizer.Allowed(r.Context(), c.Session.RoleARN, action, "*")
	if err != nil {
		return c, fmt.Errorf("whether %s may %s: %w", c.Session.RoleARN, action, err)
	}
	if !allowed {
		return c, radiograph.Errorf(radiograph.KindDenied, "%s is not authorized to perform: %s", c.Session.RoleARN, action)
	}
	return c, nil
}
