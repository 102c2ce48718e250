package server

import "net/http"

// withOwn answers the server's own addresses, by GET, and hands on everything
// else.
func (s *Server) withOwn(next http.Handler) http.Handler {
	own := map[string]http.HandlerFunc{
		HealthPath:  s.answerHealth,
		UsagePath:   s.usage,
		MetricsPath: s.metrics.ServeHTTP,
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok := own[r.URL.Path]
		switch {
		case !ok:
			next.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "GET only", http.StatusMethodNotAllowed)
		default:
			h(w, r)
		}
	})
}
