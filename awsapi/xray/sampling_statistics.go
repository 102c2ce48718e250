package xray

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"

	"radiograph"
	"radiograph/awsapi"
)

// maxSummariesPerPage is ours; the service's page size is not documented.
const maxSummariesPerPage = 200

type getSamplingStatisticSummariesInput struct {
	NextToken string
}

type getSamplingStatisticSummariesOutput struct {
	SamplingStatisticSummaries []samplingStatisticSummary
	NextToken                  string `omit:"empty"`
}

type samplingStatisticSummary struct {
	RuleName     string
	Timestamp    radiograph.Timestamp
	RequestCount int32
	BorrowCount  int32
	SampledCount int32
}

// getSamplingStatisticSummaries answers the windows of the last half hour, oldest
// first. A token names the last window of its page, since old windows go away.
func (a *api) getSamplingStatisticSummaries(_ context.Context, r *awsapi.Request, in *getSamplingStatisticSummariesInput) (*getSamplingStatisticSummariesOutput, error) {
	var after radiograph.Timestamp
	var name string
	if in.NextToken != "" {
		b, err := base64.RawURLEncoding.DecodeString(in.NextToken)
		if err == nil {
			_, err = fmt.Sscanf(string(b), "%d %q", (*int64)(&after), &name)
		}
		if err != nil {
			return nil, invalid("NextToken is not valid")
		}
	}
	out := &getSamplingStatisticSummariesOutput{}
	for _, s := range a.rules.Summaries(r.Tenant) {
		if s.Time < after || s.Time == after && s.RuleName <= name {
			continue
		}
		if len(out.SamplingStatisticSummaries) == maxSummariesPerPage {
			last := out.SamplingStatisticSummaries[maxSummariesPerPage-1]
			out.NextToken = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %q", int64(last.Timestamp), last.RuleName))
			break
		}
		out.SamplingStatisticSummaries = append(out.SamplingStatisticSummaries, samplingStatisticSummary{
			RuleName: s.RuleName, Timestamp: s.Time, RequestCount: clamped(s.RequestCount), BorrowCount: clamped(s.Borrowed), SampledCount: clamped(s.SampledCount),
		})
	}
	return out, nil
}

// clamped keeps a count within the wire's 32 bits.
func clamped(n int64) int32 { return int32(min(n, math.MaxInt32)) }
