package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // the bootstrap
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"radiograph"
)

// nodeBootstrap is the runtime client of nodejs*, our own: AWS's needs a C++
// compiler to be installed.
//
//go:embed nodejs/bootstrap.cjs
var nodeBootstrap []byte

const (
	nodeBootstrapName = "bootstrap.cjs"
	// minNode is the oldest Node.js that runs the bootstrap, and Lambda's oldest.
	minNode = 16
)

// prepareNode is the row of Node.js: the bootstrap on a node of this machine.
func prepareNode(ctx context.Context, s *Sandbox, name string) (*prepared, error) {
	major, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(name, "nodejs"), ".x"))
	if err != nil {
		return nil, radiograph.Errorf(radiograph.KindUnsupported, "%q is not a runtime this server knows", name)
	}
	n, err := s.nodes.find(ctx, major)
	if err != nil {
		return nil, err
	}
	dir, err := s.nodes.install()
	if err != nil {
		return nil, err
	}
	r := &prepared{
		managed: true, runtimeDir: dir, binDir: filepath.Dir(n.path),
		variables: func(taskRoot string) map[string]string {
			return map[string]string{"NODE_PATH": strings.Join([]string{
				fmt.Sprintf("/opt/nodejs/node%d/node_modules", major), "/opt/nodejs/node_modules",
				filepath.Join(dir, "node_modules"), dir, taskRoot,
			}, string(filepath.ListSeparator))}
		},
		program: func(_ string, f *radiograph.Function) (string, []string, error) {
			return n.path, nodeArgs(filepath.Join(dir, nodeBootstrapName), f.MemorySize), nil
		},
	}
	if n.major != major {
		r.note = fmt.Sprintf("runtime %s: this machine has no Node.js %d; the function runs on Node.js %s (%s)", name, major, n.version, n.path)
	}
	return r, nil
}

// nodeArgs are the options Lambda starts Node.js with: the heap fits the
// function's memory, a tenth of which is for young objects.
func nodeArgs(bootstrap string, memorySize int) []string {
	young := memorySize / 10
	return []string{
		"--expose-gc", "--max-http-header-size", "81920",
		"--max-semi-space-size=" + strconv.Itoa(max(young/2, 1)), "--max-old-space-size=" + strconv.Itoa(memorySize-young),
		bootstrap,
	}
}

// node is one node program.
type node struct {
	path    string
	major   int
	version string // 20.11.0
}

// nodes finds node programs and writes what functions need for them.
type nodes struct {
	dir string
	prober[node]
}

func newNodes(dir string) *nodes {
	return &nodes{dir: dir, prober: prober[node]{args: []string{"--version"}, parse: parseNode, probed: map[string]*node{}}}
}

// node, nodejs (Debian's former name), node22 and node-22.
var nodeName = regexp.MustCompile(`^node(js)?(-?\d+)?$`)

// nodeCandidates lists programs that look like Node.js.
func nodeCandidates(path string) []string {
	return interpreters(path, nodeName, ".nvm/versions/node/*/bin")
}

// find gives the node whose major version is nearest to the one asked for.
func (n *nodes) find(ctx context.Context, major int) (*node, error) {
	var best *node
	for _, c := range nodeCandidates(os.Getenv("PATH")) {
		x, err := n.probe(ctx, c)
		if err != nil {
			return nil, err
		}
		if x != nil && (best == nil || distance(x.major, major) < distance(best.major, major)) {
			best = x
		}
		if best != nil && best.major == major {
			break
		}
	}
	if best == nil {
		return nil, radiograph.Errorf(radiograph.KindUnsupported,
			"runtime nodejs%d.x needs the program node, Node.js %d or newer, and none was found in PATH, /usr/bin, /usr/local/bin or ~/.nvm: install Node.js %d (Debian: apt-get install nodejs)", major, minNode, major)
	}
	return best, nil
}

var nodeVersion = regexp.MustCompile(`^v((\d+)\.\d+\.\d+)\s*$`)

func parseNode(path, out string) *node {
	m := nodeVersion.FindStringSubmatch(out)
	if m == nil {
		return nil
	}
	major, err := strconv.Atoi(m[2])
	if err != nil || major < minNode {
		return nil
	}
	return &node{path: path, major: major, version: m[1]}
}

// install returns the folder that holds the bootstrap, which is named for its
// content and put in its place in one step.
func (n *nodes) install() (string, error) {
	sum := sha256.Sum256(nodeBootstrap)
	dir := filepath.Join(n.dir, hex.EncodeToString(sum[:6]))
	name := filepath.Join(dir, nodeBootstrapName)
	if have, err := os.ReadFile(name); err == nil && bytes.Equal(have, nodeBootstrap) {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	f, err := os.CreateTemp(dir, installing)
	if err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	defer os.Remove(f.Name()) // it has moved when all went well
	_, err = f.Write(nodeBootstrap)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	return dir, nil
}
