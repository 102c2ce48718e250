package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"radiograph"
)

// preparePython is the row of Python: the real runtime interface client on an
// interpreter of this machine.
func preparePython(ctx context.Context, s *Sandbox, name string) (*prepared, error) {
	minor, err := strconv.Atoi(strings.TrimPrefix(name, "python3."))
	if err != nil {
		return nil, radiograph.Errorf(radiograph.KindUnsupported, "%q is not a runtime this server knows", name)
	}
	py, err := s.pythons.find(ctx, minor)
	if err != nil {
		return nil, err
	}
	dir, err := s.pythons.install(ctx, py)
	if err != nil {
		return nil, err
	}
	r := &prepared{
		managed:    true,
		runtimeDir: filepath.Join(dir, pythonRuntimeFolder),
		binDir:     filepath.Join(dir, pythonVenvFolder, "bin"),
		appended:   map[string]string{"PYTHONPATH": filepath.Join(dir, pythonRuntimeFolder)},
	}
	if minor >= 12 {
		r.variables = func(string) map[string]string { return map[string]string{"LC_CTYPE": "C.UTF-8"} }
	}
	if py.minor != minor {
		r.note = fmt.Sprintf("runtime %s: this machine has no Python 3.%d; the function runs on Python %s (%s)", name, minor, py.version, py.path)
	}
	r.program = func(_ string, f *radiograph.Function) (string, []string, error) {
		// -s: nothing of the user's own site-packages, as on Lambda.
		return filepath.Join(r.binDir, "python3"), []string{"-s", "-m", "awslambdaric", f.Handler}, nil
	}
	return r, nil
}

// python is one interpreter.
type python struct {
	path    string // of the interpreter itself: no shim, no virtual environment
	minor   int
	version string // 3.11.7
	pip     bool
}

// pythons finds interpreters and installs what functions need for them.
type pythons struct {
	ctx      context.Context // an install outlives the caller that began it
	dir      string
	progress func(string)
	prober[python]

	mu       sync.Mutex
	installs map[string]*pythonInstall
	done     sync.WaitGroup
}

func newPythons(ctx context.Context, dir string, progress func(string)) *pythons {
	return &pythons{
		ctx: ctx, dir: dir, progress: progress, installs: map[string]*pythonInstall{},
		prober: prober[python]{args: []string{"-I", "-c", pythonProbe}, parse: parsePython, probed: map[string]*python{}},
	}
}

// wait returns when no install runs; ctx must have ended.
func (p *pythons) wait() { p.done.Wait() }

// find gives the interpreter whose minor version is nearest to the one asked
// for, the newer of two.
func (p *pythons) find(ctx context.Context, minor int) (*python, error) {
	candidates := pythonCandidates(os.Getenv("PATH"))
	exact := "python3." + strconv.Itoa(minor)
	slices.SortStableFunc(candidates, func(a, b string) int { // the likely ones first: probing takes time
		return pythonRank(b, exact) - pythonRank(a, exact)
	})
	var best *python
	distance := func(x *python) int { // one without pip counts far more
		d := distance(x.minor, minor)
		if !x.pip && !p.installed(x) {
			d += 1000
		}
		return d
	}
	for _, c := range candidates {
		x, err := p.probe(ctx, c)
		if err != nil {
			return nil, err
		}
		if x == nil || best != nil && distance(x) >= distance(best) {
			continue
		}
		best = x
		if distance(x) == 0 {
			break
		}
	}
	switch {
	case best == nil:
		return nil, radiograph.Errorf(radiograph.KindUnsupported, "runtime %s needs a Python 3 interpreter, and none was found in PATH, /usr/bin, /usr/local/bin or ~/.pyenv: install %s", exact, exact)
	case distance(best) >= 1000:
		return nil, radiograph.Errorf(radiograph.KindUnsupported, "runtime %s needs pip once, and %s has no module pip: install it (Debian: apt-get install python3-pip)", exact, best.path)
	}
	return best, nil
}

func pythonRank(path, exact string) int {
	switch filepath.Base(path) {
	case exact:
		return 2
	case "python3":
		return 1
	}
	return 0
}

var pythonName = regexp.MustCompile(`^python3(\.\d+)?$`)

// pythonCandidates lists programs that look like a Python 3.
func pythonCandidates(path string) []string {
	return interpreters(path, pythonName, ".pyenv/versions/*/bin")
}

// pythonProbe prints version, pip or not, and the interpreter behind a virtual
// environment.
const pythonProbe = `import sys, importlib.util as u
print("%d.%d.%d" % sys.version_info[:3], u.find_spec("pip") is not None, getattr(sys, "_base_executable", None) or sys.executable)`

func parsePython(_, out string) *python {
	f := strings.SplitN(strings.TrimSpace(out), " ", 3)
	if len(f) != 3 {
		return nil
	}
	v := strings.Split(f[0], ".")
	if len(v) != 3 || v[0] != "3" {
		return nil
	}
	minor, err := strconv.Atoi(v[1])
	if err != nil {
		return nil
	}
	return &python{path: f[2], minor: minor, version: f[0], pip: f[1] == "True"}
}
