package interop

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// repository is the module's root folder, radiograph the built binary.
var repository, radiograph string

// TestMain builds the program once. The tests run it as a process, never in
// theirs.
func TestMain(m *testing.M) {
	if os.Getenv(relayVar) != "" {
		if err := relay(); err != nil {
			fmt.Fprintln(os.Stderr, "relay:", err)
		}
		os.Exit(1)
	}
	flag.Parse()
	// The tests wait for processes more than they compute.
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = parallel.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if repository, err = filepath.Abs(".."); err != nil {
		return 0, err
	}
	// go test keeps a result until a file that the test opened changes. The
	// sources of the binary are opened by go build, so they are listed here.
	err = filepath.WalkDir(repository, func(_ string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" {
			return filepath.SkipDir
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "radiograph-interop-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	radiograph = filepath.Join(dir, "radiograph")
	build := exec.Command("go", "build", "-o", radiograph, "./cmd/radiograph")
	build.Dir = repository
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build ./cmd/radiograph: %w\n%s", err, out)
	}
	return m.Run(), nil
}
