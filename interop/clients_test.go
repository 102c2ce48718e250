package interop

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// The environment variables that steer where clients come from.
const (
	// clientsVar: "require" fails a test whose client is missing, "off" skips
	// all that would need an install.
	clientsVar = "RADIOGRAPH_CLIENTS"
	// cacheVar names the folder that clients are installed in; by default it is
	// radiograph-interop in the user's cache folder.
	cacheVar = "RADIOGRAPH_CLIENTS_CACHE"
)

// missing ends a test whose client cannot be had.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv(clientsVar) == "require" {
		t.Fatalf(format+" ("+clientsVar+"=require)", args...)
	}
	t.Skipf(format, args...)
}

// installed answers what install did, once for all tests, or ends the test.
func installed[T any](t testing.TB, what string, install func() (*T, error)) *T {
	t.Helper()
	if testing.Short() {
		t.Skip("real clients are not run with -short")
	}
	client, err := install()
	if err != nil {
		missing(t, "no %s: %v", what, err)
	}
	return client
}

// cacheDir is the folder of one installation, named for its content.
func cacheDir(name string, content []byte) (string, error) {
	root := os.Getenv(cacheVar)
	if root == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			user = filepath.Join(repository, "interop", ".cache")
		}
		root = filepath.Join(user, "radiograph-interop")
	}
	sum := sha256.Sum256(content)
	dir := filepath.Join(root, name+"-"+hex.EncodeToString(sum[:6]))
	return dir, os.MkdirAll(root, 0o755)
}

// install makes dir complete: at most one process at a time calls fill, on an
// empty folder, and the mark that it succeeded is written last.
func install(dir string, fill func(dir string) error) error {
	lock, err := os.OpenFile(dir+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close() // and so unlock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	mark := filepath.Join(dir, "complete")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := fill(dir); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o644)
}

// readAll reads files.
func readAll(names ...string) ([][]byte, error) {
	all := make([][]byte, len(names))
	for i, name := range names {
		var err error
		if all[i], err = os.ReadFile(name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// runIn runs a step of an installation.
func runIn(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}

// python is the virtual environment that holds the Python clients.
type python struct {
	dir     string
	Runtime string // the Lambda runtime whose version this Python has: python3.11
}

func (p *python) bin(name string) string { return filepath.Join(p.dir, "bin", name) }

// sitePackages is where its modules are.
func (p *python) sitePackages() string {
	return filepath.Join(p.dir, "lib", p.Runtime, "site-packages")
}

var pythonOnce = sync.OnceValues(func() (*python, error) { return installPython("testdata/requirements.txt") })

// pythonClients installs the Python clients when they are not there yet.
func pythonClients(t testing.TB) *python {
	t.Helper()
	return installed(t, "Python clients", pythonOnce)
}

// installPython installs what a file of requirements lists.
func installPython(list string) (*python, error) {
	if os.Getenv(clientsVar) == "off" {
		return nil, fmt.Errorf("%s=off", clientsVar)
	}
	requirements, err := os.ReadFile(list)
	if err != nil {
		return nil, err
	}
	system, err := exec.LookPath("python3")
	if err != nil {
		return nil, err
	}
	const about = `import sys; print("python%d.%d" % sys.version_info[:2], end="")`
	version, err := exec.Command(system, "-c", about).Output()
	if err != nil {
		return nil, fmt.Errorf("%s -c %q: %w", system, about, err)
	}
	dir, err := cacheDir(string(version), requirements)
	if err != nil {
		return nil, err
	}
	p := &python{dir: dir, Runtime: string(version)}
	return p, install(dir, func(dir string) error {
		for _, c := range [][]string{
			{system, "-m", "venv", dir},
			{p.bin("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-r", list},
		} {
			if err := runIn(".", c[0], c[1:]...); err != nil {
				return err
			}
		}
		return nil
	})
}

// script runs a Python program of testdata as a client of the server.
func (p *python) script(t testing.TB, s *server, account, name string, args ...string) string {
	t.Helper()
	return p.scriptFor(t, s, account, p.Runtime, p.sitePackages(), name, args...)
}

// scriptFor runs it with functions of that runtime, whose packages are there.
func (p *python) scriptFor(t testing.TB, s *server, account, runtime, packages, name string, args ...string) string {
	t.Helper()
	env := s.env(account, "RUNTIME="+runtime, "PYTHONPATH="+filepath.Join(repository, "interop", "testdata"),
		"PYTHONDONTWRITEBYTECODE=1", "PACKAGES="+packages)
	return client(t, env, p.bin("python"), append([]string{filepath.Join("testdata", name)}, args...)...)
}
