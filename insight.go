package radiograph

// Insight is one incident: services of a group whose faults were above what is
// usual, and what it meant for their callers. Made and kept by package insight.
type Insight struct {
	ID        string // a UUID
	GroupName string
	GroupARN  string
	RootCause ServiceID // the farthest downstream of Services
	Start     Timestamp
	End       Timestamp // of its last anomalous minute; 0 while it is active
	Updated   Timestamp // when it was last evaluated with another outcome
	Summary   string    // two sentences
	InsightState
	Events []InsightEvent // oldest first, never empty
}

// InsightState is what an insight has come to by a moment.
type InsightState struct {
	RootCauseImpact Impact
	ClientImpact    Impact
	Services        []ServiceID // the anomalous ones, most faults first; never empty
}

// InsightEvent is a notable change of an insight.
type InsightEvent struct {
	Time    Timestamp
	Summary string
	InsightState
}

// Impact counts requests since an insight's start.
type Impact struct{ Total, OK, Fault int64 }

// Add adds o to i.
func (i *Impact) Add(o Impact) {
	i.Total += o.Total
	i.OK += o.OK
	i.Fault += o.Fault
}

// Closed reports whether the insight has ended.
func (i *Insight) Closed() bool { return i.End != 0 }
