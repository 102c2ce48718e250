package server

import (
	"net/http"

	"radiograph"
	"radiograph/meter"
)

// UsagePath answers unsigned GET requests with a [Usage]; ?account= asks for
// another account than that of unsigned requests.
const UsagePath = "/usage.json"

// Usage is what an account has used, and what it may.
type Usage struct {
	meter.Report
	Limits []radiograph.Limit `json:"limits"`
}

// usage answers UsagePath.
func (s *Server) usage(w http.ResponseWriter, r *http.Request) {
	account := s.tenant.Account
	if asked := r.URL.Query().Get("account"); asked != "" {
		account = radiograph.AccountID(asked)
	}
	writeJSON(w, http.StatusOK, Usage{s.meter.Report(account), s.cfg.Limits.List()})
}
