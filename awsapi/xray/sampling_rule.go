package xray

import (
	"context"
	"time"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/sampling"
)

type getSamplingRulesInput struct {
	NextToken string
}

type getSamplingRulesOutput struct {
	SamplingRuleRecords []samplingRuleRecord
}

type createSamplingRuleInput struct {
	SamplingRule *newSamplingRule `required:"true"`
	Tags         []tag            `max:"200"`
}

// newSamplingRule is a rule on its way in. Texts may be empty, but not absent.
type newSamplingRule struct {
	RuleName          string `min:"1" max:"32"`
	RuleARN           string
	ResourceARN       *string           `required:"true" max:"500"`
	Priority          *int32            `required:"true" min:"1" max:"9999"`
	FixedRate         *float64          `required:"true" min:"0" max:"1"`
	ReservoirSize     *int32            `required:"true" min:"0"`
	ServiceName       *string           `required:"true" max:"64"`
	ServiceType       *string           `required:"true" max:"64"`
	Host              *string           `required:"true" max:"64"`
	HTTPMethod        *string           `required:"true" max:"10"`
	URLPath           *string           `required:"true" max:"128"`
	Version           *int32            `required:"true" min:"1"`
	Attributes        map[string]string `max:"5"`
	SamplingRateBoost *samplingRateBoost
}

type updateSamplingRuleInput struct {
	SamplingRuleUpdate *samplingRuleUpdate `required:"true"`
}

type samplingRuleUpdate struct {
	RuleName          string `min:"1" max:"32"`
	RuleARN           string
	ResourceARN       *string `max:"500"`
	Priority          *int32
	FixedRate         *float64
	ReservoirSize     *int32
	Host              *string           `max:"64"`
	ServiceName       *string           `max:"64"`
	ServiceType       *string           `max:"64"`
	HTTPMethod        *string           `max:"10"`
	URLPath           *string           `max:"128"`
	Attributes        map[string]string `max:"5"`
	SamplingRateBoost *samplingRateBoost
}

type deleteSamplingRuleInput struct {
	RuleName string
	RuleARN  string
}

// samplingRuleOutput is what the three changes answer: the rule as it is, or was.
type samplingRuleOutput struct {
	SamplingRuleRecord samplingRuleRecord
}

type samplingRuleRecord struct {
	SamplingRule samplingRule
	CreatedAt    radiograph.Timestamp
	ModifiedAt   radiograph.Timestamp
}

type samplingRule struct {
	RuleName          string
	RuleARN           string
	ResourceARN       string
	Priority          int
	FixedRate         float64
	ReservoirSize     int
	ServiceName       string
	ServiceType       string
	Host              string
	HTTPMethod        string
	URLPath           string
	Version           int
	Attributes        map[string]string
	SamplingRateBoost *samplingRateBoost
}

type samplingRateBoost struct {
	MaxRate               *float64 `required:"true" min:"0" max:"1"`
	CooldownWindowMinutes *int32   `required:"true" min:"0"`
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
	for i := range rules {
		out.SamplingRuleRecords = append(out.SamplingRuleRecords, newSamplingRuleRecord(&rules[i]))
	}
	return out, nil
}

func (a *api) createSamplingRule(ctx context.Context, r *awsapi.Request, in *createSamplingRuleInput) (*samplingRuleOutput, error) {
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	s := in.SamplingRule
	rule, err := a.rules.Create(ctx, r.Tenant, radiograph.SamplingRule{
		Name: s.RuleName, ARN: s.RuleARN, ResourceARN: *s.ResourceARN, Priority: int(*s.Priority), FixedRate: *s.FixedRate, ReservoirSize: int(*s.ReservoirSize),
		ServiceName: *s.ServiceName, ServiceType: *s.ServiceType, Host: *s.Host, HTTPMethod: *s.HTTPMethod, URLPath: *s.URLPath, Version: int(*s.Version),
		Attributes: s.Attributes, Boost: s.SamplingRateBoost.domain(), Tags: tags,
	})
	if err != nil {
		return nil, err
	}
	return &samplingRuleOutput{newSamplingRuleRecord(rule)}, nil
}

func (a *api) updateSamplingRule(ctx context.Context, r *awsapi.Request, in *updateSamplingRuleInput) (*samplingRuleOutput, error) {
	u := in.SamplingRuleUpdate
	rule, err := a.rules.Update(ctx, r.Tenant, sampling.Update{
		Name: u.RuleName, ARN: u.RuleARN, ResourceARN: u.ResourceARN, Priority: widened(u.Priority), FixedRate: u.FixedRate, ReservoirSize: widened(u.ReservoirSize),
		ServiceName: u.ServiceName, ServiceType: u.ServiceType, Host: u.Host, HTTPMethod: u.HTTPMethod, URLPath: u.URLPath,
		Attributes: u.Attributes, Boost: u.SamplingRateBoost.domain(),
	})
	if err != nil {
		return nil, err
	}
	return &samplingRuleOutput{newSamplingRuleRecord(rule)}, nil
}

func (a *api) deleteSamplingRule(ctx context.Context, r *awsapi.Request, in *deleteSamplingRuleInput) (*samplingRuleOutput, error) {
	rule, err := a.rules.Delete(ctx, r.Tenant, in.RuleName, in.RuleARN)
	if err != nil {
		return nil, err
	}
	return &samplingRuleOutput{newSamplingRuleRecord(rule)}, nil
}

func newSamplingRuleRecord(s *radiograph.SamplingRule) samplingRuleRecord {
	w := samplingRuleRecord{
		CreatedAt: s.Created, ModifiedAt: s.Modified,
		SamplingRule: samplingRule{
			RuleName: s.Name, RuleARN: s.ARN, ResourceARN: s.ResourceARN, Priority: s.Priority, FixedRate: s.FixedRate, ReservoirSize: s.ReservoirSize,
			ServiceName: s.ServiceName, ServiceType: s.ServiceType, Host: s.Host, HTTPMethod: s.HTTPMethod, URLPath: s.URLPath, Version: s.Version, Attributes: s.Attributes,
		},
	}
	if s.Boost != nil {
		minutes := int32(s.Boost.Cooldown / time.Minute)
		w.SamplingRule.SamplingRateBoost = &samplingRateBoost{MaxRate: &s.Boost.MaxRate, CooldownWindowMinutes: &minutes}
	}
	return w
}

func (b *samplingRateBoost) domain() *radiograph.SamplingRateBoost {
	if b == nil {
		return nil
	}
	return &radiograph.SamplingRateBoost{MaxRate: *b.MaxRate, Cooldown: time.Duration(*b.CooldownWindowMinutes) * time.Minute}
}

func widened(n *int32) *int {
	if n == nil {
		return nil
	}
	wide := int(*n)
	return &wide
}
