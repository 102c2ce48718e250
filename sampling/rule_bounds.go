package sampling

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"radiograph"
)

// Bounds of a rule's members, of the public model.
const (
	maxPriority     = 9999
	defaultPriority = 10000 // the Default rule alone
	ruleVersion     = 1     // the only one that exists
	maxAttributes   = 5
	maxAttribute    = 32 // characters of a key or a value
)

// Check holds a rule against the bounds. The API checks most of them on its own
// at creation; the model has none for updates.
func Check(r *radiograph.SamplingRule) error {
	for _, text := range []struct {
		member, value string
		most          int
	}{
		{"RuleName", r.Name, 32},
		{"ResourceARN", r.ResourceARN, 500},
		{"ServiceName", r.ServiceName, 64},
		{"ServiceType", r.ServiceType, 64},
		{"Host", r.Host, 64},
		{"HTTPMethod", r.HTTPMethod, 10},
		{"URLPath", r.URLPath, 128},
	} {
		if utf8.RuneCountInString(text.value) > text.most {
			return invalid("%s must have at most %d characters", text.member, text.most)
		}
		if strings.IndexFunc(text.value, unicode.IsControl) >= 0 {
			return invalid("%s must not have control characters", text.member)
		}
	}
	switch {
	case strings.TrimSpace(r.Name) == "":
		return invalid("RuleName must be given")
	case r.Version != ruleVersion:
		return invalid("Version must be %d", ruleVersion)
	case (r.Priority < 1 || r.Priority > maxPriority) && r.Name != DefaultRuleName:
		return invalid("Priority must be between 1 and %d", maxPriority)
	case !isRate(r.FixedRate):
		return invalid("FixedRate must be between 0 and 1")
	case r.ReservoirSize < 0 || r.ReservoirSize > math.MaxInt32:
		return invalid("ReservoirSize must not be negative")
	case len(r.Attributes) > maxAttributes:
		return invalid("Attributes must have at most %d entries", maxAttributes)
	case r.Boost != nil && !isRate(r.Boost.MaxRate):
		return invalid("SamplingRateBoost.MaxRate must be between 0 and 1")
	case r.Boost != nil && r.Boost.Cooldown < 0:
		return invalid("SamplingRateBoost.CooldownWindowMinutes must not be negative")
	}
	for key, value := range r.Attributes {
		if !isAttribute(key) || !isAttribute(value) {
			return invalid("Keys and values of Attributes must have 1 to %d characters", maxAttribute)
		}
	}
	return nil
}

func isRate(f float64) bool { return 0 <= f && f <= 1 }

func isAttribute(s string) bool { return s != "" && utf8.RuneCountInString(s) <= maxAttribute }
