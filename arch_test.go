package radiograph

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "radiograph"

// mayImport is the whole structure: each package of the program, what it may
// import of the others, and why it exists. Three floors: the root knows nobody;
// the core knows the root and meets its neighbours through interfaces declared
// there; the adapters know the root and the core they serve, never each other.
var mayImport = map[string]struct {
	packages string
	reason   string
}{
	"": {"", "the vocabulary: standard library only"},

	"filter":    {".", "the filter-expression language"},
	"forecast":  {"", "how many faults are usual: one band for series and insights"},
	"trace":     {". filter", "pure functions: decode, merge, infer, summarize, contribute, lay out"},
	"sampling":  {".", "rules, reservoirs, quotas"},
	"group":     {". filter", "named filter expressions; another noun than the traces they select"},
	"settings":  {".", "what an account set for X-Ray: encryption, policies, indexing, destination"},
	"retrieval": {".", "requests for traces, by token; they hold no traces"},
	"metric":    {"", "the Prometheus text format"},
	"meter":     {".", "what X-Ray would bill for: counts by month, not the traces"},
	"insight":   {". forecast", "incidents of groups, from their sums by minute"},
	"ingest":    {". trace", "the one door in"},
	"query":     {". filter forecast trace", "the one door out"},
	"iam":       {".", "roles, policies, sessions"},
	"lambda":    {".", "functions, the queue, both Lambda segments"},
	"sandbox":   {".", "function processes and the Runtime API"},
	"disk":      {". filter trace", "the embedded store, the only room that knows Pebble"},
	"daemon":    {".", "segments by UDP in, batches out"},
	"otlp":      {".", "OpenTelemetry's spans in, segment documents out"},

	"awsapi":        {".", "the wire protocols and the table of operations"},
	"awsapi/xray":   {". awsapi query filter sampling group insight settings retrieval", "X-Ray's shapes; filter reads expressions, the others after it keep what the API sets or finds"},
	"awsapi/lambda": {". awsapi lambda", "Lambda's shapes"},
	"awsapi/iam":    {". awsapi iam", "IAM's shapes"},
	"awsapi/sts":    {". awsapi iam", "STS's shapes"},
	"console":       {". filter group insight query lambda iam meter", "the pages; filter tells where an expression is wrong, group and insight what a page switches and draws, meter gives the bill"},

	"server":         {". disk meter metric ingest query iam sampling group insight settings retrieval lambda sandbox daemon otlp awsapi awsapi/xray awsapi/lambda awsapi/iam awsapi/sts console", "the wiring, used by cmd/radiograph and testserver"},
	"cmd/radiograph": {". server trace meter sampling", "flags, modes, signals, output; trace lays out the waterfall, meter reads prices, sampling simulates rules"},
	"testserver":     {". server", "the whole program in a test's process"},
	"storetest":      {". trace", "the suite every store passes"},
	"truth":          {"", "the independent oracle: nothing of the program"},
	"interop":        {"*", "real clients and the model oracle"},
}

// testOnly packages are in no production build.
var testOnly = []string{"storetest", "truth", "interop", "testserver"}

// thirdParty are the outside modules a package may use, besides golang.org/x.
var thirdParty = map[string]string{
	"disk":           "github.com/cockroachdb/pebble/v2 github.com/klauspost/compress",
	"otlp":           "google.golang.org/protobuf",
	"cmd/radiograph": "github.com/spf13/cobra",
}

type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// TestImports fails when a package gains an import that the table does not
// allow, or when a package is missing from the table.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if strings.HasPrefix(name, "examples/") {
			continue // programs of their own
		}
		seen++
		row, ok := mayImport[name]
		if !ok {
			t.Errorf("package %q has no row in mayImport: which noun is it?", name)
			continue
		}
		allowed := strings.Fields(row.packages)
		for _, imp := range p.Imports {
			switch {
			case imp == module || strings.HasPrefix(imp, module+"/"):
				short := strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
				if slices.Contains(testOnly, short) && !slices.Contains(testOnly, name) {
					t.Errorf("%s imports %s, which is for tests only", name, short)
				}
				if short == "" {
					short = "."
				}
				if row.packages != "*" && !slices.Contains(allowed, short) {
					t.Errorf("%s imports %s; it may import %q (%s)", name, short, row.packages, row.reason)
				}
			case strings.Contains(strings.Split(imp, "/")[0], ".") && !strings.HasPrefix(imp, "golang.org/x/"):
				if !slices.ContainsFunc(strings.Fields(thirdParty[name]), func(m string) bool { return strings.HasPrefix(imp, m) }) && !slices.Contains(testOnly, name) {
					t.Errorf("%s imports %s; outside modules it may use: %q", name, imp, thirdParty[name])
				}
			}
		}
	}
	if seen < 1 {
		t.Fatal("go list named no package")
	}
}

// TestArchitecturePage fails when docs/architecture.md names a file that is not
// there any more.
func TestArchitecturePage(t *testing.T) {
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z_/]+\\.go)`").FindAllSubmatch(page, -1)
	for _, n := range named {
		if _, err := os.Stat(string(n[1])); err != nil {
			t.Errorf("the page names %s: %v", n[1], err)
		}
	}
	if len(named) < 10 {
		t.Errorf("the page names %d files; it tells the path with file names", len(named))
	}
}
