package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"radiograph"
)

const (
	// receiveBuffer is asked of the kernel for each socket; aws-xray-daemon asks
	// for none and loses what 208 KB cannot hold.
	receiveBuffer = 8 << 20
	// datagramOverhead is less than the kernel charges for any datagram besides
	// its bytes (Linux: struct sk_buff and skb_shared_info, 552 bytes on amd64).
	datagramOverhead = 512
	// portTries is how many free TCP ports are tried for one that UDP has free too.
	portTries = 32
)

// pair is a UDP and a TCP socket of the same address.
type pair struct {
	socket *socket
	tcp    net.Listener
}

// bind opens both sockets.
func bind(ctx context.Context, addr string) (*pair, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, radiograph.Errorf(radiograph.KindInvalid, "daemon address %q is not host:port", addr)
	}
	var lc net.ListenConfig
	for try := 1; ; try++ {
		tcp, err := lc.Listen(ctx, "tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("daemon: listen on tcp %s: %w", addr, err)
		}
		same := tcp.Addr().String()
		udp, err := lc.ListenPacket(ctx, "udp", same)
		if err == nil {
			s, err := newSocket(udp.(*net.UDPConn))
			if err != nil {
				return nil, errors.Join(fmt.Errorf("daemon: udp %s: %w", same, err), udp.Close(), tcp.Close())
			}
			return &pair{s, tcp}, nil
		}
		tcp.Close()
		if port != "0" || !errors.Is(err, syscall.EADDRINUSE) || try == portTries {
			return nil, fmt.Errorf("daemon: listen on udp %s: %w", same, err)
		}
	}
}

// socket is a UDP socket that several goroutines read: one that waits for
// datagrams, and any that wants what is there already. The runtime's own read
// methods would make the second wait for the first.
type socket struct {
	addr   netip.AddrPort
	conn   *net.UDPConn
	raw    syscall.RawConn
	buffer int // bytes the kernel holds at most

	mu    sync.Mutex
	drops uint32 // the kernel's count, as last seen
}

func newSocket(conn *net.UDPConn) (*socket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, raw: raw, addr: conn.LocalAddr().(*net.UDPAddr).AddrPort()}
	if err := raw.Control(func(fd uintptr) { s.buffer = growBuffer(int(fd), receiveBuffer) }); err != nil {
		return nil, err
	}
	return s, nil
}

// wait calls f whenever the socket may have datagrams, until it is closed. f
// must read until the socket is empty.
func (s *socket) wait(f func(fd int)) {
	_ = s.raw.Read(func(fd uintptr) bool { // the error is that the socket was closed
		f(int(fd))
		return false
	})
}

// each calls f once, also while another goroutine waits; not after close.
func (s *socket) each(f func(fd int)) {
	_ = s.raw.Control(func(fd uintptr) { f(int(fd)) }) // the error is that the socket was closed
}

// newDrops is how many datagrams the kernel has dropped since the last call.
func (s *socket) newDrops() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int64
	s.each(func(fd int) {
		if now, ok := kernelDrops(fd); ok {
			n = int64(now - s.drops)
			s.drops = now
		}
	})
	return n
}

func (s *socket) close() error { return s.conn.Close() }
