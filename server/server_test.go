package server

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// Close ends every goroutine, frees every address and leaves no file but the
// data.
func TestCloseLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(tmp, "cache"))
	before := goleak.IgnoreCurrent()
	s, err := Start(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(s.Endpoint() + HealthPath)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", resp, err)
	}
	resp.Body.Close()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
	if left, _ := os.ReadDir(tmp); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, network := range []string{"tcp", "udp"} {
		if err := bindable(network, s.Daemon()); err != nil {
			t.Errorf("the daemon's address: %v", err)
		}
	}
}

func bindable(network, address string) error {
	if network == "udp" {
		c, err := net.ListenPacket(network, address)
		if err == nil {
			c.Close()
		}
		return err
	}
	l, err := net.Listen(network, address)
	if err == nil {
		l.Close()
	}
	return err
}

// A start that fails half way undoes its first half.
func TestFailedStartLeavesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := filepath.Join(t.TempDir(), "data")
	before := goleak.IgnoreCurrent()
	_, err = Start(t.Context(), Config{Dir: dir, Daemon: taken.Addr().String()})
	var inUse *AddressInUseError
	if !errors.As(err, &inUse) || inUse.Address != taken.Addr().String() {
		t.Fatalf("got %v", err)
	}
	goleak.VerifyNone(t, before)
	s, err := Start(t.Context(), Config{Dir: dir}) // the folder's lock is free
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
