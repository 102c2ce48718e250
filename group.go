package radiograph

// Group is a named filter expression: its traces have their own graph, series
// and insights. Kept by package group.
type Group struct {
	Name string
	ARN  string
	// Versions are the expressions it has had, oldest first; the last one holds.
	// A trace belongs to the group when the version of the time it was received
	// wants it.
	Versions      []GroupVersion
	Insights      bool // look for insights
	Notifications bool // tell of them
	Tags          Tags
}

// GroupVersion is what a group wanted from a moment on.
type GroupVersion struct {
	Since      Timestamp
	Expression string
	Filter     Filter `json:"-"` // nil: no trace, since the expression no longer parses
}

// Expression is the one that holds; "" wants every trace.
func (g *Group) Expression() string { return g.Versions[len(g.Versions)-1].Expression }

// Changed is when the expression was last changed.
func (g *Group) Changed() Timestamp { return g.Versions[len(g.Versions)-1].Since }

// At is the version of a time, or nil before the group was made.
func (g *Group) At(at Timestamp) *GroupVersion {
	for i := len(g.Versions) - 1; i >= 0; i-- {
		if g.Versions[i].Since <= at {
			return &g.Versions[i]
		}
	}
	return nil
}
