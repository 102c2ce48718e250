package disk

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
)

// pebbleLog sends Pebble's own lines to the store's log, at debug.
type pebbleLog struct{ s *Store }

var _ pebble.Logger = pebbleLog{}

func (l pebbleLog) Infof(format string, args ...any) {
	if l.s.log.Enabled(context.Background(), slog.LevelDebug) { // formatting is not free
		l.s.log.Debug("pebble: " + fmt.Sprintf(format, args...))
	}
}

func (l pebbleLog) Errorf(format string, args ...any) {
	l.s.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return: Pebble calls it where it cannot go on. It is reached
// when a commit or the manifest could not be written.
func (l pebbleLog) Fatalf(format string, args ...any) {
	_ = l.s.fail(fmt.Errorf(format, args...))
	runtime.Goexit() // only when a test's Fatal returned
}
