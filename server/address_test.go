package server

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
)

func TestCheckLoopback(t *testing.T) {
	for _, test := range []struct {
		address string
		public  bool
		invalid bool
	}{
		{address: "127.0.0.1:4566"},
		{address: "127.9.9.9:0"},
		{address: "[::1]:4566"},
		{address: "localhost:4566"},
		{address: ":4566", public: true},
		{address: "0.0.0.0:4566", public: true},
		{address: "[::]:4566", public: true},
		{address: "192.0.2.7:4566", public: true},
		{address: "[2001:db8::1]:4566", public: true},
		{address: "4566", invalid: true},
		{address: "127.0.0.1", invalid: true},
		{address: "", invalid: true},
	} {
		t.Run(test.address, func(t *testing.T) {
			err := checkLoopback(t.Context(), test.address)
			if got := errors.Is(err, ErrPublicAddress); got != test.public || (err != nil) != (test.public || test.invalid) {
				t.Errorf("got %v; public %v, invalid %v", err, test.public, test.invalid)
			}
		})
	}
}

func TestReachable(t *testing.T) {
	for bound, want := range map[string]string{
		"127.0.0.1:1": "127.0.0.1:1",
		"0.0.0.0:2":   "127.0.0.1:2",
		"[::]:3":      "127.0.0.1:3",
		"[::1]:4":     "[::1]:4",
	} {
		addr, err := net.ResolveTCPAddr("tcp", bound)
		if err != nil {
			t.Fatal(err)
		}
		if got := reachable(addr); got != want {
			t.Errorf("%s: got %s, want %s", bound, got, want)
		}
	}
}

func TestListenError(t *testing.T) {
	var taken *AddressInUseError
	err := listenError("the daemon", "127.0.0.1:2000", fmt.Errorf("listen: %w", syscall.EADDRINUSE))
	if !errors.As(err, &taken) || taken.Address != "127.0.0.1:2000" || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v", err)
	}
	if err := listenError("the daemon", "127.0.0.1:2000", syscall.EACCES); errors.As(err, &taken) || !errors.Is(err, syscall.EACCES) {
		t.Errorf("got %v", err)
	}
}
