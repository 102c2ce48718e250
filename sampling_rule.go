package radiograph

import "time"

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
	Boost         *SamplingRateBoost // nil: the rate is never raised
	Created       Timestamp
	Modified      Timestamp
	Tags          Tags
}

// SamplingRateBoost lets X-Ray raise a rule's rate for a while when anomalies
// are missed.
type SamplingRateBoost struct {
	MaxRate  float64
	Cooldown time.Duration // from one boost to the next
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
	Boost     *SamplingBoost
}

// SamplingBoost is a raised rate and when it ends.
type SamplingBoost struct {
	Rate float64
	TTL  Timestamp
}

// SamplingBoostStatistics is what one client saw of anomalies under one rule
// since its last report.
type SamplingBoostStatistics struct {
	RuleName, Service                  string
	Time                               Timestamp
	Anomalies, Total, SampledAnomalies int64
}

// SamplingReport is what a client tells of itself. Both lists are optional.
type SamplingReport struct {
	Statistics []SamplingStatistics
	Boosts     []SamplingBoostStatistics
}

// SamplingAnswer is what a client gets for a report.
type SamplingAnswer struct {
	Targets           []SamplingTarget
	Unprocessed       []UnprocessedStatistics
	UnprocessedBoosts []UnprocessedStatistics
	// Modified is when a rule was last made, changed or deleted.
	Modified Timestamp
}

// SamplingSummary counts what clients reported of one rule in one window.
// Whether SampledCount has the borrowed requests in it depends on the SDK.
type SamplingSummary struct {
	RuleName                             string
	Time                                 Timestamp // the window's start
	RequestCount, SampledCount, Borrowed int64
}

// UnprocessedStatistics tells why a report was not taken.
type UnprocessedStatistics struct {
	RuleName, Code, Message string
}

// FunctionSampler decides for Active functions when upstream did not: 1 request
// a second, then 5 %, not configurable. Implemented by package sampling.
type FunctionSampler interface {
	// Sample decides for one request to a function. reservoir tells whether the
	// second's first request was taken.
	Sample(t Tenant, function string, now time.Time) (sampled, reservoir bool)
}
