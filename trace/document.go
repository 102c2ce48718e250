package trace

import (
	"unicode/utf8"

	"radiograph"
)

// Document is the segment document of one node of t.Segments as BatchGetTraces
// returns it: subsegments folded in wherever they came from, ids in lower case,
// trace_id on the outermost object, numbers in the text they came in, over-long
// strings shortened, and what does not fit the document format left out.
func Document(t *radiograph.Trace, n *radiograph.Node) []byte {
	b := make([]byte, 0, 256+2*len(n.Body))
	w := renderer{trace: t.ID, b: b}
	w.node(n, true)
	return w.b
}

// renderer writes one document.
type renderer struct {
	trace radiograph.TraceID
	b     []byte
}

// node writes an entity's object.
func (w *renderer) node(n *radiograph.Node, outermost bool) {
	w.b = append(w.b, `{"id":"`...)
	w.b = append(n.ID.Append(w.b), '"')
	if madeHere(n) {
		w.inferred(n)
	} else {
		w.members(n.Entity)
	}
	if outermost {
		w.placed(n)
	}
	if len(n.Children) > 0 {
		w.b = append(w.b, `,"subsegments":[`...)
		for i, c := range n.Children {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.node(c, false)
		}
		w.b = append(w.b, ']')
	}
	w.b = append(w.b, '}')
}

// placed writes what only a document's outermost entity has.
func (w *renderer) placed(n *radiograph.Node) {
	w.b = append(w.b, `,"trace_id":"`...)
	w.b = append(w.trace.Append(w.b), '"')
	if !n.Entity.Parent.IsZero() {
		w.b = append(w.b, `,"parent_id":"`...)
		w.b = append(n.Entity.Parent.Append(w.b), '"')
	}
	if n.Subsegment {
		w.b = append(w.b, `,"type":"subsegment"`...)
	}
}

// inferred writes what an inferred segment takes from the call it is made of.
func (w *renderer) inferred(n *radiograph.Node) {
	r := scanner{s: string(n.Parent.Body)}
	for ok := r.open('{'); ok; ok = r.more('{') {
		switch key := r.key(); key {
		case "name", "start_time", "end_time", "error", "fault", "throttle", "http", "aws", "sql":
			w.member(n.Parent.Entity, key, r.skip())
		default:
			r.skip()
		}
	}
	if n.Origin != "" {
		w.b = append(w.b, `,"origin":`...)
		w.b = radiograph.AppendJSONString(w.b, n.Origin)
	}
	w.b = append(w.b, `,"inferred":true`...)
}

// members writes an entity's own members, as they came.
func (w *renderer) members(e *radiograph.Entity) {
	r := scanner{s: string(e.Body)}
	for ok := r.open('{'); ok; ok = r.more('{') {
		key := r.key()
		r.peek()
		w.member(e, key, r.skip())
	}
	if e.InProgress {
		w.b = append(w.b, `,"in_progress":true`...)
	}
}

// memberKinds are the members of the document format that are written as they
// came, by the first byte their value may begin with; 0 stands for a number.
var memberKinds = map[string]string{
	"name": `"`, "namespace": `"`, "origin": `"`, "user": `"`, "resource_arn": `"`,
	"start_time": "0", "end_time": "0",
	"error": "tf", "fault": "tf", "throttle": "tf", "inferred": "t", "traced": "tf",
	"http": "{", "aws": "{", "sql": "{", "service": "{", "metadata": "{", "annotations": "{",
	"cause": `"{`, "links": "[", "precursor_ids": "[",
}

// member writes one member when it fits the format.
func (w *renderer) member(e *radiograph.Entity, key, raw string) {
	kind := raw[0]
	if kind == '-' || '0' <= kind && kind <= '9' {
		kind = '0'
	}
	kinds := memberKinds[key]
	fits := false
	for i := range len(kinds) {
		fits = fits || kinds[i] == kind
	}
	if !fits || key == "inferred" && !e.Inferred || key == "links" && e.Subsegment {
		return
	}
	w.b = append(w.b, ',', '"')
	w.b = append(w.b, key...)
	w.b = append(w.b, '"', ':')
	switch {
	case key == "user":
		w.b = appendClipped(w.b, raw, maxText)
	case key == "http":
		w.http(raw)
	case key == "annotations":
		w.annotations(raw)
	case key == "cause" && kind == '{':
		w.cause(e, raw)
	default:
		w.b = append(w.b, raw...)
	}
}

// object writes an object's members through each; each appends the member, or
// nothing to leave it out.
func (w *renderer) object(raw string, each func(key, raw string) bool) {
	w.b = append(w.b, '{')
	first := true
	r := scanner{s: raw}
	for ok := r.open('{'); ok; ok = r.more('{') {
		mark := len(w.b)
		if !first {
			w.b = append(w.b, ',')
		}
		key := r.key()
		w.b = append(radiograph.AppendJSONString(w.b, key), ':')
		r.peek()
		if each(key, r.skip()) {
			first = false
		} else {
			w.b = w.b[:mark]
		}
	}
	w.b = append(w.b, '}')
}

// http writes an http block with the request's strings shortened.
func (w *renderer) http(raw string) {
	w.object(raw, func(key, raw string) bool {
		if key != "request" || raw[0] != '{' {
			w.b = append(w.b, raw...)
			return true
		}
		w.object(raw, func(_, raw string) bool {
			w.b = appendClipped(w.b, raw, maxText)
			return true
		})
		return true
	})
}

// annotations writes those that are indexed.
func (w *renderer) annotations(raw string) {
	w.object(raw, func(key, raw string) bool {
		switch raw[0] {
		case '{', '[', 'n':
			return false
		}
		w.b = appendClipped(w.b, raw, maxAnnotation)
		return annotationKey(key)
	})
}

// cause writes a cause, with an id on each exception.
func (w *renderer) cause(e *radiograph.Entity, raw string) {
	w.object(raw, func(key, raw string) bool {
		if key != "exceptions" || raw[0] != '[' {
			w.b = append(w.b, raw...)
			return true
		}
		w.b = append(w.b, '[')
		r := scanner{s: raw}
		i := 0
		for ok := r.open('['); ok; ok = r.more('[') {
			r.peek()
			raw := r.skip()
			if raw[0] != '{' || i >= len(e.Exceptions) {
				continue
			}
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.exception(e.Exceptions[i], raw)
			i++
		}
		w.b = append(w.b, ']')
		return true
	})
}

func (w *renderer) exception(x radiograph.Exception, raw string) {
	w.b = append(w.b, `{"id":"`...)
	w.b = append(x.ID.Append(w.b), '"')
	r := scanner{s: raw}
	for ok := r.open('{'); ok; ok = r.more('{') {
		key := r.key()
		r.peek()
		if raw := r.skip(); key != "id" && raw != "null" {
			w.b = append(w.b, ',')
			w.b = append(radiograph.AppendJSONString(w.b, key), ':')
			w.b = append(w.b, raw...)
		}
	}
	w.b = append(w.b, '}')
}

// appendClipped appends a value as it came, unless it is a string of more than n
// characters: then its first n.
func appendClipped(b []byte, raw string, n int) []byte {
	if raw[0] != '"' || len(raw) <= n+2 {
		return append(b, raw...)
	}
	r := scanner{s: raw}
	text := r.text()
	if utf8.RuneCountInString(text) <= n {
		return append(b, raw...)
	}
	return radiograph.AppendJSONString(b, radiograph.Clip(text, n))
}
