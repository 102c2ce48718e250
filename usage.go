package radiograph

import "fmt"

// Usage is a dimension X-Ray bills for, counted in traces.
type Usage uint8

// The dimensions (X-Ray price page).
const (
	TracesRecorded  Usage = iota // distinct trace ids that were stored
	TracesRetrieved              // read whole, or matched by a group
	TracesScanned                // looked at for summaries
	InsightTraces                // processed for insights
)

var usageNames = [...]string{"recorded", "retrieved", "scanned", "insights"}

// String names the dimension.
func (u Usage) String() string {
	if int(u) < len(usageNames) {
		return usageNames[u]
	}
	return fmt.Sprintf("usage %d", u)
}

// Meter counts what X-Ray would bill for. Implemented by package meter.
type Meter interface {
	// Count adds traces to what a tenant has used in the present month. It does no
	// I/O and never fails.
	Count(t Tenant, u Usage, traces int)
}
