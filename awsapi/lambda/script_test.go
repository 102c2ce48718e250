package lambda

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected answers")

var (
	madeUp = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	times  = regexp.MustCompile(`"LastModified":[0-9.E]+`)
)

// TestScripts runs the scripts of testdata: exchanges of a request (line, and
// body), a line ----, and the expected answer, with an empty line before the
// next. The functions fn, with version 1 and 2, and other are there. A body may
// say <revision>, for the last RevisionId that came.
func TestScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			c := newClient(t)
			c.mustCreate("other", nil)
			c.mustCreate("fn", members{"Publish": true})
			c.active("fn")
			if a := c.do("PUT", functions+"/fn/configuration", members{"Timeout": 4}); a.StatusCode != 200 {
				t.Fatalf("%d %s", a.StatusCode, a.body)
			}
			if a := c.do("POST", functions+"/fn/versions", members{}); a.StatusCode != 201 {
				t.Fatalf("%d %s", a.StatusCode, a.body)
			}
			script, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			revision := ""
			for i, exchange := range strings.Split(strings.TrimRight(string(script), "\n"), "\n\n") {
				if i > 0 {
					got.WriteString("\n\n")
				}
				request, _, _ := strings.Cut(exchange, "\n----")
				line, body, _ := strings.Cut(request, "\n")
				method, path, _ := strings.Cut(line, " ")
				a := c.do(method, strings.ReplaceAll(path, "<revision>", revision), strings.ReplaceAll(body, "<revision>", revision))
				var out struct{ RevisionId string }
				if json.Unmarshal(a.body, &out) == nil && out.RevisionId != "" {
					revision = out.RevisionId
				}
				fmt.Fprintf(&got, "%s\n----\n%d", request, a.StatusCode)
				if code := a.Header.Get("X-Amzn-Errortype"); code != "" {
					fmt.Fprintf(&got, " %s\n%v", code, a.json(t)["message"])
					if reason := a.json(t)["Reason"]; reason != nil {
						fmt.Fprintf(&got, "\nReason: %v", reason)
					}
				} else if len(a.body) > 0 {
					fmt.Fprintf(&got, "\n%s", times.ReplaceAll(madeUp.ReplaceAll(a.body, []byte("<uuid>")), []byte(`"LastModified":<time>`)))
				}
			}
			got.WriteString("\n")
			if *update {
				if err := os.WriteFile(name, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(script), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
