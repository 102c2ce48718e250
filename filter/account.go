package filter

// accountKeywords look at the accounts of services: of any in the trace, of the
// callee of a call.
var accountKeywords = []keyword{
	{name: "account.id", scopes: anywhere | inCauseService | inEntity, doc: "AWS account of a service", text: accountID},
}

func accountID(s *subject, found func(string) bool) bool {
	switch s.scope {
	case inService:
		return present(s.account(s.segment.Service), found)
	case inEdge:
		return present(s.account(s.call.To), found)
	case inTrace:
		for _, id := range s.view.Summary.ServiceIDs {
			if present(s.account(id), found) {
				return true
			}
		}
		return false
	}
	return present(s.account(s.step.service.ServiceID), found)
}
