package daemon

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// growBuffer asks for a receive buffer of n bytes, past the system's limit where
// that is allowed, and returns what there is then. Linux counts its bookkeeping
// into the figure it returns.
func growBuffer(fd, n int) int {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, n) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, n) // the kernel caps it; a small one works, too
	}
	got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		return 2 * n
	}
	return got
}

const (
	meminfoVars  = 9 // SK_MEMINFO_VARS of linux/sock_diag.h
	meminfoDrops = 8 // SK_MEMINFO_DROPS
)

// kernelDrops is how many datagrams the socket has lost since it was opened. It
// is what SO_RXQ_OVFL tells with a datagram, but without one, so that the end of
// a flood is counted too.
func kernelDrops(fd int) (uint32, bool) {
	var info [meminfoVars]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 || size <= meminfoDrops*4 {
		return 0, false
	}
	return info[meminfoDrops], true
}
