package disk

import "sync/atomic"

// Stats is what a store holds and does. Counts begin when it is opened.
type Stats struct {
	OpenTraces, ParkedTraces         int   // kept for their next write: merged, and as bytes
	OpenTraceBytes, ParkedTraceBytes int64 // what they take

	Bytes         uint64 // of the database's files, the log included
	Tables        int64  // sstables
	TableBytes    uint64
	ReadAmp       int    // places a read may have to look at
	MemTableBytes uint64 // not yet in tables

	LogBytes        uint64 // of the live log
	LogBytesWritten uint64
	Flushes         int64
	FlushedBytes    uint64

	Compactions         int64
	CompactionsFailed   int64
	CompactionsRunning  int64
	CompactionBytesRead uint64
	CompactedBytes      uint64
	CompactionDebt      uint64 // bytes still to be compacted

	CacheBytes             int64
	CacheHits, CacheMisses int64

	HoursDropped, TracesDropped int64 // by retention

	WritesRefused bool  // for want of room on the disk
	SetAside      int64 // times a damaged row was passed over
}

// dropped counts what retention has dropped.
type dropped struct{ hours, traces atomic.Int64 }

// Stats may be asked for at any time; a closed store has none.
func (s *Store) Stats() Stats {
	if s.enter() != nil {
		return Stats{}
	}
	defer s.leave()
	var st Stats
	s.open.mu.Lock()
	st.OpenTraces, st.OpenTraceBytes = s.open.merged.list.Len(), s.open.merged.size
	st.ParkedTraces, st.ParkedTraceBytes = s.open.parked.list.Len(), s.open.parked.size
	s.open.mu.Unlock()
	s.space.mu.Lock()
	st.WritesRefused = s.space.refused != nil
	s.space.mu.Unlock()

	st.SetAside = s.aside.Load()
	st.HoursDropped, st.TracesDropped = s.dropped.hours.Load(), s.dropped.traces.Load()
	m := s.db.Metrics()
	total := m.Total()
	st.Bytes, st.Tables, st.TableBytes = m.DiskSpaceUsage(), total.TablesCount, uint64(max(total.TablesSize, 0))
	st.ReadAmp, st.MemTableBytes = m.ReadAmp(), m.MemTable.Size
	st.LogBytes, st.LogBytesWritten = m.WAL.Size, m.WAL.BytesWritten
	st.Flushes, st.FlushedBytes = m.Flush.Count, m.Levels[0].TableBytesFlushed
	st.Compactions, st.CompactionsFailed, st.CompactionsRunning = m.Compact.Count, m.Compact.FailedCount, m.Compact.NumInProgress
	st.CompactionBytesRead, st.CompactedBytes, st.CompactionDebt = total.TableBytesRead, total.TableBytesCompacted, m.Compact.EstimatedDebt
	st.CacheBytes, st.CacheHits, st.CacheMisses = m.BlockCache.Size, m.BlockCache.Hits, m.BlockCache.Misses
	return st
}
