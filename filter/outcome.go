package filter

import "radiograph"

// outcomeKeywords say how a request ended: of the trace, how its root did;
// throttle, whether any segment was throttled, as HasThrottle says.
var outcomeKeywords = []keyword{
	{name: "ok", scopes: anywhere, doc: "answered without error, fault or throttling", flag: isOK},
	{name: "error", scopes: anywhere, doc: "answered 4xx", flag: isError, field: HasError},
	{name: "throttle", scopes: anywhere, doc: "answered 429", flag: isThrottle, field: HasThrottle},
	{name: "fault", scopes: anywhere, doc: "answered 5xx", flag: isFault, field: HasFault},
}

// isOK wants an answer: what is in progress is not ok yet.
func isOK(s *subject) radiograph.Verdict {
	if e := s.entity(); e != nil {
		return radiograph.VerdictOf(succeeded(e))
	}
	switch sum := s.view.Summary; {
	case sum.ResponseTime < 0, sum.HasFault, sum.HasError:
		return radiograph.No
	case !sum.HasThrottle:
		return radiograph.Yes
	case !s.view.Whole: // perhaps it is only a segment further down that was throttled
		return radiograph.Undecided
	}
	return radiograph.VerdictOf(s.view.Root != nil && succeeded(s.view.Root.Entity))
}

func succeeded(e *radiograph.Entity) bool {
	return !e.InProgress && !e.Error && !e.Fault && !e.Throttle
}

func isError(s *subject) radiograph.Verdict {
	if e := s.entity(); e != nil {
		return radiograph.VerdictOf(e.Error)
	}
	return radiograph.VerdictOf(s.view.Summary.HasError)
}

func isThrottle(s *subject) radiograph.Verdict {
	if e := s.entity(); e != nil {
		return radiograph.VerdictOf(e.Throttle)
	}
	return radiograph.VerdictOf(s.view.Summary.HasThrottle)
}

func isFault(s *subject) radiograph.Verdict {
	if e := s.entity(); e != nil {
		return radiograph.VerdictOf(e.Fault)
	}
	return radiograph.VerdictOf(s.view.Summary.HasFault)
}
