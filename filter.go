package radiograph

// Filter decides which traces a query wants. Package filter makes one of a
// filter expression. Its methods may be called from any goroutine.
type Filter interface {
	// String is the filter as an expression; "" wants every trace.
	String() string
	// Judge decides as far as the view shows. It is Undecided only for a view that
	// is not Whole, and what it decides then it also decides for the whole view of
	// the same trace.
	Judge(v *FilterView) Verdict
}

// Verdict is what a filter says of a trace.
type Verdict uint8

// The verdicts, in an order that makes "and" the least of two, "or" the greatest.
const (
	No        Verdict = iota
	Undecided         // only the whole trace can tell
	Yes
)

// VerdictOf is Yes for true and No for false.
func VerdictOf(b bool) Verdict {
	if b {
		return Yes
	}
	return No
}

// Not turns a verdict round; what is undecided stays so.
func (v Verdict) Not() Verdict { return Yes - v }

// FilterView is a trace as filters see it: its summary, and its segments and
// calls when the merged trace is at hand. Package trace makes whole views.
type FilterView struct {
	Summary *Summary
	Account AccountID // the tenant's: that of services whose documents tell none

	Whole    bool // the members below are filled
	Root     *Node
	Segments []FilterSegment // all segments, inferred ones included; no orphans
	Calls    []FilterCall
}

// FilterSegment is one segment and the node of the service graph it belongs to.
type FilterSegment struct {
	*Node
	Service ServiceID
}

// FilterCall is one request along an edge of the service graph.
type FilterCall struct {
	From, To ServiceID
	// Call is what the caller saw: the subsegment that called, or the callee's own
	// segment when a segment called it without one, or nobody known did.
	Call   *Entity
	Callee *Entity
}
