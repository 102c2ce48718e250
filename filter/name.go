package filter

// nameKeywords name the thing a block is about. An exception's name is its type.
var nameKeywords = []keyword{
	{name: "name", scopes: inService | onPath, doc: "name of the service, entity or exception", text: name},
	{name: "type", scopes: inService | inCauseService | inEntity, doc: "type of the service", text: serviceType, fold: true},
}

func name(s *subject, found func(string) bool) bool {
	switch s.scope {
	case inService:
		return present(s.segment.Service.Name, found)
	case inCauseService:
		return present(s.step.service.Name, found)
	case inCauseException:
		return present(s.step.exception.Type, found)
	}
	return present(s.step.entity.Name, found)
}

// serviceType is an entity's as well: that of the service it is in.
func serviceType(s *subject, found func(string) bool) bool {
	if s.scope == inService {
		return present(s.segment.Service.Type, found)
	}
	return present(s.step.service.Type, found)
}
