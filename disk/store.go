// Package disk is the embedded store: traces, the control plane's state and
// deployment packages in one folder. It is the only room that knows Pebble.
//
// What enters: decoded documents by [Store.Put], changes of state by
// [Store.Apply], zip files by [Store.PutCode]. What leaves: merged traces,
// summaries and per-minute sums, each as current as the last write that
// returned. It never parses a filter expression, never decides what a trace
// means (package trace does), never lets an answer cross tenants, and never
// answers a durable write before it is on stable storage.
//
// A write takes this path: put.go groups the records by trace, takes the
// traces' locks, loads what is stored (open_trace.go), merges, and applies one
// Pebble batch with the pack of documents (pack.go), their index rows
// (index.go), the summaries (summary.go) and the differences of the sums
// (contribution.go). It releases the locks, and then waits for the sync that it
// shares with all writers of the moment. docs/formats.md describes the bytes.
package disk

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

// Options say where a store is and how much it may use. Only Dir has to be
// considered; the zero value of everything else is a good choice.
type Options struct {
	// Dir is the folder; it is made when absent. "" keeps everything in memory.
	Dir string
	// FS is the filesystem Dir is on; nil is the operating system's (or memory,
	// when Dir is ""). Tests give one that fails or forgets.
	FS vfs.FS

	Log   *slog.Logger     // nil discards
	Clock radiograph.Clock // nil is time.Now

	// TraceLimit is how many bytes of documents are merged into one trace;
	// what comes later is stored, but neither merged nor served. Documents of
	// DoorLambda are always merged, so that no code can hide its function
	// segment. 0 is 500 KB, X-Ray's documented upper limit of a trace document.
	TraceLimit int
	// UpdateWindow is how long after its first record a trace takes more; later
	// ones are refused. It is counted from the hour of that record. 0 is forever.
	UpdateWindow time.Duration
	// OpenTraceBytes is about how much memory the traces kept for their next
	// write may take; less is used unless writers come back to them. 0 is 256 MB.
	OpenTraceBytes int64
	// CommitDelay is how long writes that are not durable at their answer wait
	// for company before they are synced. 0 is 50 ms; the promise made to their
	// writers is 100 ms with the sync itself.
	CommitDelay time.Duration
	// Retention is how long a trace is kept after it was first seen, to the hour; 0
	// keeps it. Sums of minutes before that are not answered.
	Retention time.Duration
	// MaxBytes is what the database may come to: beyond it the oldest hours go, but
	// never the one that goes on. 0 is no bound.
	MaxBytes int64
	// MinFreeBytes is the room on Dir's disk below which writes get
	// KindUnavailable. 0 is 256 MB, negative does not look.
	MinFreeBytes int64
	// Fatal is called at most once, when the disk failed in a way after which
	// nothing more can be promised (a write or sync of the log or of the
	// manifest). It should not return. nil ends the process with status 1. The
	// reason has been logged before.
	Fatal func(error)

	// Tests make these small, to see flushes and folding.
	memTable uint64 // bytes; 0 is memTableBytes
	pending  int    // writes; 0 is pendingWrites
}

const (
	defaultTraceLimit     = 500 << 10 // spec/xray.md 2.1: dynamic upper limit 500 KB
	defaultOpenTraceBytes = 256 << 20
	defaultCommitDelay    = 50 * time.Millisecond
	defaultMinFreeBytes   = 256 << 20

	// memTableBytes bounds what has to be replayed after a crash (some 100 ms)
	// and, twice, the memory of a busy store.
	memTableBytes = 32 << 20
	// cacheBytes is for index rows and summaries; packs pass through it.
	cacheBytes = 16 << 20
	// columnBytes is for columns of chunks, uncompressed: some forty chunks whole.
	columnBytes = 16 << 20
	// lookupBytes is for what passing over chunks needs: a search for a rare value
	// looks at each, 9 KB for 1024 traces. Beyond (1.9 million traces) each is read.
	lookupBytes = 16 << 20
	// openFiles bounds file handles and the blocks that come with them.
	openFiles = 256
)

// Store is a radiograph.TraceStore, State and CodeStore in one folder. Its
// methods are safe for concurrent use.
type Store struct {
	options Options
	log     *slog.Logger
	clock   radiograph.Clock
	db      *pebble.DB
	folder  *folder
	packer  *packer

	tenants   tenants
	sequences sequences
	stripes   stripes
	open      *openTraces
	sealer    sealer
	retention loop
	dropped   dropped
	aside     atomic.Int64 // rows set aside
	pending   pendingSums
	columns   lru[string, []byte] // of chunks, uncompressed, by key
	lookups   lru[chunkRef, *chunkLookup]
	lazy      *groupCommit
	space     space
	repacker  *repacker
	groups    radiograph.GroupMatcher // nil: no trace is in a group

	// running counts the calls in flight, so that Close can wait for them.
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup

	code sync.Mutex // one writer of code packages

	failed   atomic.Pointer[radiograph.Error]
	failOnce sync.Once
}

var (
	_ radiograph.TraceStore = (*Store)(nil)
	_ radiograph.State      = (*Store)(nil)
	_ radiograph.CodeStore  = (*Store)(nil)
	_ io.Closer             = (*Store)(nil)
)

// Open opens the store in a folder, makes it when there is none, and takes the
// folder's lock. The error is of KindConflict when another process has it.
func Open(options Options) (*Store, error) {
	s := newStore(options)
	var err error
	if s.folder, err = openFolder(s.options.Dir, s.options.FS); err != nil {
		return nil, err
	}
	if s.packer, err = newPacker(writeEffort); err != nil {
		return nil, errors.Join(err, s.folder.close())
	}
	cache := pebble.NewCache(cacheBytes)
	defer cache.Unref() // the database holds its own reference
	if s.db, err = pebble.Open(s.folder.database(), s.pebbleOptions(cache)); err != nil {
		s.packer.close()
		return nil, errors.Join(radiograph.Errorf(radiograph.KindInternal, "open store in %s: %w", s.folder, err), s.folder.close())
	}
	if err = errors.Join(s.tenants.load(s.db), s.sequences.load(s.db), s.pending.load(s.db, s.damaged)); err != nil {
		s.packer.close()
		return nil, errors.Join(err, s.db.Close(), s.folder.close())
	}
	s.lazy = startGroupCommit(s.options.CommitDelay, s.sync)
	if s.repacker, err = startRepacker(s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.startSealer()
	s.startRetention()
	return s, nil
}

// newStore fills in what options leave open. Nothing is opened.
func newStore(options Options) *Store {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.TraceLimit <= 0 {
		options.TraceLimit = defaultTraceLimit
	}
	if options.OpenTraceBytes <= 0 {
		options.OpenTraceBytes = defaultOpenTraceBytes
	}
	if options.CommitDelay <= 0 {
		options.CommitDelay = defaultCommitDelay
	}
	if options.MinFreeBytes == 0 {
		options.MinFreeBytes = defaultMinFreeBytes
	}
	if options.Fatal == nil {
		options.Fatal = func(error) { os.Exit(1) }
	}
	s := &Store{options: options, log: options.Log.With("component", "disk"), clock: options.Clock}
	s.open = newOpenTraces(options.OpenTraceBytes)
	s.pending.most = options.pending
	s.columns.budget, s.lookups.budget = columnBytes, lookupBytes
	return s
}

func (s *Store) pebbleOptions(cache *pebble.Cache) *pebble.Options {
	o := &pebble.Options{
		FS:                          s.folder.fs,
		Cache:                       cache,
		FormatMajorVersion:          pebble.FormatValueSeparation, // pinned; a later one is a decision
		MemTableSize:                cmp.Or(s.options.memTable, memTableBytes),
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       64,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                openFiles,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		Merger:                      merger,
		Logger:                      pebbleLog{s},
		EventListener: &pebble.EventListener{
			BackgroundError: func(err error) { s.log.Error("a flush or compaction failed and is tried again", "err", err) },
			// Without this, Pebble would end the process; the read that met the
			// damage gets an error, the rest is still served.
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				s.log.Error("a store file is damaged", "file", info.Path, "err", info.Details)
			},
		},
	}
	// A new trace asks for an id that is not there: the filter answers.
	for i := range o.Levels {
		o.Levels[i].BlockSize = 16 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastCompression }
	}
	// Most bytes come to rest at the bottom.
	o.Levels[len(o.Levels)-1].Compression = func() *sstable.CompressionProfile { return sstable.BalancedCompression }
	return o
}

// damaged tells of a row that is passed over.
func (s *Store) damaged(err error) {
	s.aside.Add(1)
	s.log.Error("a damaged row is set aside", "err", err)
}

// Close waits for the calls in flight, makes everything durable and gives the
// folder free. Calls that come later get KindUnavailable.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.sealer.end()
	s.retention.end()
	s.running.Wait()
	s.sealer.close()
	s.retention.close()

	if s.repacker != nil {
		s.repacker.close()
	}
	err := errors.Join(s.foldSums(), s.lazy.close())
	if s.folder.onDisk() && s.failed.Load() == nil {
		// Otherwise the next start would have to replay the log.
		err = errors.Join(err, s.db.Flush())
	}
	err = errors.Join(err, s.db.Close())
	s.packer.close()
	return errors.Join(err, s.folder.close())
}

// enter begins a call; leave ends it.
func (s *Store) enter() error {
	if err := s.failed.Load(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return radiograph.Errorf(radiograph.KindUnavailable, "the store is closed")
	}
	s.running.Add(1)
	return nil
}

func (s *Store) leave() { s.running.Done() }

// enterToWrite is enter for calls that need room on the disk.
func (s *Store) enterToWrite() error {
	if err := s.enter(); err != nil {
		return err
	}
	if err := s.roomToWrite(); err != nil {
		s.leave()
		return err
	}
	return nil
}

// sync makes everything durable that was applied before the call.
func (s *Store) sync() error {
	if err := s.failed.Load(); err != nil {
		return err
	}
	if err := s.db.LogData(nil, pebble.Sync); err != nil {
		return s.fail(err)
	}
	return nil
}

// fail is called when the log or the manifest could not be written. What was
// acknowledged is on disk; what was not can never be promised by this process
// again, since the page cache may have dropped it.
func (s *Store) fail(cause error) error {
	err := radiograph.Errorf(radiograph.KindUnavailable, "store in %s: write failed, nothing more can be promised: %w", s.folder, cause)
	s.failOnce.Do(func() {
		s.failed.Store(err)
		s.log.Error("the disk failed; the process ends; everything acknowledged is stored", "folder", s.folder.String(), "err", cause)
		s.options.Fatal(err)
	})
	return err
}
