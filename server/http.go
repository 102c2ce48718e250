package server

import (
	"io"
	"log/slog"
	"net/http"
	"time"
)

// Limits of the HTTP listener. A client that stops half way is let go; a function
// that runs for its whole 15 minutes is not.
const (
	readHeaderTimeout = 10 * time.Second // from the first byte to the end of the header
	idleTimeout       = 2 * time.Minute  // between two requests of a connection
	stallTimeout      = 30 * time.Second // without a byte of a body, either way
	maxHeaderBytes    = 64 << 10         // a role session's headers take 3 KB
)

// newHTTPServer is the server of the APIs and the console. It has no timeouts
// over a whole request, since those would also end long invocations: bodies are
// bounded by progress instead.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           stallGuard(h),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.With("component", "http").Handler(), slog.LevelDebug),
	}
}

// stallGuard ends requests whose client stops sending its body or reading its
// answer.
func stallGuard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		// The deadline of the connection's last answer still stands.
		_ = rc.SetWriteDeadline(time.Time{})
		if r.Body != nil && r.Body != http.NoBody {
			// A copy, since net/http looks at the body it made itself to know whether a
			// client waits for 100 Continue.
			r = r.WithContext(r.Context())
			r.Body = &guardedBody{ReadCloser: r.Body, rc: rc}
		}
		h.ServeHTTP(&guardedWriter{ResponseWriter: w, rc: rc}, r)
	})
}

// guardedBody gives each read its own deadline.
type guardedBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

// Read reads on, and takes the deadline away at the end: it would otherwise
// cancel the request while the handler works.
func (b *guardedBody) Read(p []byte) (int, error) {
	_ = b.rc.SetReadDeadline(time.Now().Add(stallTimeout))
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

// guardedWriter gives each write its own deadline.
type guardedWriter struct {
	http.ResponseWriter
	rc *http.ResponseController
}

func (w *guardedWriter) Write(p []byte) (int, error) {
	_ = w.rc.SetWriteDeadline(time.Now().Add(stallTimeout))
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController find the connection's own writer.
func (w *guardedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush is for handlers that ask by type assertion instead.
func (w *guardedWriter) Flush() { _ = w.rc.Flush() }
