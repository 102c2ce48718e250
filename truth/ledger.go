// Package truth is the independent oracle of the tests: what every answer about
// traces must be, by brute force over raw segment documents.
//
// Documents enter in the order they were sent; the answers of the X-Ray API
// leave as the JSON values a client would decode, and generated filter
// expressions with what they mean. It imports nothing of the program, which
// arch_test.go holds, and nothing here is fast. It is in no production build.
package truth

import (
	"cmp"
	"slices"
)

// Source makes the choices of the generators: a seeded rand.Rand, or a property
// test's.
type Source interface {
	IntN(n int) int // of [0, n)
}

// Ledger is what was sent, in order.
type Ledger struct {
	documents map[string][]string // by trace id, as TraceID spells it
	seen      map[string]bool
}

// Put notes a document: an object, or an array of independent subsegments. One
// that was sent before changes nothing.
func (l *Ledger) Put(document string) {
	if l.seen == nil {
		l.documents, l.seen = make(map[string][]string), make(map[string]bool)
	}
	for _, one := range split(document) {
		id := traceOf(one)
		if !l.seen[one] {
			l.seen[one] = true
			l.documents[id] = append(l.documents[id], one)
		}
	}
}

// Traces are all traces, by id.
func (l *Ledger) Traces() []*Trace {
	var out []*Trace
	for _, docs := range l.documents {
		out = append(out, New(docs))
	}
	slices.SortFunc(out, func(a, b *Trace) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// Trace is one trace as its documents tell it.
type Trace struct {
	ID        string
	Segments  []*Entity // with inferred ones, which come last
	Orphans   []*Entity // outermost subsegments
	Root      *Entity
	Revision  int
	Truncated bool // over the size limit

	entities   []*Entity // of the documents, nested ones too
	start, end int64     // known after extent
}

// New reads the documents of one trace, each an object, in the order they were
// sent.
func New(documents []string) *Trace {
	t := &Trace{ID: traceOf(documents[0])}
	versions := make(map[string][]*Entity)
	size := 0
	for _, d := range documents {
		t.Revision++
		if size += len(d); size > maxTrace {
			t.Truncated = true
			continue
		}
		var note func(e *Entity)
		note = func(e *Entity) {
			same := func(o *Entity) bool {
				return o.body == e.body && o.nested == e.nested && o.ParentID == e.ParentID
			}
			if !slices.ContainsFunc(versions[e.ID], same) {
				versions[e.ID] = append(versions[e.ID], e)
			}
			for _, s := range e.told {
				note(s)
			}
		}
		note(read(d))
	}
	byID := make(map[string]*Entity)
	for id, list := range versions {
		e := *winner(list)
		if nested := slices.DeleteFunc(slices.Clone(list), func(v *Entity) bool { return !v.nested }); len(nested) > 0 {
			e.ParentID, e.Sub = winner(nested).ParentID, true
		}
		byID[id] = &e
		t.entities = append(t.entities, &e)
	}
	sortEntities(t.entities)
	t.hang(byID)
	return t
}

// maxTrace is the size of documents past which a trace takes no more (500 KB, X-Ray
// quotas).
const maxTrace = 500 << 10

// winner is the last complete version, else the last.
func winner(versions []*Entity) *Entity {
	win := versions[0]
	for _, v := range versions {
		if win.Open || !v.Open {
			win = v
		}
	}
	return win
}

// hang makes the tree, infers what was called, and finds the root.
func (t *Trace) hang(byID map[string]*Entity) {
	for _, e := range t.entities {
		e.parent = byID[e.ParentID]
		switch {
		case e.parent == nil:
		case e.Sub:
			e.parent.Subsegments = append(e.parent.Subsegments, e)
		default:
			e.parent.callees = append(e.parent.callees, e)
		}
	}
	for _, e := range t.entities {
		switch {
		case !e.Sub:
			t.Segments = append(t.Segments, e)
		case e.parent == nil:
			t.Orphans = append(t.Orphans, e)
		}
		for e.segment = e; e.segment.Sub && e.segment.parent != nil; {
			e.segment = e.segment.parent
		}
	}
	for _, s := range t.Segments {
		s.service = ownService(s)
		if t.Root == nil && s.caller() == nil {
			t.Root = s
		}
	}
	var inferred []*Entity
	for _, e := range t.entities {
		if e.calls() && !e.Open && !e.HTTP.Request.Traced && len(e.callees) == 0 {
			i := infer(t.ID, e)
			e.callees = []*Entity{i}
			inferred = append(inferred, i)
		}
	}
	sortEntities(inferred)
	t.Segments = append(t.Segments, inferred...)
}

// caller is the segment that called segment e.
func (e *Entity) caller() *Entity {
	if e.parent == nil || e.parent.segment.Sub {
		return nil
	}
	return e.parent.segment
}

func sortEntities(list []*Entity) {
	slices.SortFunc(list, func(a, b *Entity) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.ID, b.ID))
	})
}
