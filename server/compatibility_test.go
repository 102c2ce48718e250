package server

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph/awsapi"
	"radiograph/awsapi/xray"
)

var update = flag.Bool("update", false, "rewrite docs/compatibility.md")

// A role is asked for a permission as IAM spells it, with the service's prefix.
func TestPermissionsHaveTheirPrefix(t *testing.T) {
	rows := 0
	for _, svc := range services(xray.Config{}, nil, nil) {
		table := awsapi.Compatibility([]awsapi.Service{svc}, proofOf)
		for line := range strings.Lines(table) {
			cells := strings.Split(strings.TrimSpace(line), " | ")
			if len(cells) != 5 || !strings.HasSuffix(line, " |\n") || strings.HasPrefix(line, "| operation") {
				continue
			}
			rows++
			permission := cells[3]
			if permission != "none" && !strings.HasPrefix(permission, "`"+svc.Name+":") {
				t.Errorf("%s %s asks roles for %s", svc.Name, cells[0], permission)
			}
		}
	}
	if rows == 0 {
		t.Error("the tables have no rows")
	}
}

// Each row of the page ends with a test that exists, but for what cannot be shown.
func TestEachRowHasATest(t *testing.T) {
	var page bytes.Buffer
	if err := WriteCompatibility(&page); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	rows := 0
	for line := range strings.Lines(page.String()) {
		row := strings.TrimSpace(line)
		if !strings.HasPrefix(row, "| ") || strings.HasSuffix(row, "| test |") || strings.HasSuffix(row, "| held by |") {
			continue
		}
		rows++
		name := cell.FindStringSubmatch(row)
		if name == nil {
			if !strings.HasPrefix(row, "| Rates of operations | none:") {
				t.Errorf("no test at the end of %s", row)
			}
			continue
		}
		if _, asked := known[name[1]]; !asked {
			known[name[1]] = testExists(t, name[1])
		}
		if !known[name[1]] {
			t.Errorf("there is no test %s, which is to hold %s", name[1], row)
		}
	}
	if rows < 100 {
		t.Errorf("the page has %d rows", rows)
	}
}

var cell = regexp.MustCompile("\\| `([a-z/]*\\.?Test[A-Za-z0-9]+)` \\|$")

// testExists looks for a test, such as awsapi/lambda.TestCode, in the sources.
func testExists(t *testing.T, name string) bool {
	t.Helper()
	dir, test, ok := strings.Cut(name, ".")
	if !ok {
		dir, test = "", name
	}
	files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("\nfunc "+test+"(t *testing.T)")) {
			return true
		}
	}
	return false
}

// The list of proofs names each operation once, and none that is not.
func TestProofs(t *testing.T) {
	served := map[string]bool{}
	for _, svc := range services(xray.Config{}, nil, nil) {
		served[svc.Name+" *"] = true
		for i := range svc.Operations {
			served[svc.Name+" "+svc.Operations[i].Name] = true
		}
	}
	for line := range strings.Lines(proofs) {
		row := strings.Fields(line)
		if len(row) == 0 || row[0] == "#" {
			continue
		}
		if len(row) != 3 || !served[row[0]+" "+row[1]] {
			t.Errorf("%q names no operation that is served, or twice", strings.TrimSpace(line))
			continue
		}
		delete(served, row[0]+" "+row[1])
	}
}

// The page says what the tables say.
func TestCompatibility(t *testing.T) {
	const page = "../docs/compatibility.md"
	var got bytes.Buffer
	if err := WriteCompatibility(&got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s is not what the tables say (-page +tables; `make docs` rewrites it):\n%s", page, diff)
	}
}
