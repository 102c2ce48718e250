package daemon

import (
	"fmt"
	"sync"

	"radiograph"
)

// maxReasons bounds the different reasons one report lists.
const maxReasons = 32

// losses collects what a DatagramReport says.
type losses struct {
	mu               sync.Mutex
	datagrams, bytes int
	reasons          []loss // in the order they first occurred
	unlisted         int
}

type loss struct {
	reason string
	times  int
}

func (l *losses) received(bytes int) {
	l.mu.Lock()
	l.datagrams++
	l.bytes += bytes
	l.mu.Unlock()
}

func (l *losses) drop(reason string, times int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.reasons {
		if l.reasons[i].reason == reason {
			l.reasons[i].times += times
			return
		}
	}
	if len(l.reasons) == maxReasons {
		l.unlisted += times
		return
	}
	l.reasons = append(l.reasons, loss{reason, times})
}

// report tells what has been collected and begins anew.
func (l *losses) report() radiograph.DatagramReport {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := radiograph.DatagramReport{Datagrams: l.datagrams, Bytes: l.bytes}
	for _, x := range l.reasons {
		if x.times > 1 {
			x.reason = fmt.Sprintf("%s (%d times)", x.reason, x.times)
		}
		r.Dropped = append(r.Dropped, x.reason)
	}
	if l.unlisted > 0 {
		r.Dropped = append(r.Dropped, fmt.Sprintf("%d more documents, for other reasons", l.unlisted))
	}
	l.datagrams, l.bytes, l.reasons, l.unlisted = 0, 0, nil, 0
	return r
}
