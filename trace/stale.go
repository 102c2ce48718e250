package trace

import (
	"slices"
	"time"

	"radiograph"
)

// clockGrain is how much too early a subsegment's start may be written: the
// X-Ray SDK for Node.js cuts to milliseconds.
const clockGrain = time.Millisecond

// An SDK inside a warm environment can keep the parent of the invocation before:
// after a retry (same trace, new Invocation), or when it failed to read the new
// header. The environment's daemon stamps each document with the Invocation that
// was running; with it, or by time, such a subsegment is put where it belongs.

// mayBeStale reports whether n's parent deserves doubt: an independent
// subsegment from an environment whose parent is unknown, or is a phase of
// Lambda's that was over before n began.
func mayBeStale(n *radiograph.Node) bool {
	return n.Door == radiograph.DoorEnvironment && n.Subsegment && !n.Nested &&
		(n.Parent == nil || n.Parent.Door == radiograph.DoorLambda && !n.Parent.InProgress && n.Start > n.Parent.End)
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

// current is where a doubtful subsegment belongs: to the stamped Invocation when
// the stamp is about this trace, else to the last phase to begin of those that
// cover its start; nil when there is none.
func (m *merger) current(n *radiograph.Node, rec *radiograph.Record, phases []*radiograph.Node) *radiograph.Node {
	if rec.Stamp.Trace == rec.Trace {
		if s := m.slots[rec.Stamp.Invocation]; s != nil && s.node.Door == radiograph.DoorLambda {
			return &s.node
		}
	}
	for _, p := range slices.Backward(phases) {
		if p.Start.Add(-clockGrain) <= n.Start && (p.InProgress || n.Start <= p.End) {
			return p
		}
	}
	return nil
}
