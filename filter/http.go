package filter

// httpKeywords look at the root's request, in blocks at the segment's or call's
// own.
var httpKeywords = []keyword{
	{name: "http.status", scopes: anywhere, doc: "response status", field: HTTPStatus, number: func(s *subject) (float64, bool) {
		status := s.http().Status
		return float64(status), status != 0
	}},
	{name: "http.url", scopes: anywhere, doc: "request URL", field: HTTPURL, text: func(s *subject, found func(string) bool) bool {
		return present(s.http().URL, found)
	}},
	{name: "http.method", scopes: anywhere, doc: "request method", field: HTTPMethod, text: func(s *subject, found func(string) bool) bool {
		return present(s.http().Method, found)
	}},
	{name: "http.useragent", scopes: anywhere, doc: "client's user agent", field: HTTPUserAgent, text: func(s *subject, found func(string) bool) bool {
		return present(s.http().UserAgent, found)
	}},
	{name: "http.clientip", scopes: anywhere, doc: "client's address", field: HTTPClientIP, text: func(s *subject, found func(string) bool) bool {
		return present(s.http().ClientIP, found)
	}},
}

// present asks found unless the value is absent.
func present(v string, found func(string) bool) bool { return v != "" && found(v) }
