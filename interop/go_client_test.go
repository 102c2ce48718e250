package interop

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goPrograms builds the Go clients of the clients module once: the binaries'
// folder. They need nothing but the Go module proxy.
func goPrograms(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("real clients are not run with -short")
	}
	programs, err := filepath.Glob("clients/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := readAll(append(programs, "clients/go.mod", "clients/go.sum")...)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := cacheDir("go", slices.Concat(sources...))
	if err != nil {
		t.Fatal(err)
	}
	if err := install(dir, func(dir string) error {
		for name, args := range map[string][]string{
			"bootstrap": {"-tags", "lambda.norpc", "./handler"},
			"app":       {"./app"},
			"grafana":   {"./grafana"},
			"sdk":       {"./sdk"},
			"story":     {"./story"},
		} {
			build := exec.Command("go", append([]string{"build", "-trimpath", "-o", filepath.Join(dir, name)}, args...)...)
			build.Dir = "clients"
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			if out, err := build.CombinedOutput(); err != nil {
				return &buildError{out, err}
			}
		}
		return nil
	}); err != nil {
		missing(t, "no Go clients: %v", err)
	}
	return dir
}

type buildError struct {
	output []byte
	err    error
}

func (e *buildError) Error() string { return "go build: " + e.err.Error() + "\n" + string(e.output) }

// goFunction is the deployment package of the Go function.
func goFunction(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(goPrograms(t), "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	return packageOf(t, map[string][]byte{"bootstrap": b})
}

// TestGoSDK drives the server with the AWS SDK for Go, and with it a function
// made of aws-lambda-go and the X-Ray SDK for Go.
func TestGoSDK(t *testing.T) {
	t.Parallel()
	dir := goPrograms(t)
	s := start(t)
	account := account(t.Name())
	role := s.role(t, account, "go")
	code := filepath.Join(t.TempDir(), "function.zip")
	if err := os.WriteFile(code, goFunction(t), 0o644); err != nil {
		t.Fatal(err)
	}
	client(t, s.env(account), filepath.Join(dir, "sdk"), code, role)
}

// TestXRaySDKGo looks at what the X-Ray SDK for Go records in a function: it
// sends one document with everything nested, whose inner parts name the
// outermost parent; nesting must win.
func TestXRaySDKGo(t *testing.T) {
	t.Parallel()
	code := goFunction(t)
	s := start(t)
	f := s.function(t, account(t.Name()), "go", "provided.al2023", code)

	id := f.invoke(t, `{"subsegment":true,"nested":true}`, "Sampled=1")
	invocation := s.trace(t, f.account, id).segment(t, "AWS::Lambda::Function").sub(t, "Invocation")
	work := invocation.sub(t, "work")
	if got := work.Annotations["language"]; got != "go" {
		t.Errorf("annotation language is %v, want go", got)
	}
	work.sub(t, "inner")

	id = f.invoke(t, `{"subsegment":true,"fail":"on purpose"}`, "Sampled=1")
	trace := s.trace(t, f.account, id)
	segment := trace.segment(t, "AWS::Lambda::Function")
	if work := segment.sub(t, "Invocation").sub(t, "work"); !work.Fault || !strings.Contains(string(work.Cause), "on purpose") {
		t.Errorf("the failed subsegment has fault %t and cause %s", work.Fault, work.Cause)
	}
	if !segment.Error || !trace.segment(t, "AWS::Lambda").Error {
		t.Errorf("the failed invocation's segments are not marked as errors")
	}

	id = f.invoke(t, `{"subsegment":true}`, "Sampled=0")
	if got := s.documents(t, f.account, id); len(got) != 0 {
		t.Errorf("an unsampled invocation has %d documents", len(got))
	}
}

// TestGrafana makes the calls of Grafana's X-Ray data source, and finds all that it
// takes for granted.
func TestGrafana(t *testing.T) {
	t.Parallel()
	dir := goPrograms(t)
	s := start(t)
	client(t, s.env(account(t.Name())), filepath.Join(dir, "grafana"))
}
