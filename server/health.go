package server

import "net/http"

// HealthPath answers unsigned GET requests while the server serves.
const HealthPath = "/health"

// Health is its answer: who this is and where its other doors are.
type Health struct {
	Status   string `json:"status"` // "ok"; "stopping" while it drains
	Version  string `json:"version"`
	Endpoint string `json:"endpoint"`
	Console  string `json:"console"`
	Daemon   string `json:"daemon"`
	OTLPHTTP string `json:"otlp_http,omitempty"` // absent: only the main port takes it
	OTLPGRPC string `json:"otlp_grpc,omitempty"` // absent: there is none
	Account  string `json:"account"`             // of documents that come without a signature
	Region   string `json:"region"`
	PID      int    `json:"pid"`
}

func (s *Server) answerHealth(w http.ResponseWriter, _ *http.Request) {
	h, status := s.health(), http.StatusOK
	if h.Status != "ok" {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, h)
}
