package sampling

import (
	"strings"

	"radiograph"
)

// Request is what rules look at of a request: the segment that would record it.
// What is not known ("") matches any pattern, as in the X-Ray SDKs.
type Request struct {
	Service string // name of the segment
	Type    string // its origin
	Host    string
	Method  string
	Path    string // of the URL
}

// Match is the first of some rules, which come by priority, that wants a request;
// nil when none does. Like the X-Ray SDKs it passes over rules for one resource
// or with attributes, which only services in front of an application know.
func Match(rules []radiograph.SamplingRule, r Request) *radiograph.SamplingRule {
	for i := range rules {
		if rule := &rules[i]; applies(rule) &&
			like(rule.ServiceName, r.Service) && like(rule.ServiceType, r.Type) &&
			like(rule.Host, r.Host) && like(rule.HTTPMethod, r.Method) && like(rule.URLPath, r.Path) {
			return rule
		}
	}
	return nil
}

// applies reports whether an SDK looks at a rule at all.
func applies(r *radiograph.SamplingRule) bool {
	return r.Version == ruleVersion && r.ResourceARN == "*" && len(r.Attributes) == 0
}

func like(pattern, s string) bool {
	return s == "" || radiograph.Wildcard(strings.ToLower(pattern), strings.ToLower(s))
}
