package console

import "radiograph"

// status is an outcome as the pages show it. Its mark and its word tell it
// without colour.
type status struct {
	Class string // CSS class, the word in addresses
	Mark  string // a shape of its own
	Word  string
}

// The outcomes.
var (
	statusOK       = status{"ok", "●", "OK"}
	statusError    = status{"error", "▲", "Error"}
	statusFault    = status{"fault", "✕", "Fault"}
	statusThrottle = status{"throttle", "◆", "Throttle"}
	statusPending  = status{"pending", "◌", "In progress"}
)

var allStatuses = []status{statusOK, statusError, statusFault, statusThrottle, statusPending}

// rowStatus is the outcome of a timeline row.
func rowStatus(word string) status {
	switch word {
	case "Error":
		return statusError
	case "Fault":
		return statusFault
	case "Throttle":
		return statusThrottle
	case "Pending":
		return statusPending
	}
	return statusOK
}

// nodeStatus is the outcome of one segment or subsegment, as its row in the
// timeline says it; a throttle is also an error.
func nodeStatus(n *radiograph.Node) status {
	switch {
	case n.InProgress:
		return statusPending
	case n.Fault:
		return statusFault
	case n.Throttle:
		return statusThrottle
	case n.Error:
		return statusError
	}
	return statusOK
}

// summaryStatuses are a trace's outcomes: what went wrong, worst first, and
// whether it is still in progress; OK when neither.
func summaryStatuses(s *radiograph.Summary) []status {
	var out []status
	if s.HasFault {
		out = append(out, statusFault)
	}
	if s.HasThrottle {
		out = append(out, statusThrottle)
	}
	if s.HasError && !s.HasThrottle {
		out = append(out, statusError)
	}
	if s.IsPartial {
		out = append(out, statusPending)
	}
	if len(out) == 0 {
		out = append(out, statusOK)
	}
	return out
}
