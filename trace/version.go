package trace

import (
	"bytes"
	"unsafe"

	"radiograph"
)

// merger collects the versions of each entity.
type merger struct {
	documents map[documentKey]struct{}
	slots     map[radiograph.SegmentID]*slot
	all       []*slot // in the order they were found
	block     []slot  // where the next slots come from
}

// documentKey is what makes two records the same document.
type documentKey struct {
	door radiograph.Door
	body string
}

// slot is what is known of one entity.
type slot struct {
	versions []version  // distinct, in order; those of DoorLambda alone once there is one
	first    [1]version // where versions begins: most entities have one
	node     radiograph.Node
}

// version is an entity as one record tells it.
type version struct {
	*radiograph.Entity
	rec *radiograph.Record
}

// seen reports whether the same document came by the same door before.
func (m *merger) seen(r *radiograph.Record) bool {
	// The key shares the body's memory, which nobody changes.
	key := documentKey{r.Door, unsafe.String(unsafe.SliceData(r.Root.Body), len(r.Root.Body))}
	if _, ok := m.documents[key]; ok {
		return true
	}
	m.documents[key] = struct{}{}
	return false
}

// add takes an entity and what is nested in it.
func (m *merger) add(r *radiograph.Record, e *radiograph.Entity) {
	s := m.slots[e.ID]
	if s == nil {
		s = m.newSlot()
		m.slots[e.ID] = s
		m.all = append(m.all, s)
	}
	s.add(version{e, r})
	for _, c := range e.Children {
		m.add(r, c)
	}
}

// newSlot takes a slot from a block, since most traces have many.
func (m *merger) newSlot() *slot {
	if len(m.block) == cap(m.block) {
		m.block = make([]slot, 0, min(64, 4+2*cap(m.block)))
	}
	m.block = m.block[:len(m.block)+1]
	s := &m.block[len(m.block)-1]
	s.versions = s.first[:0]
	return s
}

func (s *slot) add(v version) {
	if len(s.versions) > 0 {
		switch mine := s.versions[0].rec.Door == radiograph.DoorLambda; {
		case mine && v.rec.Door != radiograph.DoorLambda:
			return
		case !mine && v.rec.Door == radiograph.DoorLambda:
			s.versions = s.versions[:0]
		}
	}
	for _, o := range s.versions {
		if o.Nested == v.Nested && o.Parent == v.Parent && bytes.Equal(o.Body, v.Body) {
			return
		}
	}
	s.versions = append(s.versions, v)
}

// best is the version that wins among all, or among the nested ones.
func (s *slot) best(nested bool) (version, bool) {
	var win version
	for _, v := range s.versions {
		if nested && !v.Nested {
			continue
		}
		if win.Entity == nil || win.InProgress || !v.InProgress {
			win = v
		}
	}
	return win, win.Entity != nil
}
