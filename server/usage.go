package server

import (
	"net/http"

	"radiograph"
	"radiograph/group"
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

// insightMeter counts new traces as processed for insights too where Default, which
// has them all, looks for insights. Those of other groups package group counts.
type insightMeter struct {
	*meter.Meter
	groups *group.Service
}

// Count implements radiograph.Meter.
func (m insightMeter) Count(t radiograph.Tenant, u radiograph.Usage, traces int) {
	m.Meter.Count(t, u, traces)
	if u == radiograph.TracesRecorded && m.groups.WatchesAll(t) {
		m.Meter.Count(t, radiograph.InsightTraces, traces)
	}
}

// usage answers UsagePath.
func (s *Server) usage(w http.ResponseWriter, r *http.Request) {
	account := s.tenant.Account
	if asked := r.URL.Query().Get("account"); asked != "" {
		account = radiograph.AccountID(asked)
	}
	writeJSON(w, http.StatusOK, Usage{s.meter.Report(account), s.cfg.Limits.List()})
}
