package radiograph

// Group is a named filter expression: its traces have their own graph, series
// and insights. Kept by package group.
type Group struct {
	Name string
	ARN  string
	ID   GroupID `json:"-"`
	// Versions are the expressions it has had, oldest first; the last one holds.
	// A trace belongs to the group under the version that held, and wanted it, when
	// the trace was last written (X-Ray guide: an update affects subsequent traces).
	Versions      []GroupVersion
	Insights      bool // look for insights
	Notifications bool // tell of them
	Tags          Tags
}

// GroupID stands for a group in what is stored of traces. A group that is made
// again under its old name has another one. Zero stands for all traces.
type GroupID uint64

// GroupVersion is what a group wanted from a moment on.
type GroupVersion struct {
	Number     int // grows by one with each change; the first is 1
	Since      Timestamp
	Expression string
	Filter     Filter `json:"-"` // nil: no trace, since the expression no longer parses
}

// Current is the version that holds.
func (g *Group) Current() *GroupVersion { return &g.Versions[len(g.Versions)-1] }

// Expression is the one that holds; "" wants every trace.
func (g *Group) Expression() string { return g.Current().Expression }

// Membership says that a trace is in a group, and under which version of it.
type Membership struct {
	Group   GroupID
	Version int // GroupVersion.Number
}

// GroupMatcher tells a store which groups it matches traces against, and is told
// of the outcome. Its methods may be called from any goroutine.
type GroupMatcher interface {
	// Matching are a tenant's groups of this moment, by ID, without Default, which
	// has every trace. The caller must not change them. It is called once for each
	// write, with no lock held.
	Matching(t Tenant) []*Group
	// Matched tells of a write that is visible. It is called with no lock held.
	Matched(t Tenant, m GroupMatches)
}

// GroupMatches is what one write did to the groups of a tenant.
type GroupMatches struct {
	Traces map[GroupID]int // traces that came into the group
	Failed map[GroupID]int // traces that could not be judged, and so were left out
}
