package filter

import "radiograph"

// pathKeywords look at one step of a root cause's path.
var pathKeywords = []keyword{
	{name: "first", scopes: onPath, doc: "the first on the path", flag: func(s *subject) radiograph.Verdict {
		return radiograph.VerdictOf(s.step.index == 0)
	}},
	{name: "last", scopes: onPath, doc: "the last on the path", flag: func(s *subject) radiograph.Verdict {
		return radiograph.VerdictOf(s.step.index == s.step.count-1)
	}},
	{name: "index", scopes: onPath, doc: "place on the path, from 0", number: func(s *subject) (float64, bool) {
		return float64(s.step.index), true
	}},
	{name: "remote", scopes: inEntity | inCauseException, doc: "a call to, or an exception of, another service", flag: func(s *subject) radiograph.Verdict {
		if s.scope == inCauseException {
			return radiograph.VerdictOf(s.step.exception.Remote)
		}
		return radiograph.VerdictOf(s.step.entity.Remote)
	}},
	{name: "coverage", scopes: inSlowCauseEntity, doc: "share of the root's response time, 0 to 1", number: func(s *subject) (float64, bool) {
		return s.step.entity.Coverage, true
	}},
	{name: "message", scopes: inCauseException, doc: "message of the exception", text: func(s *subject, found func(string) bool) bool {
		return present(s.step.exception.Message, found)
	}},
}

// step is one service, entity or exception on the path of a root cause. A path's
// entities count through all its services, and its exceptions through all its
// entities.
type step struct {
	index, count int
	service      *radiograph.RootCauseService
	entity       *radiograph.RootCauseEntity // of entity and exception steps
	exception    *radiograph.Exception       // of exception steps
}

// steps calls found for each step of a cause that a block in scope is about,
// until it reports true, and reports whether it did.
func steps(c *radiograph.RootCause, in scope, found func(step) bool) bool {
	count := 0
	for i := range c.Services {
		count += weight(&c.Services[i], in)
	}
	at := step{count: count}
	for i := range c.Services {
		at.service = &c.Services[i]
		if in == inCauseService {
			if found(at) {
				return true
			}
			at.index++
			continue
		}
		for j := range at.service.Entities {
			at.entity = &at.service.Entities[j]
			if in != inCauseException {
				if found(at) {
					return true
				}
				at.index++
				continue
			}
			for k := range at.entity.Exceptions {
				at.exception = &at.entity.Exceptions[k]
				if found(at) {
					return true
				}
				at.index++
			}
		}
	}
	return false
}

// weight is how many steps a service is.
func weight(s *radiograph.RootCauseService, in scope) int {
	switch in {
	case inCauseService:
		return 1
	case inCauseException:
		n := 0
		for i := range s.Entities {
			n += len(s.Entities[i].Exceptions)
		}
		return n
	}
	return len(s.Entities)
}
