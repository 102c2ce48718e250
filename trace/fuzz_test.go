package trace

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"radiograph"
)

// FuzzDecode holds that the decoder takes what encoding/json takes and nothing
// else, never panics, and that what it takes renders as JSON that decodes to an
// equal entity.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(string(text), "\n ", " "), "\n") {
			if strings.HasPrefix(line, "{") || strings.HasPrefix(line, "[") {
				line = strings.ReplaceAll(line, `"T1"`, `"1-69a42a40-000000000000000000000001"`)
				f.Add([]byte(strings.ReplaceAll(line, ":@", ":")))
			}
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		decoded, err := Decode(body)
		if bad, ok := err.(*InvalidError); ok {
			if valid := json.Valid(body); bad.Code == codeParse && valid && !tooDeep(body) && isObject(body) {
				t.Fatalf("valid JSON is refused: %q", body)
			} else if bad.Code != codeParse && bad.Code != codeTooLarge && !valid {
				t.Fatalf("invalid JSON is read: %q", body)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("invalid JSON is taken: %q", body)
		}
		for _, d := range decoded {
			roundTrip(t, d)
		}
	})
}

// roundTrip renders a document and decodes it again.
func roundTrip(t *testing.T, d Decoded) {
	tr := Merge(d.Trace, []*radiograph.Record{{Trace: d.Trace, Root: d.Root}})
	Summarize(tr)
	Contributions(tr)
	Lay(tr)
	if len(tr.Nodes)-inferredCount(tr) != entityCount(d.Root) {
		return // ids that repeat within the document, or the fold was cut
	}
	for _, n := range tr.Segments {
		body := Document(tr, n)
		if !json.Valid(body) {
			t.Fatalf("rendered %q, which is not JSON", body)
		}
		again, err := Decode(body)
		if err != nil {
			if e, ok := err.(*InvalidError); ok && e.Code == codeTooLarge {
				continue
			}
			t.Fatalf("rendered %q, which does not decode: %v", body, err)
		}
		if madeHere(n) || n.ID != d.Root.ID || len(tr.Segments) != 1+inferredCount(tr) {
			continue
		}
		opts := []cmp.Option{
			cmpopts.IgnoreFields(radiograph.Entity{}, "Body"), cmpopts.EquateEmpty(), cmpopts.EquateNaNs(),
			cmpopts.SortSlices(func(a, b *radiograph.Entity) int { return strings.Compare(a.ID.String(), b.ID.String()) }),
		}
		if diff := cmp.Diff(d.Root, again[0].Root, opts...); diff != "" || again[0].Trace != d.Trace {
			t.Fatalf("rendered %q, which differs (-first +again):\n%s", body, diff)
		}
	}
}

func entityCount(e *radiograph.Entity) int {
	n := 1
	for _, c := range e.Children {
		n += entityCount(c)
	}
	return n
}

func inferredCount(t *radiograph.Trace) int {
	n := 0
	for _, s := range t.Segments {
		if madeHere(s) {
			n++
		}
	}
	return n
}

// tooDeep reports whether valid JSON may pass maxDepth.
func tooDeep(body []byte) bool {
	return strings.Count(string(body), "[")+strings.Count(string(body), "{") > maxDepth
}

// isObject reports whether body is an object, or an array of objects alone.
func isObject(body []byte) bool {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return false
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, item := range list {
		if _, ok := item.(map[string]any); !ok {
			return false
		}
	}
	return true
}

// FuzzSplit: documents that decode, laid end to end, come apart as they were.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{
		`{"id":"0000000000000001","trace_id":"1-69a42a40-000000000000000000000001","name":"a","start_time":1,"end_time":2}`,
		`{"trace_id":"69a42a40000000000000000000000001","trace_id":"1-69a42a40-000000000000000000000002","id":"0000000000000001","name":"}{","start_time":1,"in_progress":true,"subsegments":[{}]}`,
	} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, one, two []byte) {
		Split(one)
		var laid []byte
		var want []Part
		for _, doc := range [][]byte{one, two} {
			decoded, err := Decode(slices.Clone(doc))
			if err != nil {
				return
			}
			for _, d := range decoded {
				laid = append(laid, d.Root.Body...)
				want = append(want, Part{d.Trace, len(d.Root.Body)})
			}
		}
		got, ok := Split(laid)
		if !ok || !slices.Equal(got, want) {
			t.Fatalf("Split = %v, %v, want %v", got, ok, want)
		}
	})
}
