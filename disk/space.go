package disk

import (
	"sync"
	"time"

	"radiograph"
)

// spaceInterval is how often a writer asks how much room is left. At 100 MB a
// second, more than any ingest here writes, minFreeBytes lasts longer.
const spaceInterval = time.Second

// space refuses writes before the disk is full: Pebble ends the process when it
// cannot write its log, and a compaction needs room to give room back.
type space struct {
	mu      sync.Mutex
	asked   time.Time
	refused error // what the last answer means for writers
}

// roomToWrite is an error of KindUnavailable when the disk is nearly full.
func (s *Store) roomToWrite() error {
	if s.options.MinFreeBytes < 0 {
		return nil
	}
	s.space.mu.Lock()
	defer s.space.mu.Unlock()
	if time.Since(s.space.asked) < spaceInterval {
		return s.space.refused
	}
	s.space.asked = time.Now()
	was := s.space.refused
	s.space.refused = nil
	usage, err := s.folder.fs.GetDiskUsage(s.folder.dir)
	if err != nil {
		return nil // a filesystem that cannot tell, as that of memory mode
	}
	if usage.AvailBytes < uint64(s.options.MinFreeBytes) {
		s.space.refused = radiograph.Errorf(radiograph.KindUnavailable, "the disk of %s has %d MB free; nothing is stored below %d MB",
			s.folder, usage.AvailBytes>>20, s.options.MinFreeBytes>>20)
	}
	if (was == nil) != (s.space.refused == nil) {
		s.log.Warn("free space on the disk", "folder", s.folder.String(), "free_mb", usage.AvailBytes>>20, "writes_refused", s.space.refused != nil)
	}
	return s.space.refused
}
