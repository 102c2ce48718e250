package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"radiograph"
)

// pythonPackages is what Lambda's Python brings along: the runtime interface
// client, and boto3, which functions import without packing it.
var pythonPackages = []string{"awslambdaric", "boto3"}

const (
	// pythonLayout is part of an install's name: another number, another layout.
	pythonLayout = "r1"
	// An install has these two folders: a virtual environment, so that packages
	// of the machine stay out of sight, and what /var/runtime holds on Lambda.
	pythonVenvFolder    = "venv"
	pythonRuntimeFolder = "runtime"

	installTimeout = 10 * time.Minute
	// staleInstall is the age at which a half-done install is removed.
	staleInstall = 24 * time.Hour
	installing   = ".installing-"
)

// pythonInstall is one install that runs or has ended.
type pythonInstall struct {
	done chan struct{}
	err  error // set when done is closed
}

// installDir is where an interpreter's install is. The path is part of the name,
// for a virtual environment belongs to one interpreter.
func (p *pythons) installDir(x *python) string {
	sum := sha256.Sum256([]byte(x.path))
	return filepath.Join(p.dir, fmt.Sprintf("python3.%d-%s-%s", x.minor, hex.EncodeToString(sum[:4]), pythonLayout))
}

// installed reports whether an interpreter's install is whole: it was put in its
// place in one step, so it is unless the interpreter has gone.
func (p *pythons) installed(x *python) bool {
	dir := p.installDir(x)
	_, err1 := os.Stat(filepath.Join(dir, pythonVenvFolder, "bin", "python3")) // follows the link
	_, err2 := os.Stat(filepath.Join(dir, pythonRuntimeFolder, "awslambdaric"))
	return err1 == nil && err2 == nil
}

// install returns the folder of an interpreter's install, and makes it when it is
// not there. Callers that want the same one share the work, and an install goes
// on when its caller has lost patience.
func (p *pythons) install(ctx context.Context, x *python) (string, error) {
	dir := p.installDir(x)
	if p.installed(x) {
		return dir, nil
	}
	p.mu.Lock()
	in, ok := p.installs[dir]
	if !ok {
		if p.ctx.Err() != nil {
			p.mu.Unlock()
			return "", errClosed()
		}
		in = &pythonInstall{done: make(chan struct{})}
		p.installs[dir] = in
		p.done.Go(func() {
			in.err = p.fetch(x, dir)
			p.mu.Lock()
			delete(p.installs, dir) // the next caller finds it there, or tries again
			p.mu.Unlock()
			close(in.done)
		})
	}
	p.mu.Unlock()
	select {
	case <-in.done:
		return dir, in.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// fetch makes an install beside its place and moves it there in one step, so
// that another process may do the same at the same time.
func (p *pythons) fetch(x *python, dir string) (err error) {
	begin := time.Now()
	p.progress(fmt.Sprintf("fetching %s for Python %s with pip, once, into %s", strings.Join(pythonPackages, " and "), x.version, p.dir))
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	p.removeStale()
	temporary, err := os.MkdirTemp(p.dir, installing)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temporary)) }()
	if err := os.Chmod(temporary, 0o755); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, installTimeout)
	defer cancel()
	if err := runPython(ctx, x, "-m", "venv", "--without-pip", filepath.Join(temporary, pythonVenvFolder)); err != nil {
		return err
	}
	args := []string{
		"-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check",
		"--target", filepath.Join(temporary, pythonRuntimeFolder),
	}
	if err := runPython(ctx, x, append(args, pythonPackages...)...); err != nil {
		return err
	}
	if err := os.Rename(temporary, dir); err != nil {
		if p.installed(x) {
			return nil // somebody else was quicker
		}
		// What is there was made for an interpreter that has gone since.
		if err := errors.Join(os.RemoveAll(dir), os.Rename(temporary, dir)); err != nil {
			return fmt.Errorf("sandbox: %w", err)
		}
	}
	p.progress(fmt.Sprintf("Python %s is ready (%.1f s)", x.version, time.Since(begin).Seconds()))
	return nil
}

// removeStale removes what killed servers left half done.
func (p *pythons) removeStale() {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return // it is a matter of space only
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), installing) && time.Since(info.ModTime()) > staleInstall {
			_ = os.RemoveAll(filepath.Join(p.dir, e.Name())) // likewise
		}
	}
}

// runPython runs the interpreter with the server's own environment, which may
// say how packages are to be had here.
func runPython(ctx context.Context, x *python, args ...string) error {
	cmd := exec.CommandContext(ctx, x.path, args...)
	cmd.Env = append(os.Environ(), "PIP_USER=0", "PYTHONPATH=", "PYTHONHOME=")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, fs.ErrNotExist) || ctx.Err() != nil {
		return &radiograph.Error{
			Kind: radiograph.KindUnsupported, Err: err,
			Message: fmt.Sprintf("the Python runtime could not be fetched: %s %s: %v: %s", x.path, strings.Join(args, " "), err, lastLines(string(out), 3)),
		}
	}
	return fmt.Errorf("sandbox: %s: %w", x.path, err)
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
