package filter

import "radiograph"

// stateKeywords say what is known of a request and its place in the trace.
var stateKeywords = []keyword{
	{name: "partial", scopes: anywhere, doc: "still in progress", flag: isPartial, field: IsPartial},
	{name: "inferred", scopes: anywhere | inCauseService | inEntity, doc: "known only from the caller", flag: isInferred},
	{name: "root", scopes: inService | inCauseService | inEntity, doc: "where the trace begins", flag: isRoot},
}

func isPartial(s *subject) radiograph.Verdict {
	if e := s.entity(); e != nil {
		return radiograph.VerdictOf(e.InProgress)
	}
	return radiograph.VerdictOf(s.view.Summary.IsPartial)
}

// isInferred is, of a trace, whether it has inferred segments, and of a call,
// whether its callee's is one.
func isInferred(s *subject) radiograph.Verdict {
	switch s.scope {
	case inService:
		return radiograph.VerdictOf(s.segment.Inferred)
	case inEdge:
		return radiograph.VerdictOf(s.call.Callee.Inferred)
	case inTrace:
		if !s.view.Whole {
			return radiograph.Undecided
		}
		for i := range s.view.Segments {
			if s.view.Segments[i].Inferred {
				return radiograph.Yes
			}
		}
		return radiograph.No
	}
	return radiograph.VerdictOf(s.step.service.Inferred)
}

// isRoot is, on the path of a root cause, whether it is the first: paths begin
// at the root.
func isRoot(s *subject) radiograph.Verdict {
	if s.scope == inService {
		return radiograph.VerdictOf(s.segment.Node == s.view.Root)
	}
	return radiograph.VerdictOf(s.step.index == 0)
}
