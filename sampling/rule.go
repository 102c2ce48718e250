// Package sampling decides which requests are recorded.
//
// Rules and reports of what clients did enter; quotas that share a rule's
// reservoir among those clients leave. For functions, single decisions leave.
// The package knows no wire format and keeps no traces.
package sampling

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"radiograph"
)

// DefaultRuleName is the rule that is always there and matches last.
const DefaultRuleName = "Default"

// Rules is central sampling for all tenants. It keeps rules in a
// radiograph.State, of which it must be the only writer of keys under
// "sampling-rule/" and "sampling-modified/"; reservoirs and counts are in memory
// only. Its methods may be called from any goroutine.
type Rules struct {
	state  radiograph.State
	clock  radiograph.Clock
	limits radiograph.Limits
	// started stands in for the time of the last change where there was none.
	// Clients compare that time with the one they last fetched rules at, so it must
	// not move by itself; but those of a server before this one should fetch the
	// rules of this one.
	started radiograph.Timestamp

	changing sync.Mutex // held over every change: read, check, apply

	mu         sync.Mutex
	reservoirs map[ruleKey]*reservoir
	counts     map[ruleKey]*counts
	boosts     map[ruleKey]*boost
}

type ruleKey struct {
	tenant radiograph.Tenant
	rule   string
}

// NewRules makes the rules of all tenants. Every tenant has the Default rule.
func NewRules(state radiograph.State, clock radiograph.Clock, limits radiograph.Limits) *Rules {
	return &Rules{
		state: state, clock: clock, limits: limits,
		started:    radiograph.TimestampOf(clock()),
		reservoirs: make(map[ruleKey]*reservoir),
		counts:     make(map[ruleKey]*counts),
		boosts:     make(map[ruleKey]*boost),
	}
}

// Default is a tenant's Default rule as a new account has it: the first request
// of each second, and 5 % of the others.
func Default(t radiograph.Tenant) radiograph.SamplingRule {
	return radiograph.SamplingRule{
		Name:          DefaultRuleName,
		ARN:           ruleARN(t, DefaultRuleName),
		ResourceARN:   "*",
		Priority:      defaultPriority,
		FixedRate:     0.05,
		ReservoirSize: 1,
		ServiceName:   "*",
		ServiceType:   "*",
		Host:          "*",
		HTTPMethod:    "*",
		URLPath:       "*",
		Version:       ruleVersion,
		Attributes:    map[string]string{},
	}
}

func ruleARN(t radiograph.Tenant, name string) string {
	return fmt.Sprintf("arn:aws:xray:%s:%s:sampling-rule/%s", t.Region, t.Account, name)
}

func keyPrefix(t radiograph.Tenant) string { return "sampling-rule/" + t.String() + "/" }

func modifiedKey(t radiograph.Tenant) string { return "sampling-modified/" + t.String() }

// Rules lists all rules of a tenant by priority, then name; Default is last.
func (r *Rules) Rules(ctx context.Context, t radiograph.Tenant) ([]radiograph.SamplingRule, error) {
	var rules []radiograph.SamplingRule
	changed := false
	for pair, err := range r.state.Scan(ctx, keyPrefix(t)) {
		if err != nil {
			return nil, fmt.Errorf("read sampling rules: %w", err)
		}
		var rule radiograph.SamplingRule
		if err := json.Unmarshal(pair.Value, &rule); err != nil {
			return nil, fmt.Errorf("read sampling rule %s: %w", pair.Key, err)
		}
		changed = changed || rule.Name == DefaultRuleName
		rules = append(rules, rule)
	}
	if !changed {
		rules = append(rules, Default(t))
	}
	slices.SortFunc(rules, func(a, b radiograph.SamplingRule) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Name, b.Name))
	})
	return rules, nil
}

// modified is when a rule of the tenant was last made, changed or deleted.
func (r *Rules) modified(ctx context.Context, t radiograph.Tenant) (radiograph.Timestamp, error) {
	b, err := r.state.Get(ctx, modifiedKey(t))
	if err != nil {
		if radiograph.ErrorKind(err) == radiograph.KindNotFound {
			return r.started, nil
		}
		return 0, fmt.Errorf("read the last change of sampling rules: %w", err)
	}
	var at radiograph.Timestamp
	if err := at.UnmarshalJSON(b); err != nil {
		return 0, fmt.Errorf("read the last change of sampling rules: %w", err)
	}
	return at, nil
}

// Create makes a rule. Name and all that is matched must be given; Version must
// be 1. What X-Ray refuses is an Error of KindInvalid, a rule too many one with
// Code RuleLimitExceededException.
func (r *Rules) Create(ctx context.Context, t radiograph.Tenant, rule radiograph.SamplingRule) (*radiograph.SamplingRule, error) {
	if err := Check(&rule); err != nil {
		return nil, err
	}
	if arn := ruleARN(t, rule.Name); rule.ARN != "" && rule.ARN != arn {
		return nil, invalid("RuleARN of a new rule %q must be absent or %s", rule.Name, arn)
	}
	tags, err := radiograph.Tags(nil).With(rule.Tags, r.limits.Tags)
	if err != nil {
		return nil, err
	}
	rule.Tags = tags
	r.changing.Lock()
	defer r.changing.Unlock()
	rules, err := r.Rules(ctx, t)
	if err != nil {
		return nil, err
	}
	switch {
	case find(rules, rule.Name) != nil:
		return nil, invalid("A sampling rule with the name %q already exists", rule.Name)
	case radiograph.Over(len(rules), r.limits.SamplingRules):
		e := radiograph.Errorf(radiograph.KindInvalid, "A region has at most %d custom sampling rules", r.limits.SamplingRules)
		e.Code = "RuleLimitExceededException"
		return nil, e
	}
	rule.ARN = ruleARN(t, rule.Name)
	rule.Created = radiograph.TimestampOf(r.clock())
	rule.Modified = rule.Created
	return &rule, r.save(ctx, t, &rule)
}

// Delete removes a rule, named by one of name and ARN, and returns it as it was.
func (r *Rules) Delete(ctx context.Context, t radiograph.Tenant, name, arn string) (*radiograph.SamplingRule, error) {
	r.changing.Lock()
	defer r.changing.Unlock()
	rule, err := r.one(ctx, t, name, arn)
	if err != nil {
		return nil, err
	}
	if rule.Name == DefaultRuleName {
		return nil, invalid("The Default sampling rule cannot be deleted")
	}
	// Its reservoir stays until the quotas are over: a rule of the same name may
	// come back before.
	err = r.state.Apply(ctx,
		radiograph.Change{Key: keyPrefix(t) + rule.Name},
		radiograph.Change{Key: modifiedKey(t), Value: radiograph.TimestampOf(r.clock()).AppendSeconds(nil)})
	if err != nil {
		return nil, fmt.Errorf("delete sampling rule %s: %w", rule.Name, err)
	}
	return rule, nil
}

// save stores a rule as changed at its Modified, under r.changing.
func (r *Rules) save(ctx context.Context, t radiograph.Tenant, rule *radiograph.SamplingRule) error {
	return r.write(ctx, t, rule, radiograph.Change{Key: modifiedKey(t), Value: rule.Modified.AppendSeconds(nil)})
}

// write stores a rule and what is to change with it.
func (r *Rules) write(ctx context.Context, t radiograph.Tenant, rule *radiograph.SamplingRule, more ...radiograph.Change) error {
	b, err := json.Marshal(rule)
	if err == nil {
		err = r.state.Apply(ctx, append(more, radiograph.Change{Key: keyPrefix(t) + rule.Name, Value: b})...)
	}
	if err != nil {
		return fmt.Errorf("write sampling rule %s: %w", rule.Name, err)
	}
	return nil
}

// one finds a rule by exactly one of name and ARN.
func (r *Rules) one(ctx context.Context, t radiograph.Tenant, name, arn string) (*radiograph.SamplingRule, error) {
	if (name == "") == (arn == "") {
		return nil, invalid("A sampling rule must be named by either RuleName or RuleARN")
	}
	if arn != "" {
		var ok bool
		if name, ok = strings.CutPrefix(arn, ruleARN(t, "")); !ok || name == "" {
			return nil, invalid("There is no sampling rule with the ARN %.500q", arn)
		}
	}
	rules, err := r.Rules(ctx, t)
	if err != nil {
		return nil, err
	}
	rule := find(rules, name)
	if rule == nil {
		return nil, invalid("There is no sampling rule with the name %.100q", name)
	}
	return rule, nil
}

func find(rules []radiograph.SamplingRule, name string) *radiograph.SamplingRule {
	for i := range rules {
		if rules[i].Name == name {
			return &rules[i]
		}
	}
	return nil
}

func invalid(format string, args ...any) error {
	return radiograph.Errorf(radiograph.KindInvalid, format, args...)
}
