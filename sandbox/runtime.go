package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"radiograph"
)

// runtimeRow says how one family of runtimes is had and started.
type runtimeRow struct {
	names   []string // whole names, or prefixes that end with *
	prepare func(ctx context.Context, s *Sandbox, name string) (*prepared, error)
}

// runtimes is the one list of runtimes.
var runtimes = []runtimeRow{
	{[]string{"provided.al2023", "provided.al2"}, prepareBootstrap},
	{[]string{"python3.*"}, preparePython},
	{[]string{"nodejs*"}, prepareNode},
	{[]string{"java*", "ruby*", "dotnet*"}, prepareNothing},
}

// prepared is a runtime that can be started.
type prepared struct {
	managed    bool   // it has AWS_EXECUTION_ENV
	runtimeDir string // LAMBDA_RUNTIME_DIR
	binDir     string // the runtime's programs, first in PATH; "": none
	// variables are the language's own, which the function may set otherwise; nil: none.
	variables func(taskRoot string) map[string]string
	appended  map[string]string // lists the runtime cannot do without: added after the function's own
	note      string            // what the environment's log should say, or ""
	// program is what to start for code unpacked at taskRoot.
	program func(taskRoot string, f *radiograph.Function) (path string, args []string, err error)
}

func (s *Sandbox) prepare(ctx context.Context, name string) (*prepared, error) {
	for _, row := range runtimes {
		for _, n := range row.names {
			prefix, open := strings.CutSuffix(n, "*")
			if name == n || open && strings.HasPrefix(name, prefix) {
				return row.prepare(ctx, s, name)
			}
		}
	}
	return nil, radiograph.Errorf(radiograph.KindUnsupported, "%q is not a runtime this server knows", name)
}

// prepareNothing is the row of runtimes that are not there yet.
func prepareNothing(_ context.Context, _ *Sandbox, name string) (*prepared, error) {
	return nil, radiograph.Errorf(radiograph.KindUnsupported,
		"runtime %s is not served by this version of radiograph; it serves provided.al2023, provided.al2, python3.x and nodejs*.x", name)
}

// prepareBootstrap: the function brings its runtime along.
func prepareBootstrap(context.Context, *Sandbox, string) (*prepared, error) {
	return &prepared{runtimeDir: "/var/runtime", program: bootstrap}, nil
}

// bootstrap finds the file named bootstrap at the root of the package.
func bootstrap(taskRoot string, _ *radiograph.Function) (string, []string, error) {
	file := filepath.Join(taskRoot, "bootstrap")
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, invalidEntrypoint("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
	case err != nil:
		return "", nil, invalidEntrypoint(err.Error())
	case info.IsDir():
		return "", nil, invalidEntrypoint("/var/task/bootstrap is a folder")
	}
	return file, nil, nil
}

// invalidEntrypoint is the error of a package that cannot be started, by the
// name Lambda gives it.
func invalidEntrypoint(message string) error {
	return &radiograph.Error{Kind: radiograph.KindInvalid, Code: "Runtime.InvalidEntrypoint", Message: message}
}
