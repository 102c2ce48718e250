package server

import (
	"encoding/json"
	"net/http"
)

// HealthPath answers unsigned GET requests while the server serves.
const HealthPath = "/health"

// Health is its answer: who this is and where its other doors are.
type Health struct {
	Status   string `json:"status"` // "ok"; "stopping" while it drains
	Version  string `json:"version"`
	Endpoint string `json:"endpoint"`
	Console  string `json:"console"`
	Daemon   string `json:"daemon"`
	Account  string `json:"account"` // of documents that come without a signature
	Region   string `json:"region"`
	PID      int    `json:"pid"`
}

// withHealth answers HealthPath and hands on everything else.
func (s *Server) withHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != HealthPath {
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "GET only", http.StatusMethodNotAllowed)
			return
		}
		h := s.health()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if h.Status != "ok" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(h)
	})
}
