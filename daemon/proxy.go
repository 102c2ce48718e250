package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	headTimeout = 5 * time.Second  // from accept to the end of the request's head
	bodyTimeout = 10 * time.Second // from accept to the end of the request
	idleTimeout = 30 * time.Second // aws-xray-daemon: IdleConnTimeout 30 s
	closeGrace  = time.Second      // for requests that run when the daemon outside functions closes
	// maxConnections bounds the open connections of one daemon.
	maxConnections = 256
)

// proxy is the daemon's TCP side: plain HTTP, any path, handed to the handler.
type proxy struct {
	server *http.Server
	done   chan struct{}
}

func serveProxy(l net.Listener, h http.Handler, log *slog.Logger) *proxy {
	if h == nil {
		h = http.HandlerFunc(noEndpoint)
	}
	p := &proxy{
		server: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: headTimeout,
			ReadTimeout:       bodyTimeout,
			IdleTimeout:       idleTimeout,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(p.done)
		if err := p.server.Serve(&limited{Listener: l, open: make(chan struct{}, maxConnections)}); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the daemon's TCP port has stopped", "err", err)
		}
	}()
	return p
}

func noEndpoint(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, `{"message":"this daemon has no X-Ray endpoint behind it"}`) // the client's loss
}

// close lets running requests end within the grace and returns when nothing of
// the proxy is left.
func (p *proxy) close(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if grace == 0 || p.server.Shutdown(ctx) != nil {
		_ = p.server.Close() // only the listener's error, and nobody needs it any more
	}
	<-p.done
}

// limited closes a connection at once while as many are open as its bound
// allows; waiting instead would leave the kernel's queue to the next caller.
type limited struct {
	net.Listener
	open chan struct{} // holds one value for each open connection
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.open <- struct{}{}:
			return &limitedConn{Conn: c, release: sync.OnceFunc(func() { <-l.open })}, nil
		default:
			_ = c.Close() // the caller sees it closed
		}
	}
}

type limitedConn struct {
	net.Conn
	release func()
}

func (c *limitedConn) Close() error {
	c.release()
	return c.Conn.Close()
}
