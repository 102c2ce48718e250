//go:build !linux

package daemon

import "syscall"

// growBuffer asks for a receive buffer of n bytes and returns what a pass over
// the socket may read.
func growBuffer(fd, n int) int {
	for ; n > 64<<10; n /= 2 {
		if syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_RCVBUF, n) == nil {
			break
		}
	}
	return 2 * n
}

// kernelDrops is not known here.
func kernelDrops(int) (uint32, bool) { return 0, false }
