package xray

import (
	"context"

	"radiograph"
	"radiograph/awsapi"
	"radiograph/settings"
)

type getIndexingRulesInput struct {
	NextToken string
}

type getIndexingRulesOutput struct {
	IndexingRules []indexingRule
}

type updateIndexingRuleInput struct {
	Name string              `required:"true"`
	Rule *indexingRuleUpdate `required:"true"`
}

// indexingRuleUpdate is a union of one member.
type indexingRuleUpdate struct {
	Probabilistic *probabilisticRuleUpdate
}

type probabilisticRuleUpdate struct {
	DesiredSamplingPercentage *float64 `required:"true"`
}

type updateIndexingRuleOutput struct {
	IndexingRule indexingRule
}

type indexingRule struct {
	Name       string
	ModifiedAt radiograph.Timestamp
	Rule       indexingRuleValue
}

type indexingRuleValue struct {
	Probabilistic probabilisticRule
}

type probabilisticRule struct {
	DesiredSamplingPercentage float64
	ActualSamplingPercentage  float64
}

func (a *api) getIndexingRules(ctx context.Context, r *awsapi.Request, in *getIndexingRulesInput) (*getIndexingRulesOutput, error) {
	if in.NextToken != "" {
		return nil, invalid("NextToken is not valid")
	}
	rule, err := a.settings.IndexingRule(ctx, r.Tenant)
	if err != nil {
		return nil, err
	}
	return &getIndexingRulesOutput{[]indexingRule{newIndexingRule(rule)}}, nil
}

func (a *api) updateIndexingRule(ctx context.Context, r *awsapi.Request, in *updateIndexingRuleInput) (*updateIndexingRuleOutput, error) {
	if in.Rule.Probabilistic == nil {
		return nil, invalid("Rule.Probabilistic must be given")
	}
	rule, err := a.settings.SetIndexingRule(ctx, r.Tenant, in.Name, *in.Rule.Probabilistic.DesiredSamplingPercentage)
	if err != nil {
		return nil, aboutResource(err, in.Name)
	}
	return &updateIndexingRuleOutput{newIndexingRule(rule)}, nil
}

func newIndexingRule(r *settings.IndexingRule) indexingRule {
	return indexingRule{
		Name: settings.IndexingRuleName, ModifiedAt: r.Changed,
		Rule: indexingRuleValue{probabilisticRule{DesiredSamplingPercentage: r.Desired, ActualSamplingPercentage: settings.ActualPercentage}},
	}
}
