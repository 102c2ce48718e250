package filter

// userKeywords look at the users of any segment.
var userKeywords = []keyword{
	{name: "user", scopes: anywhere, doc: "user a segment names", text: user, field: User},
}

func user(s *subject, found func(string) bool) bool {
	if e := s.entity(); e != nil {
		return present(e.User, found)
	}
	for _, u := range s.view.Summary.Users {
		if found(u.Name) {
			return true
		}
	}
	return false
}
