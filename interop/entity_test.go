package interop

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

// entity is a segment or subsegment as BatchGetTraces shows it.
type entity struct {
	ID          string
	Name        string
	Origin      string
	ParentID    string  `json:"parent_id"`
	Start       float64 `json:"start_time"`
	End         float64 `json:"end_time"`
	InProgress  bool    `json:"in_progress"`
	Error       bool
	Throttle    bool
	Fault       bool
	Inferred    bool
	Namespace   string
	User        string
	Cause       json.RawMessage
	Annotations map[string]any
	Metadata    map[string]any
	HTTP        struct {
		Request  struct{ URL string }
		Response struct{ Status int }
	}
	AWS struct {
		Operation string
		XRay      struct {
			RuleName         string `json:"rule_name"`          // Node and Go
			SamplingRuleName string `json:"sampling_rule_name"` // Python and Java
		}
	}
	Subsegments []*entity
}

// sub is the one subsegment of that name directly below.
func (e *entity) sub(t testing.TB, name string) *entity {
	t.Helper()
	var found []*entity
	var names []string
	for _, s := range e.Subsegments {
		names = append(names, s.Name)
		if s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d subsegments %s among %v, want 1", e.Name, len(found), name, names)
	}
	return found[0]
}

// documents are the documents of a trace.
type documents []*entity

// segment is the one segment of that origin.
func (d documents) segment(t testing.TB, origin string) *entity {
	t.Helper()
	var found []*entity
	for _, e := range d {
		if e.Origin == origin {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		t.Fatalf("the trace has %d segments of origin %s, want 1", len(found), origin)
	}
	return found[0]
}

// ruleName is the sampling rule that a segment was sampled by.
func (e *entity) ruleName() string { return cmp.Or(e.AWS.XRay.RuleName, e.AWS.XRay.SamplingRuleName) }

// inNamespace are the subsegments of a namespace, at any depth, in order of time.
func (e *entity) inNamespace(name string) (found []*entity) {
	for _, s := range e.Subsegments {
		if s.Namespace == name {
			found = append(found, s)
		}
		found = append(found, s.inNamespace(name)...)
	}
	slices.SortStableFunc(found, func(a, b *entity) int { return cmp.Compare(a.Start, b.Start) })
	return found
}

// parts counts the subsegments that are named n and a number, at any depth.
func (e *entity) parts() (n int) {
	if _, err := fmt.Sscanf(e.Name, "n%d", &n); err == nil {
		n = 1
	}
	for _, s := range e.Subsegments {
		n += s.parts()
	}
	return n
}
