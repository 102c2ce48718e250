package trace

import (
	"slices"

	"radiograph"
)

// An SDK inside a warm environment can keep the parent of the invocation before:
// after a retry (same trace, new Invocation), or when it failed to read the new
// header. The environment's daemon stamps each document with the Invocation that
// was running; with it, or by time, such a subsegment is put where it belongs.

// mayBeStale reports whether n's parent deserves doubt: an independent
// subsegment from an environment whose parent is unknown, or is a phase of
// Lambda's that was over before n began.
func mayBeStale(n *radiograph.Node) bool {
	return n.Door == radiograph.DoorEnvironment && n.Subsegment && !n.Nested &&
		(n.Parent == nil || n.Parent.Door == radiograph.DoorLambda && !covers(n.Parent, n.Start))
}

// lambdaPhases are the Invocation and Initialization subsegments of a trace.
func lambdaPhases(nodes []*radiograph.Node) []*radiograph.Node {
	phases := []*radiograph.Node{}
	for _, n := range nodes {
		if n.Door == radiograph.DoorLambda && n.Subsegment && (n.Name == "Invocation" || n.Name == "Initialization") {
			phases = append(phases, n)
		}
	}
	return phases
}

// current is the phase that a doubtful subsegment belongs to: the stamped one
// when the stamp is about this trace, else the last one to begin of those that
// cover its start; nil when there is none.
func current(n *radiograph.Node, rec *radiograph.Record, phases []*radiograph.Node) *radiograph.Node {
	if rec.Stamp.Trace == rec.Trace {
		for _, p := range phases {
			if p.ID == rec.Stamp.Invocation {
				return p
			}
		}
	}
	for _, p := range slices.Backward(phases) {
		if covers(p, n.Start) {
			return p
		}
	}
	return nil
}

// covers reports whether t lies within n.
func covers(n *radiograph.Node, t radiograph.Timestamp) bool {
	return n.Start <= t && (n.InProgress || t <= n.End)
}
