package lambda

import (
	"encoding/json"
	"testing"

	"radiograph"
	"radiograph/trace"
)

// FuzzCause: whatever a runtime posts, the cause is bounded JSON, and the
// documents that carry it come through the door in.
func FuzzCause(f *testing.F) {
	for _, seed := range []string{
		postedCause, "", "{}", "[]", "null", `{"exceptions":null}`, `{"message":"m"}`, `{"exceptions":[{"stack":[{"line":-2}]}]}`,
		`{"exceptions":[{"message":"\ud800","type":"\u0000"}],"paths":["a",""]}`, `{"working_directory":"/"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, posted []byte) {
		got := readCause(posted)
		if got == nil {
			return
		}
		if len(got) > maxCause || !json.Valid(got) {
			t.Fatalf("%d bytes: %s", len(got), got)
		}
		g := functionSegment{
			id: radiograph.NewSegmentID(), parent: radiograph.NewSegmentID(), trace: radiograph.TraceID{1}, fn: someFunction("fn"), start: 1, end: 2, cause: got,
			subsegments: []phaseSubsegment{{id: radiograph.NewSegmentID(), name: "Invocation", start: 1, end: 2, cause: got}},
		}
		if _, err := trace.Decode(g.document()); err != nil {
			t.Fatalf("%v in %s", err, g.document())
		}
	})
}
