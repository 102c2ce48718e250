package daemon

import "sync/atomic"

// Counts add up what all daemons of a Config did since they began. They are not
// those of the telemetry, which begins anew each minute.
type Counts struct {
	Received  atomic.Int64 // datagrams
	Malformed atomic.Int64 // of them, those without header or document
	Dropped   atomic.Int64 // by the kernel, for want of memory, or after failed tries
	Sent      atomic.Int64 // documents the Sink took or refused one by one
	Rejected  atomic.Int64 // of them, those it refused; and those whose role may not send
	Waiting   atomic.Int64 // documents in queues, now
}
