package server

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/compatibility.md")

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
