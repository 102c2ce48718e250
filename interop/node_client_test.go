package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// node is where the packages of the Node clients are.
type node struct{ dir, program string }

var nodeOnce = sync.OnceValues(func() (*node, error) { return installNode("clients/node") })

// nodeClients installs the Node clients when they are not there yet.
func nodeClients(t testing.TB) *node {
	t.Helper()
	return installed(t, "Node clients", nodeOnce)
}

// installNode installs what the package.json of a folder lists.
func installNode(folder string) (*node, error) {
	if os.Getenv(clientsVar) == "off" {
		return nil, fmt.Errorf("%s=off", clientsVar)
	}
	program, err := exec.LookPath("node")
	if err != nil {
		return nil, err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, err
	}
	files, err := readAll(filepath.Join(folder, "package.json"), filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	dir, err := cacheDir("node", slices.Concat(files...))
	if err != nil {
		return nil, err
	}
	return &node{dir, program}, install(dir, func(dir string) error {
		for i, name := range []string{"package.json", "package-lock.json"} {
			if err := os.WriteFile(filepath.Join(dir, name), files[i], 0o644); err != nil {
				return err
			}
		}
		return runIn(dir, npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
	})
}

// env is what a Node program has in its environment to find them.
func (n *node) env() []string { return []string{"NODE_PATH=" + n.modules()} }

func (n *node) modules() string { return filepath.Join(n.dir, "node_modules") }

// runtime is the Lambda runtime whose version this Node has: nodejs20.x.
func (n *node) runtime(t testing.TB) string {
	t.Helper()
	version, err := exec.Command(n.program, "-p", "process.versions.node.split('.')[0]").Output()
	if err != nil {
		t.Fatal(err)
	}
	return "nodejs" + strings.TrimSpace(string(version)) + ".x"
}
