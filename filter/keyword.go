package filter

import (
	"cmp"
	"slices"

	"radiograph"
)

// scope is a place a test may stand in, or a set of them.
type scope uint16

const (
	inTrace           scope = 1 << iota // outside of blocks
	inService                           // service() { }
	inEdge                              // edge() { }
	inCauseService                      // rootcause.….service { }
	inCauseEntity                       // rootcause.fault.entity { }, rootcause.error.entity { }
	inSlowCauseEntity                   // rootcause.responsetime.entity { }
	inCauseException                    // rootcause.….exception { }

	// anywhere is where the plain keywords stand: all but root causes.
	anywhere = inTrace | inService | inEdge
	// inEntity is a root cause's entity of any kind.
	inEntity = inCauseEntity | inSlowCauseEntity
	// onPath is every block of a root cause.
	onPath = inCauseService | inEntity | inCauseException
)

// where names a scope for a message.
func (s scope) where() string {
	switch s {
	case inTrace:
		return "outside of a block"
	case inService:
		return "in service {}"
	case inEdge:
		return "in edge {}"
	case inCauseService:
		return "in rootcause service {}"
	case inCauseEntity:
		return "in rootcause entity {} of faults and errors"
	case inSlowCauseEntity:
		return "in rootcause.responsetime.entity {}"
	}
	return "in rootcause exception {}"
}

// keyword is one word that tests a property. Exactly one of the three functions
// is set; it is the keyword's type. A value that is absent makes number false
// and text call nothing.
type keyword struct {
	name   string
	scopes scope
	doc    string // for completion

	flag   func(s *subject) radiograph.Verdict
	number func(s *subject) (float64, bool)
	text   func(s *subject, found func(string) bool) bool // reports whether found did for one of the values
	fold   bool                                           // the text has no letter case

	field Field // what a summary holds of it; 0: a condition cannot say it
}

// keywords are all keywords by name.
var keywords = func() map[string]*keyword {
	m := make(map[string]*keyword)
	for _, list := range [...][]keyword{
		outcomeKeywords, stateKeywords, durationKeywords, httpKeywords, userKeywords,
		accountKeywords, resourceKeywords, nameKeywords, pathKeywords,
	} {
		for i := range list {
			m[list[i].name] = &list[i]
		}
	}
	return m
}()

// sortedKeywords are the keywords by name.
var sortedKeywords = func() []*keyword {
	var list []*keyword
	for _, k := range keywords {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *keyword) int { return cmp.Compare(a.name, b.name) })
	return list
}()

// subject is what a test looks at: the trace, or the one thing of it that a
// block is about.
type subject struct {
	scope   scope
	view    *radiograph.FilterView
	segment *radiograph.FilterSegment // inService
	call    *radiograph.FilterCall    // inEdge
	step    step                      // onPath
}

// entity is the segment or call that a block is about; nil elsewhere.
func (s *subject) entity() *radiograph.Entity {
	switch s.scope {
	case inService:
		return s.segment.Entity
	case inEdge:
		return s.call.Call
	}
	return nil
}

// http is the http block that the http keywords look at.
func (s *subject) http() *radiograph.HTTP {
	if e := s.entity(); e != nil {
		return &e.HTTP
	}
	return &s.view.Summary.HTTP
}

// account is the account of a service: the tenant's when no document tells it.
func (s *subject) account(id radiograph.ServiceID) string {
	return string(cmp.Or(id.Account, s.view.Account))
}
