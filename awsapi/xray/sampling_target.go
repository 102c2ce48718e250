package xray

import (
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
	SampledCount *int32                `required:"true" min:"0"`
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
}

type unprocessedStatistics struct {
	RuleName  string
	ErrorCode string
	Message   string
}

func (a *api) getSamplingTargets(ctx context.Context, r *awsapi.Request, in *getSamplingTargetsInput) (*getSamplingTargetsOutput, error) {
	reports := make([]radiograph.SamplingStatistics, len(in.SamplingStatisticsDocuments))
	for i, d := range in.SamplingStatisticsDocuments {
		reports[i] = radiograph.SamplingStatistics{
			RuleName: d.RuleName, ClientID: d.ClientID, Time: *d.Timestamp,
			RequestCount: int64(*d.RequestCount), SampledCount: int64(*d.SampledCount), Borrowed: int64(d.BorrowCount),
		}
	}
	targets, unprocessed, modified, err := a.rules.Targets(ctx, r.Tenant, reports)
	if err != nil {
		return nil, err
	}
	out := &getSamplingTargetsOutput{LastRuleModification: modified}
	for _, t := range targets {
		out.SamplingTargetDocuments = append(out.SamplingTargetDocuments, samplingTarget{
			RuleName: t.RuleName, FixedRate: t.FixedRate, ReservoirQuota: t.Quota, ReservoirQuotaTTL: t.QuotaTTL, Interval: int(t.Interval / time.Second),
		})
	}
	for _, u := range unprocessed {
		out.UnprocessedStatistics = append(out.UnprocessedStatistics, unprocessedStatistics{RuleName: u.RuleName, ErrorCode: u.Code, Message: u.Message})
	}
	for _, d := range in.SamplingBoostStatisticsDocuments {
		out.UnprocessedBoostStatistics = append(out.UnprocessedBoostStatistics, unprocessedStatistics{
			RuleName: d.RuleName, ErrorCode: "400", Message: "radiograph does not serve sampling boosts yet",
		})
	}
	return out, nil
}
