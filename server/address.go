package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// ErrPublicAddress tells that an address can be reached from other machines and
// that nobody said it may.
var ErrPublicAddress = errors.New("reachable from other machines")

// AddressInUseError tells which address was wanted and is taken.
type AddressInUseError struct {
	What    string // "the AWS APIs and the console", "the daemon"
	Address string
	Err     error
}

// Error names the address.
func (e *AddressInUseError) Error() string {
	return fmt.Sprintf("%s is already in use (wanted for %s)", e.Address, e.What)
}

// Unwrap gives the system's error.
func (e *AddressInUseError) Unwrap() error { return e.Err }

// listenError puts a name to an address that could not be bound.
func listenError(what, address string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return &AddressInUseError{What: what, Address: address, Err: err}
	}
	return fmt.Errorf("listen on %s for %s: %w", address, what, err)
}

// checkLoopback refuses an address that other machines can reach: radiograph
// runs the code it is given and asks nobody for a password. A host name counts
// as what it resolves to, every address of it.
func checkLoopback(ctx context.Context, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("address %q: want host:port, such as 127.0.0.1:4566", address)
	}
	refusal := fmt.Errorf("%s would be %w, and radiograph runs the code it is sent without asking for a password", address, ErrPublicAddress)
	if host == "" {
		return refusal
	}
	if ip := net.ParseIP(host); ip != nil {
		if !ip.IsLoopback() {
			return refusal
		}
		return nil
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	for _, ip := range ips {
		if !ip.IP.IsLoopback() {
			return refusal
		}
	}
	return nil
}

// reachable is the address a client on this machine uses for a listener, which
// may be bound to all interfaces.
func reachable(bound net.Addr) string {
	host, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return bound.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
