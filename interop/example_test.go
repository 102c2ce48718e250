package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamples runs the commands of each example's README as they stand there,
// in a copy of the example's folder, with the X-Ray SDK inside a real function.
// They fetch what a newcomer would fetch, so they are not for every run.
func TestExamples(t *testing.T) {
	t.Parallel()
	if os.Getenv(clientsVar) != "require" {
		t.Skipf("the examples fetch packages and build each time: %s=require runs them", clientsVar)
	}
	python := pythonClients(t)
	for _, c := range []struct {
		name     string
		fallback bool
		want     []string // the last words of one line of the printed trace, in this order
	}{
		{"hello-python", true, []string{`"PutObject": 200`, `"ListTables": 200`}},
		{"hello-node", true, []string{`"PutObject":200`, `"ListTables":200`}},
		{"hello-go", false, []string{"--fallback-endpoint"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var args []string
			if c.fallback {
				args = []string{"--fallback-endpoint", startMoto(t, python)}
			}
			s := start(t, args...)
			out := runReadme(t, python, s, c.name)
			for _, want := range append(c.want, "AWS::Lambda", "Initialization", "Invocation", "greet", "Overhead") {
				if !strings.Contains(out, want) {
					t.Errorf("the commands of %s's README do not print %q:\n%s", c.name, want, out)
				}
			}
			// Case differs: botocore and the Go SDK name services their own way.
			if lower := strings.ToLower(out); !strings.Contains(lower, "s3") || !strings.Contains(lower, "dynamodb") {
				t.Errorf("the trace does not show both calls:\n%s", out)
			}
		})
	}
}

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// runReadme runs the sh block of an example's README against the server and
// returns all it prints.
func runReadme(t testing.TB, p *python, s *server, example string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), example)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository, "examples", example))); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"package", "node_modules", "function.zip", "bootstrap", "answer.json"} {
		if err := os.RemoveAll(filepath.Join(dir, made)); err != nil { // left by a person who followed the README
			t.Fatal(err)
		}
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := shellBlock.FindSubmatch(readme)
	if block == nil {
		t.Fatalf("the README of %s has no sh block", example)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", string(block[1]))
	cmd.Dir = dir
	// Only where the server is; account, region and keys come from `radiograph env`.
	path := strings.Join([]string{p.bin(""), filepath.Dir(radiograph), os.Getenv("PATH")}, string(filepath.ListSeparator))
	cmd.Env = environment("AWS_ENDPOINT_URL="+s.Endpoint, "PATH="+path, "PIP_DISABLE_PIP_VERSION_CHECK=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands of %s's README: %v\n%s", example, err, out)
	}
	return string(out)
}
