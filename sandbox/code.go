package sandbox

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"radiograph"
)

const (
	// maxUnzipped is the most an unpacked package may hold (Lambda quotas: 250 MB).
	maxUnzipped = 262144000
	// maxFiles bounds the entries of a package. Ours: Lambda states none.
	maxFiles = 200_000
	// maxLink is the longest target of a symbolic link (PATH_MAX).
	maxLink = 4096
	// keptPackages is how many unpacked packages stay though no environment uses them.
	keptPackages = 8
)

// codeCache unpacks deployment packages, each once; environments share them.
type codeCache struct {
	dir string

	mu       sync.Mutex
	packages map[string]*code
	idle     []*code // used by nobody, the longest idle first
}

// code is one unpacked package. Its files are read-only.
type code struct {
	sum   string
	dir   string
	users int // guarded by codeCache.mu
	ready chan struct{}
	err   error // set when ready is closed
}

func newCodeCache(dir string) *codeCache {
	return &codeCache{dir: dir, packages: map[string]*code{}}
}

// open gives the unpacked form of the zip file whose SHA-256 is sum (in hex; ""
// lets it be counted). The caller must release it.
func (c *codeCache) open(ctx context.Context, sum, zipPath string) (*code, error) {
	if sum == "" {
		var err error
		if sum, err = sumFile(zipPath); err != nil {
			return nil, err
		}
	}
	if b, err := hex.DecodeString(sum); err != nil || len(b) != sha256.Size {
		return nil, radiograph.Errorf(radiograph.KindInternal, "%.80q is not a SHA-256 in hex", sum)
	}
	c.mu.Lock()
	p, ok := c.packages[sum]
	if !ok {
		p = &code{sum: sum, dir: filepath.Join(c.dir, sum), ready: make(chan struct{})}
		c.packages[sum] = p
	}
	p.users++
	for i, x := range c.idle {
		if x == p {
			c.idle = append(c.idle[:i], c.idle[i+1:]...)
			break
		}
	}
	c.mu.Unlock()
	if !ok {
		p.err = unpack(zipPath, p.dir, maxUnzipped)
		if p.err != nil {
			c.mu.Lock()
			delete(c.packages, sum)
			c.mu.Unlock()
		}
		close(p.ready)
	}
	select {
	case <-p.ready:
	case <-ctx.Done():
		c.release(p)
		return nil, ctx.Err()
	}
	if p.err != nil {
		return nil, p.err
	}
	return p, nil
}

// release ends one use of a package.
func (c *codeCache) release(p *code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.users--
	if p.users > 0 || c.packages[p.sum] != p {
		return
	}
	c.idle = append(c.idle, p)
	if len(c.idle) > keptPackages {
		oldest := c.idle[0]
		c.idle = c.idle[1:]
		delete(c.packages, oldest.sum)
		// Under the lock, so that nobody unpacks it anew meanwhile. What is left
		// over goes with clear.
		_ = removeTree(oldest.dir)
	}
}

// clear removes every package; nobody may use one any more.
func (c *codeCache) clear() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.packages, c.idle = map[string]*code{}, nil
	return removeTree(c.dir)
}

func sumFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unpack extracts a zip file into dir, which must not exist: beside it first,
// then in one step. Its files may hold limit bytes together.
func unpack(zipPath, dir string, limit int64) (err error) {
	archive, err := zip.OpenReader(zipPath)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sandbox: %w", err)
	} else if err != nil {
		return errUnzip(err)
	}
	defer archive.Close()
	temporary, err := os.MkdirTemp(filepath.Dir(dir), ".unpack-")
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeTree(temporary))
		}
	}()
	// A Root refuses every path that leads out of it, by name or by symbolic link.
	root, err := os.OpenRoot(temporary)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer root.Close()
	if err := extract(root, archive.File, limit); err != nil {
		return err
	}
	if err := protect(temporary); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := os.Rename(temporary, dir); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

func extract(root *os.Root, files []*zip.File, limit int64) error {
	if len(files) > maxFiles {
		return radiograph.Errorf(radiograph.KindInvalid, "The package holds %d files; at most %d are unpacked", len(files), maxFiles)
	}
	left := limit
	for _, f := range files {
		name := path.Clean(strings.ReplaceAll(f.Name, `\`, "/")) // some Windows tools write backslashes
		if name == "." {
			continue
		}
		if !filepath.IsLocal(name) {
			return errUnzip(fmt.Errorf("the entry %.200q leads out of the package", f.Name))
		}
		mode := f.Mode()
		if strings.HasSuffix(f.Name, "/") || mode.IsDir() {
			if err := root.MkdirAll(name, 0o755); err != nil {
				return errUnzip(err)
			}
			continue
		}
		if dir := path.Dir(name); dir != "." {
			if err := root.MkdirAll(dir, 0o755); err != nil {
				return errUnzip(err)
			}
		}
		n, err := extractFile(root, f, name, mode, left)
		if errors.Is(err, errUnzippedSize) {
			return &radiograph.Error{
				Kind: radiograph.KindInvalid, Code: "InvalidParameterValueException",
				Message: fmt.Sprintf("Unzipped size must be smaller than %d bytes", limit),
			}
		} else if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

var errUnzippedSize = errors.New("the package is too large")

// extractFile writes one entry and returns its size, or errUnzippedSize when that
// is more than left.
func extractFile(root *os.Root, f *zip.File, name string, mode fs.FileMode, left int64) (int64, error) {
	in, err := f.Open()
	if err != nil {
		return 0, errUnzip(err)
	}
	defer in.Close()
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) { // the last of two entries of a name counts
		return 0, errUnzip(err)
	}
	switch {
	case mode&fs.ModeSymlink != 0:
		target, err := io.ReadAll(io.LimitReader(in, maxLink))
		if err != nil {
			return 0, errUnzip(err)
		}
		// It may point anywhere: a function can open any path by itself, and
		// nothing here follows it.
		if err := root.Symlink(string(target), name); err != nil {
			return 0, errUnzip(err)
		}
		return int64(len(target)), nil
	case !mode.IsRegular():
		return 0, errUnzip(fmt.Errorf("the entry %.200q is a %v", f.Name, mode.Type()))
	}
	perm := mode.Perm() | 0o444
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm|0o200)
	if err != nil {
		return 0, errUnzip(err)
	}
	n, err := io.Copy(out, io.LimitReader(in, left+1)) // what the zip says of sizes is not believed
	if err == nil {
		err = out.Chmod(perm &^ 0o222) // past the umask
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return n, errUnzip(err)
	}
	if n > left {
		return n, errUnzippedSize
	}
	return n, nil
}

func errUnzip(cause error) error {
	return &radiograph.Error{
		Kind: radiograph.KindInvalid, Code: "InvalidParameterValueException", Err: cause,
		Message: "Could not unzip uploaded file. Please check your file, then try to upload again.",
	}
}

// protect makes the folders of a tree read-only.
func protect(dir string) error { return chmodFolders(dir, 0o555) }

// removeTree removes a tree whose folders may be read-only.
func removeTree(dir string) error {
	if err := chmodFolders(dir, 0o755); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

// chmodFolders does not follow symbolic links.
func chmodFolders(dir string, mode fs.FileMode) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(name, mode)
		}
		return nil
	})
}
