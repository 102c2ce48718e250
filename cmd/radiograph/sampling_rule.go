package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"radiograph"
	"radiograph/sampling"
)

// ruleDocument is a sampling rule in the form of the API and the AWS CLI. What
// must be given is a pointer.
type ruleDocument struct {
	RuleName          string
	RuleARN           string
	ResourceARN       *string
	Priority          *int
	FixedRate         *float64
	ReservoirSize     *int
	ServiceName       *string
	ServiceType       *string
	Host              *string
	HTTPMethod        *string
	URLPath           *string
	Version           *int
	Attributes        map[string]string
	SamplingRateBoost json.RawMessage // depends on anomalies; no part of a simulation
}

// readSamplingRules reads a file of rules: what get-sampling-rules prints, what
// create-sampling-rule takes, a list of either, or {"SamplingRules": [...]}.
func readSamplingRules(text []byte) ([]radiograph.SamplingRule, error) {
	list := []json.RawMessage{text}
	var set struct{ SamplingRuleRecords, SamplingRules []json.RawMessage }
	switch trimmed := bytes.TrimSpace(text); {
	case !json.Valid(text):
		var v any
		return nil, json.Unmarshal(text, &v)
	case trimmed[0] == '[':
		if err := json.Unmarshal(text, &list); err != nil {
			return nil, err
		}
	case trimmed[0] != '{':
		return nil, errors.New("no sampling rule, and no list of them")
	default:
		if err := json.Unmarshal(text, &set); err != nil {
			return nil, err
		}
		if set.SamplingRuleRecords != nil || set.SamplingRules != nil {
			list = append(set.SamplingRuleRecords, set.SamplingRules...)
		}
	}
	rules := make([]radiograph.SamplingRule, len(list))
	seen := make(map[string]bool)
	for i, one := range list {
		rule, err := readSamplingRule(one)
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
		if seen[rule.Name] {
			return nil, fmt.Errorf("rule %d: there are two rules named %q", i+1, rule.Name)
		}
		seen[rule.Name] = true
		rules[i] = *rule
	}
	return rules, nil
}

// readSamplingRule reads a rule, or the record or input that holds one.
func readSamplingRule(text []byte) (*radiograph.SamplingRule, error) {
	var holder struct{ SamplingRule json.RawMessage }
	if err := json.Unmarshal(text, &holder); err == nil && holder.SamplingRule != nil {
		text = holder.SamplingRule
	}
	var d ruleDocument
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields() // a misspelt member would be no rule at all
	if err := dec.Decode(&d); err != nil {
		return nil, err
	}
	for _, member := range []struct {
		name  string
		given bool
	}{
		{"Priority", d.Priority != nil},
		{"FixedRate", d.FixedRate != nil},
		{"ReservoirSize", d.ReservoirSize != nil},
		{"ServiceName", d.ServiceName != nil},
		{"ServiceType", d.ServiceType != nil},
		{"Host", d.Host != nil},
		{"HTTPMethod", d.HTTPMethod != nil},
		{"URLPath", d.URLPath != nil},
		{"ResourceARN", d.ResourceARN != nil},
		{"Version", d.Version != nil},
	} {
		if !member.given {
			return nil, fmt.Errorf("%s is missing in the rule %q", member.name, cmp.Or(d.RuleName, d.RuleARN))
		}
	}
	rule := &radiograph.SamplingRule{
		Name: d.RuleName, ARN: d.RuleARN, ResourceARN: *d.ResourceARN, Priority: *d.Priority, FixedRate: *d.FixedRate, ReservoirSize: *d.ReservoirSize,
		ServiceName: *d.ServiceName, ServiceType: *d.ServiceType, Host: *d.Host, HTTPMethod: *d.HTTPMethod, URLPath: *d.URLPath,
		Version: *d.Version, Attributes: d.Attributes,
	}
	return rule, sampling.Check(rule)
}

// fetchSamplingRules asks for the server's rules.
func (c *client) fetchSamplingRules(ctx context.Context) ([]radiograph.SamplingRule, error) {
	_, answer, err := c.do(ctx, "xray", http.MethodPost, "/GetSamplingRules", http.Header{"Content-Type": {"application/json"}}, []byte("{}"))
	if err == nil {
		var rules []radiograph.SamplingRule
		if rules, err = readSamplingRules(answer); err == nil {
			return rules, nil
		}
	}
	return nil, fmt.Errorf("get sampling rules: %w", err)
}
