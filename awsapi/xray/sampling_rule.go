package xray

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
)

type getSamplingRulesInput struct {
	NextToken string
}

type getSamplingRulesOutput struct {
	SamplingRuleRecords []samplingRuleRecord
}

type samplingRuleRecord struct {
	SamplingRule samplingRule
	CreatedAt    radiograph.Timestamp
	ModifiedAt   radiograph.Timestamp
}

type samplingRule struct {
	RuleName      string
	RuleARN       string
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
}

// getSamplingRules answers all rules in one page: the SDKs read only the first.
func (a *api) getSamplingRules(ctx context.Context, r *awsapi.Request, in *getSamplingRulesInput) (*getSamplingRulesOutput, error) {
	if in.NextToken != "" {
		return nil, invalid("NextToken is not valid")
	}
	rules, err := a.rules.Rules(ctx, r.Tenant)
	if err != nil {
		return nil, err
	}
	out := &getSamplingRulesOutput{}
	for _, s := range rules {
		out.SamplingRuleRecords = append(out.SamplingRuleRecords, samplingRuleRecord{
			CreatedAt: s.Created, ModifiedAt: s.Modified,
			SamplingRule: samplingRule{
				RuleName: s.Name, RuleARN: s.ARN, ResourceARN: s.ResourceARN, Priority: s.Priority, FixedRate: s.FixedRate, ReservoirSize: s.ReservoirSize,
				ServiceName: s.ServiceName, ServiceType: s.ServiceType, Host: s.Host, HTTPMethod: s.HTTPMethod, URLPath: s.URLPath, Version: s.Version, Attributes: s.Attributes,
			},
		})
	}
	return out, nil
}
