package server

import (
	"bytes"
	"flag"
	"os"
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
		table := awsapi.Compatibility([]awsapi.Service{svc})
		for line := range strings.Lines(table) {
			cells := strings.Split(strings.TrimSpace(line), " | ")
			if len(cells) != 4 || !strings.HasSuffix(line, " |\n") || strings.HasPrefix(line, "| operation") {
				continue
			}
			rows++
			permission := strings.TrimSuffix(cells[3], " |")
			if permission != "none" && !strings.HasPrefix(permission, "`"+svc.Name+":") {
				t.Errorf("%s %s asks roles for %s", svc.Name, cells[0], permission)
			}
		}
	}
	if rows == 0 {
		t.Error("the tables have no rows")
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
