package server

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"

	"radiograph"
)

// withOwn answers the server's own addresses and hands on everything else.
func (s *Server) withOwn(next http.Handler) http.Handler {
	read := map[string]http.HandlerFunc{
		HealthPath:  s.answerHealth,
		UsagePath:   s.usage,
		MetricsPath: s.metrics.ServeHTTP,
		ExportPath:  localOnly(s.export),
		DoctorPath:  localOnly(s.doctor),
	}
	write := map[string]http.HandlerFunc{
		BackupPath: localOnly(s.backup),
		ImportPath: localOnly(s.importDocuments),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok := read[r.URL.Path]
		methods := "GET, HEAD"
		if !ok {
			h, ok = write[r.URL.Path]
			methods = "POST"
		}
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		if writes := r.Method == http.MethodPost; writes != (methods == "POST") || !writes && r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", methods)
			http.Error(w, methods+" only", http.StatusMethodNotAllowed)
			return
		}
		h(w, r)
	})
}

// localOnly lets programs of this machine through, and nothing that a browser
// sends: a page of another site could otherwise write here.
func localOnly(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.RemoteAddr) || !loopback(r.Host) || r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "" {
			writeError(w, radiograph.Errorf(radiograph.KindDenied, "radiograph does this only for programs of its own machine, by a loopback address"))
			return
		}
		h(w, r)
	}
}

// loopback reports whether host:port, or a host alone, is this machine's
// loopback interface.
func loopback(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// statuses are those of the server's own errors.
var statuses = map[radiograph.Kind]int{
	radiograph.KindInvalid:     http.StatusBadRequest,
	radiograph.KindDenied:      http.StatusForbidden,
	radiograph.KindConflict:    http.StatusConflict,
	radiograph.KindThrottled:   http.StatusTooManyRequests,
	radiograph.KindUnsupported: http.StatusBadRequest,
	radiograph.KindUnavailable: http.StatusServiceUnavailable,
}

// writeError answers with the text of an error: whoever asks runs the server.
func writeError(w http.ResponseWriter, err error) {
	status := statuses[radiograph.ErrorKind(err)]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	writeJSON(w, status, map[string]string{"message": err.Error()})
}

// writeJSON answers what holds for this moment only.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}
