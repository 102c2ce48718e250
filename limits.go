package radiograph

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits are the quotas of an account in a region. 0 is no limit. AWS documents
// no request rates of X-Ray's operations besides that of segments.
type Limits struct {
	// SegmentsPerSecond bounds the documents that come by the API and by daemons,
	// with a burst of one second's; a batch beyond it is throttled as a whole.
	SegmentsPerSecond int
	// SegmentBytes bounds one document; a longer one is unprocessed.
	SegmentBytes int
	// TraceBytes bounds the documents of one trace; what comes beyond it is left
	// out, and the trace says LimitExceeded.
	TraceBytes int
	// DataDays is how long ago a document may have started; an older one is
	// unprocessed.
	DataDays int
	// UpdateDays is how long after its first document a trace takes more; later
	// ones are unprocessed.
	UpdateDays int

	SamplingRules       int // besides Default
	Groups              int // besides Default
	Tags                int // of one resource
	ResourcePolicies    int
	ResourcePolicyBytes int // of one document
}

// AWSLimits are X-Ray's documented quotas.
func AWSLimits() Limits {
	return Limits{
		SegmentsPerSecond: 2600, SegmentBytes: 64 << 10, TraceBytes: 500 << 10, DataDays: 30, UpdateDays: 7,
		SamplingRules: 25, Groups: 25, Tags: 50, ResourcePolicies: 5, ResourcePolicyBytes: 5 << 10,
	}
}

// LocalLimits are X-Ray's but for those that only keep a service's machines from
// harm: how fast segments come, how old they are, and how late.
func LocalLimits() Limits {
	l := AWSLimits()
	l.SegmentsPerSecond, l.DataDays, l.UpdateDays = 0, 0, 0
	return l
}

// Limit is one of the Limits.
type Limit struct {
	Name   string // as ParseLimits takes it
	Value  int
	Effect string // what becomes of what is beyond it
}

// limitRow is one member of a Limits.
type limitRow struct {
	name   string
	value  *int
	effect string
}

func (l *Limits) rows() []limitRow {
	return []limitRow{
		{"segments-per-second", &l.SegmentsPerSecond, "ThrottledException, 429"},
		{"segment-bytes", &l.SegmentBytes, "unprocessed: SegmentTooLarge"},
		{"trace-bytes", &l.TraceBytes, "left out; LimitExceeded on the trace"},
		{"data-days", &l.DataDays, "unprocessed: InvalidTraceId"},
		{"update-days", &l.UpdateDays, "unprocessed: InvalidTraceId"},
		{"sampling-rules", &l.SamplingRules, "RuleLimitExceededException, 400"},
		{"groups", &l.Groups, "InvalidRequestException, 400"},
		{"tags", &l.Tags, "TooManyTagsException, 400"},
		{"resource-policies", &l.ResourcePolicies, "PolicyCountLimitExceededException, 400"},
		{"resource-policy-bytes", &l.ResourcePolicyBytes, "PolicySizeLimitExceededException, 400"},
	}
}

// List names all limits with their values.
func (l Limits) List() []Limit {
	var list []Limit
	for _, r := range l.rows() {
		list = append(list, Limit{r.name, *r.value, r.effect})
	}
	return list
}

// ParseLimits reads a list such as "aws" or "local,groups=100": a set, local when
// none is named, and changes to it. 0 and "none" are no limit.
func ParseLimits(text string) (Limits, error) {
	l := LocalLimits()
	for i, part := range strings.Split(text, ",") {
		name, value, given := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case i == 0 && name == "aws" && !given:
			l = AWSLimits()
			continue
		case i == 0 && (name == "local" || name == "") && !given:
			continue
		}
		if err := l.set(name, value); err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *Limits) set(name, value string) error {
	var names []string
	for _, r := range l.rows() {
		if r.name == name {
			n, err := strconv.Atoi(value)
			if value == "none" {
				n, err = 0, nil
			}
			if err != nil || n < 0 {
				return fmt.Errorf("limit %s: want a number from 0, or none", name)
			}
			*r.value = n
			return nil
		}
		names = append(names, r.name)
	}
	return fmt.Errorf("%q is no limit; there are %s", name, strings.Join(names, ", "))
}

// Over reports whether n is beyond a limit.
func Over(n, limit int) bool { return limit > 0 && n > limit }
