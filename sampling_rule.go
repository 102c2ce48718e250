package radiograph

import (
	"context"
	"time"
)

// SamplingRule is one X-Ray sampling rule.
type SamplingRule struct {
	Name          string
	ARN           string
	ResourceARN   string
	Priority      int
	FixedRate     float64
	ReservoirSize int
	ServiceName   string
	ServiceType   string
	Host          string
	HTTPMethod    string
	URLPath       string
	Version       int
	Attributes    map[string]string
	Created       Timestamp
	Modified      Timestamp
}

// SamplingStatistics is what one client did under one rule since its last
// report.
type SamplingStatistics struct {
	RuleName                             string
	ClientID                             string // 24 hex digits
	Time                                 Timestamp
	RequestCount, SampledCount, Borrowed int64
}

// SamplingTarget is what a client may do until its next report.
type SamplingTarget struct {
	RuleName  string
	FixedRate float64
	Quota     int           // requests per second from the reservoir
	QuotaTTL  Timestamp     // when the quota ends
	Interval  time.Duration // until the next report
}

// UnprocessedStatistics tells why a report was not taken.
type UnprocessedStatistics struct {
	RuleName, Code, Message string
}

// SamplingRules is central sampling. Implemented by package sampling.
type SamplingRules interface {
	// Rules lists all rules of a tenant by priority, then name; Default is last.
	Rules(ctx context.Context, t Tenant) ([]SamplingRule, error)
	// Targets takes reports and grants quotas; modified is when a rule was last
	// changed.
	Targets(ctx context.Context, t Tenant, reports []SamplingStatistics) (targets []SamplingTarget, unprocessed []UnprocessedStatistics, modified Timestamp, err error)
}

// FunctionSampler decides for Active functions when upstream did not: 1 request
// a second, then 5 %, not configurable. Implemented by package sampling.
type FunctionSampler interface {
	// Sample decides for one request to a function. reservoir tells whether the
	// second's first request was taken.
	Sample(t Tenant, function string, now time.Time) (sampled, reservoir bool)
}
