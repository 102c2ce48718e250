package console

import "net/http"

// showHashRoute answers the addresses of the AWS consoles, such as
// /xray/home?region=eu-west-1#/traces/1-…: what is behind the # never reaches a
// server, so a script reads it there and goes on. Without script the page leads on.
func (s *console) showHashRoute(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, "hash_route", "", "Console", nil)
}
