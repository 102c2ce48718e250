package disk

import (
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// syncFS lets a test decide what a sync of the write-ahead log does.
type syncFS struct {
	vfs.FS
	onSync func(sync func() error) error
}

func (fs *syncFS) wrap(f vfs.File, err error, name string) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &syncFile{f, fs}, nil
}

func (fs *syncFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	return fs.wrap(f, err, name)
}

func (fs *syncFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(old, name, c)
	return fs.wrap(f, err, name)
}

type syncFile struct {
	vfs.File
	fs *syncFS
}

func (f *syncFile) Sync() error     { return f.fs.onSync(f.File.Sync) }
func (f *syncFile) SyncData() error { return f.fs.onSync(f.File.SyncData) }
func (f *syncFile) SyncTo(n int64) (bool, error) {
	return true, f.fs.onSync(f.File.Sync)
}

// copyFolder copies a folder as a crash would leave it for the next process.
func copyFolder(t testing.TB, from, to string) {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}
