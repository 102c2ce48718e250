package filter

import "radiograph"

// durationKeywords are in seconds. Of a segment or a call both are its own
// length; of a trace, responsetime is the root's and duration the whole's. What
// is in progress has no response time.
var durationKeywords = []keyword{
	{name: "responsetime", scopes: anywhere, doc: "seconds until the answer", number: responseTime, field: ResponseTime},
	{name: "duration", scopes: anywhere, doc: "seconds from the first start to the last end", number: duration, field: Duration},
}

func responseTime(s *subject) (float64, bool) {
	if s.entity() != nil {
		return length(s)
	}
	t := s.view.Summary.ResponseTime
	return inSeconds(t), t >= 0
}

func duration(s *subject) (float64, bool) {
	if s.entity() != nil {
		return length(s)
	}
	return inSeconds(s.view.Summary.Duration), true
}

// length is how long a segment or call took.
func length(s *subject) (float64, bool) {
	e := s.entity()
	return inSeconds(max(0, e.End-e.Start)), !e.InProgress
}

// inSeconds is the float64 nearest to d, so that a length of 300 ms equals the
// literal 0.3.
func inSeconds(d radiograph.Timestamp) float64 { return float64(d) / 1e9 }
