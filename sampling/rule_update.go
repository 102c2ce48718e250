package sampling

import (
	"context"
	"maps"

	"radiograph"
)

// Update says what is to change of the rule that one of Name and ARN names; nil
// members stay.
type Update struct {
	Name, ARN     string
	ResourceARN   *string
	Priority      *int
	FixedRate     *float64
	ReservoirSize *int
	ServiceName   *string
	ServiceType   *string
	Host          *string
	HTTPMethod    *string
	URLPath       *string
	Attributes    map[string]string // not nil: all of them
	Boost         *radiograph.SamplingRateBoost
}

// Update changes a rule and returns it as it is then. Of Default only FixedRate
// and ReservoirSize can change.
func (r *Rules) Update(ctx context.Context, t radiograph.Tenant, u Update) (*radiograph.SamplingRule, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	old, err := r.one(ctx, t, u.Name, u.ARN)
	if err != nil {
		return nil, err
	}
	rule := *old
	set(&rule.ResourceARN, u.ResourceARN)
	set(&rule.Priority, u.Priority)
	set(&rule.ServiceName, u.ServiceName)
	set(&rule.ServiceType, u.ServiceType)
	set(&rule.Host, u.Host)
	set(&rule.HTTPMethod, u.HTTPMethod)
	set(&rule.URLPath, u.URLPath)
	if u.Attributes != nil {
		rule.Attributes = u.Attributes
	}
	if u.Boost != nil {
		rule.Boost = u.Boost
	}
	if rule.Name == DefaultRuleName && !sameMatch(&rule, old) {
		return nil, invalid("Only FixedRate and ReservoirSize of the Default sampling rule can change")
	}
	set(&rule.FixedRate, u.FixedRate)
	set(&rule.ReservoirSize, u.ReservoirSize)
	if err := Check(&rule); err != nil {
		return nil, err
	}
	rule.Modified = radiograph.TimestampOf(r.clock())
	return &rule, r.save(ctx, t, &rule)
}

func set[T any](member *T, value *T) {
	if value != nil {
		*member = *value
	}
}

// sameMatch reports whether two rules differ at most in rate and reservoir.
func sameMatch(a, b *radiograph.SamplingRule) bool {
	return a.ResourceARN == b.ResourceARN && a.Priority == b.Priority && a.ServiceName == b.ServiceName && a.ServiceType == b.ServiceType &&
		a.Host == b.Host && a.HTTPMethod == b.HTTPMethod && a.URLPath == b.URLPath && maps.Equal(a.Attributes, b.Attributes) && a.Boost == b.Boost
}

// Tags are the tags of the rule with an ARN. An unknown one is an Error of
// KindNotFound.
func (r *Rules) Tags(ctx context.Context, t radiograph.Tenant, arn string) (radiograph.Tags, error) {
	rule, err := r.tagged(ctx, t, arn)
	if err != nil {
		return nil, err
	}
	return rule.Tags, nil
}

// ChangeTags gives the rule with an ARN the tags that edit makes of those it
// has. It does not count as a change of the rule: clients have nothing to fetch.
func (r *Rules) ChangeTags(ctx context.Context, t radiograph.Tenant, arn string, edit func(radiograph.Tags) (radiograph.Tags, error)) error {
	r.changing.Lock()
	defer r.changing.Unlock()
	rule, err := r.tagged(ctx, t, arn)
	if err != nil {
		return err
	}
	if rule.Tags, err = edit(rule.Tags); err != nil {
		return err
	}
	return r.write(ctx, t, rule)
}

func (r *Rules) tagged(ctx context.Context, t radiograph.Tenant, arn string) (*radiograph.SamplingRule, error) {
	rule, err := r.one(ctx, t, "", arn)
	if err != nil && radiograph.ErrorKind(err) == radiograph.KindInvalid {
		return nil, &radiograph.Error{Kind: radiograph.KindNotFound, Message: err.Error(), Err: err}
	}
	return rule, err
}
