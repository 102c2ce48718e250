package server

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are made in memory, so that deadlines
// run on a test's fake clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// serveConn serves h on one connection inside a bubble and returns its other end.
func serveConn(t *testing.T, h http.HandlerFunc) net.Conn {
	srv := newHTTPServer(h, slog.New(slog.DiscardHandler))
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l)
	}()
	client, served := net.Pipe()
	l.conns <- served
	t.Cleanup(func() {
		client.Close()
		srv.Close()
		<-done
	})
	return client
}

func TestStalledHeaderIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serveConn(t, func(http.ResponseWriter, *http.Request) { t.Error("the handler was called") })
		began := time.Now()
		go func() { _, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\n") }()
		_, _ = io.Copy(io.Discard, conn)
		if took := time.Since(began); took != readHeaderTimeout {
			t.Errorf("the connection lived %s, want %s", took, readHeaderTimeout)
		}
	})
}

func TestStalledBodyIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		conn := serveConn(t, func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			failed <- err
		})
		began := time.Now()
		go func() {
			_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab")
			time.Sleep(stallTimeout - time.Second) // slow, but it moves
			_, _ = io.WriteString(conn, "cd")
			_, _ = io.Copy(io.Discard, conn)
		}()
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler's read ended with %v", err)
		}
		if took, want := time.Since(began), 2*stallTimeout-time.Second; took != want {
			t.Errorf("after %s, want %s", took, want)
		}
	})
}

func TestUnreadAnswerIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		conn := serveConn(t, func(w http.ResponseWriter, _ *http.Request) {
			_, err := w.Write([]byte(strings.Repeat("x", 1<<20)))
			failed <- err
		})
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the handler's write ended with %v", err)
		}
	})
}

// A client that waits for 100 Continue gets an answer that needs no body at
// once, and 100 Continue as soon as its body is wanted.
func TestExpectContinue(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			conn := serveConn(t, func(w http.ResponseWriter, r *http.Request) {
				if wanted {
					if b, err := io.ReadAll(r.Body); string(b) != "hello" || err != nil {
						t.Errorf("read %q, %v", b, err)
					}
				}
				w.WriteHeader(http.StatusBadRequest)
			})
			began := time.Now()
			if _, err := io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			answers := bufio.NewReader(conn)
			resp, err := http.ReadResponse(answers, nil)
			if wanted && err == nil && resp.StatusCode == http.StatusContinue {
				go func() { _, _ = io.WriteString(conn, "hello") }()
				resp, err = http.ReadResponse(answers, nil)
			}
			if err != nil || resp.StatusCode != http.StatusBadRequest {
				t.Fatalf("body wanted %v: got %v, %v", wanted, resp, err)
			}
			if took := time.Since(began); took != 0 {
				t.Errorf("body wanted %v: answered after %s", wanted, took)
			}
		})
	}
}

// A request may take as long as a function does, and the next one of its
// connection finds no stale deadline.
func TestLongRequestsAreNotCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const longest = 15 * time.Minute
		conn := serveConn(t, func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				t.Errorf("read: %v", err)
			}
			select {
			case <-r.Context().Done():
				t.Errorf("cancelled: %v", context.Cause(r.Context()))
			case <-time.After(longest):
			}
			w.WriteHeader(http.StatusNoContent)
		})
		answers := bufio.NewReader(conn)
		for range 2 {
			if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(answers, nil)
			if err != nil || resp.StatusCode != http.StatusNoContent {
				t.Fatalf("got %v, %v", resp, err)
			}
		}
	})
}
