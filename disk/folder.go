package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

// The data folder:
//
//	format   one line, formatLine: what wrote this folder
//	lock     locked while a process has the store open
//	owner    the process id of whoever locked it last
//	db/      Pebble
//	code/    deployment packages, <hex SHA-256>.zip
const (
	formatFile   = "format"
	lockFile     = "lock"
	ownerFile    = "owner"
	databaseDir  = "db"
	codeDir      = "code"
	formatPrefix = "radiograph store "
	formatLine   = formatPrefix + "2\n"
)

// folder is the locked data folder of a store.
type folder struct {
	fs   vfs.FS // of everything but code packages in memory mode
	dir  string // "" in memory mode
	lock io.Closer
	temp string // in memory mode, the folder of the code packages
}

// openFolder makes and locks a folder and checks its format.
func openFolder(dir string, files vfs.FS) (*folder, error) {
	if dir == "" {
		temp, err := os.MkdirTemp("", "radiograph-")
		if err != nil {
			return nil, radiograph.Errorf(radiograph.KindInternal, "make a folder for code packages: %w", err)
		}
		if files == nil {
			files = vfs.NewMem()
		}
		return &folder{fs: files, temp: temp}, nil
	}
	if files == nil {
		files = vfs.Default
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, radiograph.Errorf(radiograph.KindInvalid, "data folder %s: %w", dir, err)
		}
		dir = abs // the lock is by name within one process
	}
	f := &folder{fs: files, dir: dir}
	if err := makeDir(files, dir); err != nil {
		return nil, radiograph.Errorf(radiograph.KindInternal, "make the data folder %s: %w", dir, err)
	}
	if err := f.takeLock(); err != nil {
		return nil, err
	}
	if err := f.checkFormat(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// takeLock takes the folder for this process. The process id stands in a file
// of its own, since taking the lock empties the locked one.
func (f *folder) takeLock() error {
	lock, err := f.fs.Lock(f.fs.PathJoin(f.dir, lockFile))
	owner := f.fs.PathJoin(f.dir, ownerFile)
	if err == nil {
		f.lock = lock
		if err := writeFile(f.fs, f.dir, ownerFile, fmt.Appendf(nil, "%d\n", os.Getpid())); err != nil {
			return errors.Join(radiograph.Errorf(radiograph.KindInternal, "data folder %s: write %s: %w", f.dir, ownerFile, err), f.close())
		}
		return nil
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return radiograph.Errorf(radiograph.KindInternal, "lock the data folder %s: %w", f.dir, err)
	}
	who := "another process"
	if b, readErr := readFile(f.fs, owner); readErr == nil {
		who = "process " + strings.TrimSpace(string(b))
	}
	return radiograph.Errorf(radiograph.KindConflict, "the data folder %s is in use by %s (%w)", f.dir, who, err)
}

// checkFormat reads the format line, or writes it in a new folder. It is
// written before anything else, so a database without it is not ours.
func (f *folder) checkFormat() error {
	b, err := readFile(f.fs, f.fs.PathJoin(f.dir, formatFile))
	switch {
	case err == nil && string(b) == formatLine:
		return nil
	case err == nil && strings.HasPrefix(string(b), formatPrefix):
		return radiograph.Errorf(radiograph.KindUnsupported, "the data folder %s has the format %q; this program reads %q",
			f.dir, strings.TrimSpace(string(b)), strings.TrimSpace(formatLine))
	case err == nil:
		return radiograph.Errorf(radiograph.KindInternal, "the data folder %s has a damaged file %s: %.40q", f.dir, formatFile, b)
	case !errors.Is(err, fs.ErrNotExist):
		return radiograph.Errorf(radiograph.KindInternal, "data folder %s: %w", f.dir, err)
	}
	if _, err := f.fs.Stat(f.database()); err == nil {
		return radiograph.Errorf(radiograph.KindInvalid, "the folder %s has a %s without a %s file: not a radiograph data folder", f.dir, databaseDir, formatFile)
	}
	if err := writeFile(f.fs, f.dir, formatFile, []byte(formatLine)); err != nil {
		return radiograph.Errorf(radiograph.KindInternal, "data folder %s: write %s: %w", f.dir, formatFile, err)
	}
	return nil
}

// Folder tells where a store is.
type Folder struct {
	Dir       string `json:"directory,omitempty"` // "": in memory
	Format    string `json:"format"`
	FreeBytes uint64 `json:"free_bytes,omitempty"` // on its disk; 0: not known
}

// Folder may be asked for at any time.
func (s *Store) Folder() Folder {
	f := Folder{Dir: s.folder.dir, Format: strings.TrimSpace(formatLine)}
	if !s.folder.onDisk() {
		return f
	}
	if usage, err := s.folder.fs.GetDiskUsage(s.folder.dir); err == nil { // some filesystems cannot tell
		f.FreeBytes = usage.AvailBytes
	}
	return f
}

// database is Pebble's folder.
func (f *folder) database() string { return f.fs.PathJoin(f.dir, databaseDir) }

// code is the filesystem and the folder of the deployment packages.
func (f *folder) code() (vfs.FS, string) {
	if f.temp != "" {
		return vfs.Default, f.temp
	}
	return f.fs, f.fs.PathJoin(f.dir, codeDir)
}

func (f *folder) onDisk() bool { return f.dir != "" }

// String names the folder for people.
func (f *folder) String() string {
	if f.dir == "" {
		return "memory"
	}
	return f.dir
}

// close gives the lock free.
func (f *folder) close() error {
	var err error
	if f.lock != nil {
		err = f.lock.Close()
		f.lock = nil
	}
	if f.temp != "" {
		err = errors.Join(err, os.RemoveAll(f.temp))
	}
	return err
}

// makeDir makes a folder and those above it, and syncs each parent of one it
// made: a folder that a crash forgets takes its files with it.
func makeDir(files vfs.FS, dir string) error {
	if info, err := files.Stat(dir); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is not a folder", dir)
		}
		return nil
	}
	parent := files.PathDir(dir)
	if parent != dir {
		if err := makeDir(files, parent); err != nil {
			return err
		}
	}
	if err := files.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(files, parent)
}

func syncDir(files vfs.FS, dir string) error {
	d, err := files.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeFile makes a file that is either there with all its bytes or not there,
// and durable when writeFile returns.
func writeFile(files vfs.FS, dir, name string, data []byte) error {
	path := files.PathJoin(dir, name)
	temp := path + ".tmp"
	w, err := files.Create(temp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	// A vfs.File may change the bytes it is given; data is the caller's.
	_, err = io.Copy(struct{ io.Writer }{w}, struct{ io.Reader }{bytes.NewReader(data)})
	if err == nil {
		err = w.Sync()
	}
	if err = errors.Join(err, w.Close()); err == nil {
		err = files.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, files.Remove(temp))
	}
	return syncDir(files, dir)
}

func readFile(files vfs.FS, path string) ([]byte, error) {
	r, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	return b, errors.Join(err, r.Close())
}
