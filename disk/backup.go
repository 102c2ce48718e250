package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"radiograph"
)

// partialSuffix is of a folder that is not whole yet.
const partialSuffix = ".partial"

// Backup copies the store, as it is at one moment of the call, to a folder that
// must not be there. Reads and writes go on meanwhile; what was durable before the
// call is in the copy. Files that never change are linked where the filesystem
// can. The copy is a data folder: it can be opened where it is, or copied to
// another place by [Restore].
func (s *Store) Backup(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enterToWrite(); err != nil {
		return err
	}
	defer s.leave()
	if !s.folder.onDisk() {
		return radiograph.Errorf(radiograph.KindUnsupported, "a store in memory cannot be backed up")
	}
	return newFolder(s.folder.fs, dir, func(files vfs.FS, dir string) error {
		if err := writeFile(files, dir, formatFile, []byte(formatLine)); err != nil {
			return err
		}
		if err := s.db.Checkpoint(files.PathJoin(dir, databaseDir), pebble.WithFlushedWAL()); err != nil {
			return err
		}
		// After the database, which then names no package that is not there.
		_, from := s.folder.code()
		to := files.PathJoin(dir, codeDir)
		names, err := files.List(from)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = makeDir(files, to)
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			if !strings.HasSuffix(name, ".zip") {
				continue // one that is being written
			}
			if err := vfs.LinkOrCopy(files, files.PathJoin(from, name), files.PathJoin(to, name)); err != nil {
				return err
			}
		}
		return syncDir(files, to)
	})
}

// Restore copies a backup to a data folder that must not be there, or be empty,
// and opens the copy once to see that it is whole. Nothing may have the backup
// open. A nil FS is the operating system's.
func Restore(options Options, backup string) error {
	files := options.FS
	if files == nil {
		files = vfs.Default
		var err error
		if options.Dir, err = filepath.Abs(options.Dir); err != nil {
			return radiograph.Errorf(radiograph.KindInvalid, "data folder %s: %w", options.Dir, err)
		}
	}
	from := &folder{fs: files, dir: backup}
	if _, err := files.Stat(files.PathJoin(backup, formatFile)); err != nil {
		return radiograph.Errorf(radiograph.KindInvalid, "%s is no backup: %w", backup, err)
	}
	if err := from.checkFormat(); err != nil {
		return err
	}
	if _, err := files.Stat(files.PathJoin(backup, lockFile)); err == nil { // it has been used as a data folder
		if err := from.takeLock(); err != nil {
			return err
		}
		defer from.close()
	}
	if names, err := files.List(options.Dir); err == nil && len(names) == 0 {
		if err := files.Remove(options.Dir); err != nil {
			return radiograph.Errorf(radiograph.KindInternal, "data folder %s: %w", options.Dir, err)
		}
	}
	return newFolder(files, options.Dir, func(files vfs.FS, dir string) error {
		for _, name := range []string{databaseDir, codeDir} {
			if err := copyDir(files, files.PathJoin(backup, name), files.PathJoin(dir, name)); err != nil {
				return err
			}
		}
		// The format comes last: without it nobody opens the folder.
		if err := copyFile(files, files.PathJoin(backup, formatFile), files.PathJoin(dir, formatFile)); err != nil {
			return err
		}
		if err := syncDir(files, dir); err != nil {
			return err
		}
		copied := options
		copied.Dir = dir
		s, err := Open(copied)
		if err != nil {
			return err
		}
		return s.Close()
	})
}

// newFolder makes a folder that is whole or not there: fill writes it under
// another name.
func newFolder(files vfs.FS, dir string, fill func(files vfs.FS, dir string) error) error {
	partial := dir + partialSuffix
	for _, name := range []string{dir, partial} {
		if _, err := files.Stat(name); err == nil {
			return radiograph.Errorf(radiograph.KindConflict, "the folder %s is there already", name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return radiograph.Errorf(radiograph.KindInvalid, "folder %s: %w", name, err)
		}
	}
	err := makeDir(files, partial)
	if err == nil {
		err = fill(files, partial)
	}
	if err == nil {
		err = files.Rename(partial, dir)
	}
	if err != nil {
		return radiograph.Errorf(radiograph.KindUnavailable, "folder %s: %w", dir, errors.Join(err, files.RemoveAll(partial)))
	}
	return syncDir(files, files.PathDir(dir))
}

// copyDir copies the files of a folder, which has no folders in it. One that is
// not there has none.
func copyDir(files vfs.FS, from, to string) error {
	names, err := files.List(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = makeDir(files, to)
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := copyFile(files, files.PathJoin(from, name), files.PathJoin(to, name)); err != nil {
			return err
		}
	}
	return syncDir(files, to)
}

// copyFile makes a durable copy that shares nothing with the file: a database
// may write again to files of its log.
func copyFile(files vfs.FS, from, to string) error {
	r, err := files.Open(from, vfs.SequentialReadsOption)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := files.Create(to, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{w}, struct{ io.Reader }{r})
	if err == nil {
		err = w.Sync()
	}
	return errors.Join(err, w.Close())
}
