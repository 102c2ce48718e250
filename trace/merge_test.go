package trace

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"radiograph"
)

func TestMergeOfNothingIsNil(t *testing.T) {
	if got := Merge(radiograph.TraceID{1}, nil); got != nil {
		t.Errorf("Merge of nothing = %v, want nil", got)
	}
}

// sized is a segment of n with a body of some size.
func sized(n, size int) string {
	return strings.Replace(whole(`,"metadata":{"d":{"x":"`+strings.Repeat("x", size)+`"}}`), "7000000000000001", fmt.Sprintf("%016x", n), 1)
}

func TestMergeLeavesOutWhatIsOverTheLimit(t *testing.T) {
	var docs []string
	for n := range 12 {
		docs = append(docs, sized(n+1, 50<<10))
	}
	small := merged(t, docs[:9]...)
	if small.LimitExceeded || len(small.Segments) != 9 {
		t.Errorf("%d segments, exceeded %v, want 9 within the limit", len(small.Segments), small.LimitExceeded)
	}
	large := merged(t, docs...)
	if !large.LimitExceeded || len(large.Segments) != 9 {
		t.Errorf("%d segments, exceeded %v, want the first 9", len(large.Segments), large.LimitExceeded)
	}
	var recs []*radiograph.Record
	for i, doc := range append(docs, sized(99, 10)) {
		r := &radiograph.Record{Sequence: uint64(i), Root: mustDecode(t, doc)}
		if i == len(docs) {
			r.Door = radiograph.DoorLambda
		}
		recs = append(recs, r)
	}
	if tr := Merge(radiograph.TraceID{1}, recs); len(tr.Segments) != 10 {
		t.Errorf("%d segments, want Lambda's own beside the first 9", len(tr.Segments))
	}
}

// TestMergeCutsDeepFolds tells a chain of subsegments, each apart: the documents
// must stay shallow enough for JSON readers, and hold every entity once.
func TestMergeCutsDeepFolds(t *testing.T) {
	const n = 1000
	docs := []string{sized(1, 0)}
	for i := 2; i <= n; i++ {
		docs = append(docs, fmt.Sprintf(`{"type":"subsegment","trace_id":"1-69a42a40-000000000000000000000001","id":"%016x","parent_id":"%016x","name":"s","start_time":1,"end_time":2}`, i, i-1))
	}
	slices.Reverse(docs)
	tr := merged(t, docs...)
	seen := 0
	for _, d := range tr.Segments {
		body := Document(tr, d)
		if _, err := Decode(body); err != nil {
			t.Fatalf("a document does not decode: %v", err)
		}
		seen += strings.Count(string(body), `"id":`)
	}
	if seen != n || len(tr.Segments) != (n+maxFold)/(maxFold+1) {
		t.Errorf("%d entities in %d documents, want %d in %d", seen, len(tr.Segments), n, (n+maxFold)/(maxFold+1))
	}
	if rows := len(Lay(tr).Rows); rows != n {
		t.Errorf("%d rows, want %d", rows, n)
	}
}

func TestInferredIDsAreStable(t *testing.T) {
	// first 16 hex digits of: printf 'inferred1-69a42a40-0000000000000000000000017000000000000002' | sha256sum
	const want = "f2eef6c798541ddb"
	doc := whole(`,"subsegments":[{"id":"7000000000000002","name":"api.test","namespace":"remote","start_time":1,"end_time":2}]`)
	for range 3 {
		tr := merged(t, doc)
		if got := tr.Segments[1].ID.String(); got != want {
			t.Errorf("inferred id = %s, want %s", got, want)
		}
	}
}

func TestDocumentIsJSON(t *testing.T) {
	tr := merged(t, whole(`,"annotations":{"a":"quote \" and \\ and \u0000"},"metadata":{"é":{"\"":"\t"}},"cause":{"exceptions":[{}, {"id":null,"type":"T"}]},
 "subsegments":[{"id":"7000000000000002","name":"a\\b","namespace":"aws","start_time":1,"end_time":2,"http":{"request":{"url":"\u2028"}}}]`))
	for _, n := range tr.Segments {
		if body := Document(tr, n); !json.Valid(body) {
			t.Errorf("not JSON: %s", body)
		}
	}
}
