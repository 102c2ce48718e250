package xray

import (
	"cmp"
	"context"
	"time"

	"radiograph"
	"radiograph/awsapi"
)

type getSamplingTargetsInput struct {
	SamplingStatisticsDocuments      []samplingStatistics      `required:"true" max:"25"`
	SamplingBoostStatisticsDocuments []samplingBoostStatistics `max:"25"`
}

type samplingStatistics struct {
	RuleName     string                `required:"true" min:"1" max:"32"`
	ClientID     string                `required:"true" min:"24" max:"24"`
	Timestamp    *radiograph.Timestamp `required:"true"`
	RequestCount *int32                `required:"true" min:"0"`
	SampledCount *int32                `min:"0"` // must be given, by this name or the next
	SampleCount  *int32                `min:"0"` // how ADOT's sampler for Python spells it
	BorrowCount  int32                 `min:"0"`
}

type samplingBoostStatistics struct {
	RuleName            string                `required:"true" min:"1" max:"32"`
	ServiceName         *string               `required:"true" max:"64"`
	Timestamp           *radiograph.Timestamp `required:"true"`
	AnomalyCount        *int32                `required:"true" min:"0"`
	TotalCount          *int32                `required:"true" min:"0"`
	SampledAnomalyCount *int32                `required:"true" min:"0"`
}

type getSamplingTargetsOutput struct {
	SamplingTargetDocuments    []samplingTarget
	LastRuleModification       radiograph.Timestamp // always: the Python SDK indexes it
	UnprocessedStatistics      []unprocessedStatistics
	UnprocessedBoostStatistics []unprocessedStatistics
}

type samplingTarget struct {
	RuleName          string
	FixedRate         float64
	ReservoirQuota    int
	ReservoirQuotaTTL radiograph.Timestamp
	Interval          int // seconds
	SamplingBoost     *samplingBoost
}

type samplingBoost struct {
	BoostRate    float64
	BoostRateTTL radiograph.Timestamp
}

type unprocessedStatistics struct {
	RuleName  string
	ErrorCode string
	Message   string
}

func (a *api) getSamplingTargets(ctx context.Context, r *awsapi.Request, in *getSamplingTargetsInput) (*getSamplingTargetsOutput, error) {
	var report radiograph.SamplingReport
	for i, d := range in.SamplingStatisticsDocuments {
		sampled := cmp.Or(d.SampledCount, d.SampleCount)
		if sampled == nil {
			return nil, invalid("1 validation error detected: Value null at 'samplingStatisticsDocuments.%d.member.sampledCount' failed to satisfy constraint: Member must not be null", i+1)
		}
		report.Statistics = append(report.Statistics, radiograph.SamplingStatistics{
			RuleName: d.RuleName, ClientID: d.ClientID, Time: *d.Timestamp,
			RequestCount: int64(*d.RequestCount), SampledCount: int64(*sampled), Borrowed: int64(d.BorrowCount),
		})
	}
	for _, d := range in.SamplingBoostStatisticsDocuments {
		report.Boosts = append(report.Boosts, radiograph.SamplingBoostStatistics{
			RuleName: d.RuleName, Service: *d.ServiceName, Time: *d.Timestamp,
			Anomalies: int64(*d.AnomalyCount), Total: int64(*d.TotalCount), SampledAnomalies: int64(*d.SampledAnomalyCount),
		})
	}
	answer, err := a.rules.Targets(ctx, r.Tenant, report)
	if err != nil {
		return nil, err
	}
	out := &getSamplingTargetsOutput{
		LastRuleModification:       answer.Modified,
		UnprocessedStatistics:      newUnprocessedStatistics(answer.Unprocessed),
		UnprocessedBoostStatistics: newUnprocessedStatistics(answer.UnprocessedBoosts),
	}
	for _, t := range answer.Targets {
		target := samplingTarget{
			RuleName: t.RuleName, FixedRate: t.FixedRate, ReservoirQuota: t.Quota, ReservoirQuotaTTL: t.QuotaTTL, Interval: int(t.Interval / time.Second),
		}
		if t.Boost != nil {
			target.SamplingBoost = &samplingBoost{BoostRate: t.Boost.Rate, BoostRateTTL: t.Boost.TTL}
		}
		out.SamplingTargetDocuments = append(out.SamplingTargetDocuments, target)
	}
	return out, nil
}

func newUnprocessedStatistics(list []radiograph.UnprocessedStatistics) []unprocessedStatistics {
	out := make([]unprocessedStatistics, len(list))
	for i, u := range list {
		out[i] = unprocessedStatistics{RuleName: u.RuleName, ErrorCode: u.Code, Message: u.Message}
	}
	return out
}
