package xray

import (
	"context"
	"strings"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/filter"
	"radiograph/query"
)

type getTimeSeriesInput struct {
	StartTime                *radiograph.Timestamp `required:"true"`
	EndTime                  *radiograph.Timestamp `required:"true"`
	GroupName                string                `min:"1" max:"32"`
	GroupARN                 string                `min:"1" max:"400"`
	EntitySelectorExpression *string               `min:"1" max:"500"`
	Period                   *int32                // seconds
	ForecastStatistics       bool
	NextToken                string
}

type getTimeSeriesOutput struct {
	TimeSeriesServiceStatistics []timeSeriesStatistics
	ContainsOldGroupVersions    bool
	NextToken                   string `omit:"empty"`
}

// timeSeriesStatistics has one of the two statistics.
type timeSeriesStatistics struct {
	Timestamp                 radiograph.Timestamp
	EdgeSummaryStatistics     *statistics
	ServiceSummaryStatistics  *statistics
	ServiceForecastStatistics *forecastStatistics
	ResponseTimeHistogram     histogram
}

type forecastStatistics struct{ FaultCountHigh, FaultCountLow int64 }

func (a *api) getTimeSeriesServiceStatistics(ctx context.Context, r *awsapi.Request, in *getTimeSeriesInput) (*getTimeSeriesOutput, error) {
	g, err := a.scope(ctx, r.Tenant, in.GroupName, in.GroupARN)
	if err != nil {
		return nil, err
	}
	q := query.SeriesQuery{From: *in.StartTime, To: *in.EndTime, Group: g, Forecast: in.ForecastStatistics, Token: in.NextToken}
	if in.Period != nil {
		if q.Period = time.Duration(*in.Period) * time.Second; q.Period <= 0 {
			return nil, invalid("Period must be a multiple of 60")
		}
	}
	if in.EntitySelectorExpression != nil {
		if strings.TrimSpace(*in.EntitySelectorExpression) == "" {
			return nil, invalid("EntitySelectorExpression must not be empty")
		}
		selector, err := filter.ParseSelector(*in.EntitySelectorExpression)
		if err != nil {
			return nil, err
		}
		q.Selector = selector
	}
	series, err := a.engine.Series(ctx, r.Tenant, q)
	if err != nil {
		return nil, err
	}
	out := &getTimeSeriesOutput{NextToken: series.Token, ContainsOldGroupVersions: series.OldGroupVersions}
	for _, p := range series.Points {
		w, numbers := timeSeriesStatistics{Timestamp: p.Time, ResponseTimeHistogram: newHistogram(p.Histogram)}, newStatistics(p.Statistics)
		if series.Nodes {
			w.ServiceSummaryStatistics = &numbers
		} else {
			w.EdgeSummaryStatistics = &numbers
		}
		if p.Forecast != nil {
			w.ServiceForecastStatistics = &forecastStatistics{FaultCountHigh: p.Forecast.High, FaultCountLow: p.Forecast.Low}
		}
		out.TimeSeriesServiceStatistics = append(out.TimeSeriesServiceStatistics, w)
	}
	return out, nil
}
