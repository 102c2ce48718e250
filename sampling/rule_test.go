package sampling

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

// clocked is Rules over an empty state, and the state and time under them.
func clocked(t testing.TB) (r *Rules, state *storetest.State, now *time.Time) {
	t.Helper()
	state, now = storetest.NewState(), new(time.Time)
	*now = start
	return NewRules(state, func() time.Time { return *now }, radiograph.LocalLimits()), state, now
}

func rule(name string) radiograph.SamplingRule {
	r := Default(tenant)
	r.Name, r.ARN, r.Priority = name, "", 100
	return r
}

func names(t testing.TB, r *Rules) []string {
	t.Helper()
	rules, err := r.Rules(context.Background(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, rule := range rules {
		list = append(list, rule.Name)
	}
	return list
}

func modified(t testing.TB, r *Rules) radiograph.Timestamp {
	t.Helper()
	got, err := r.Targets(context.Background(), tenant, radiograph.SamplingReport{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Modified
}

func TestDefault(t *testing.T) {
	r, _, _ := clocked(t)
	rules, err := r.Rules(t.Context(), tenant)
	if err != nil || len(rules) != 1 {
		t.Fatalf("rules = %v, %v", rules, err)
	}
	d := rules[0]
	if d.Name != "Default" || d.Priority != 10000 || d.FixedRate != 0.05 || d.ReservoirSize != 1 || d.Version != 1 ||
		d.ARN != "arn:aws:xray:eu-west-1:111122223333:sampling-rule/Default" || d.ResourceARN != "*" || d.Created != 0 {
		t.Errorf("Default = %+v", d)
	}
}

// TestRulesLive makes, changes and deletes rules, over a restart, and watches
// the time that tells clients to fetch again.
func TestRulesLive(t *testing.T) {
	r, state, now := clocked(t)
	tick := func() radiograph.Timestamp {
		*now = now.Add(time.Minute)
		return radiograph.TimestampOf(*now)
	}
	made := tick()
	b, a, first := rule("b"), rule("a"), rule("z")
	first.Priority, first.Boost = 1, &radiograph.SamplingRateBoost{MaxRate: 0.5, Cooldown: 10 * time.Minute}
	first.Attributes, first.Tags = map[string]string{"k": "v"}, radiograph.Tags{"team": "x"}
	for _, rule := range []radiograph.SamplingRule{b, a, first} {
		got, err := r.Create(t.Context(), tenant, rule)
		if err != nil || got.ARN != "arn:aws:xray:eu-west-1:111122223333:sampling-rule/"+rule.Name || got.Created != made || got.Modified != made {
			t.Fatalf("Create(%s) = %+v, %v", rule.Name, got, err)
		}
	}
	tick()
	if at := modified(t, r); at != made {
		t.Errorf("modified at %v, want the last creation %v", at, made)
	}
	if diff := cmp.Diff([]string{"z", "a", "b", "Default"}, names(t, r)); diff != "" {
		t.Errorf("by priority, then name (-want +got):\n%s", diff)
	}

	changed := tick()
	rate, size := 0.25, 7
	updated, err := r.Update(t.Context(), tenant, Update{ARN: ruleARN(tenant, "z"), FixedRate: &rate, ReservoirSize: &size})
	want := first
	want.ARN, want.Created, want.Modified, want.FixedRate, want.ReservoirSize = ruleARN(tenant, "z"), made, changed, rate, size
	if diff := cmp.Diff(&want, updated); diff != "" || err != nil {
		t.Errorf("updated, %v (-want +got):\n%s", err, diff)
	}
	if _, err := r.Update(t.Context(), tenant, Update{Name: "Default", FixedRate: &rate}); err != nil {
		t.Fatal(err)
	}

	// A restart keeps all of it, and moves nothing.
	tick()
	r = NewRules(state, r.clock, radiograph.LocalLimits())
	rules, err := r.Rules(t.Context(), tenant)
	if err != nil || len(rules) != 4 || rules[3].FixedRate != rate || rules[3].ReservoirSize != 1 {
		t.Fatalf("after a restart: %+v, %v", rules, err)
	}
	if diff := cmp.Diff(want, rules[0]); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	if at := modified(t, r); at != changed {
		t.Errorf("modified at %v after a restart, want %v", at, changed)
	}
	if got := report(t, r, tenant, "z", "c", 10); got.FixedRate != rate || got.Quota != 7 {
		t.Errorf("target = %+v, want the changed rule's", got)
	}
	if list := names(t, r); len(list) != 4 {
		t.Errorf("rules = %v", list)
	}

	deleted := tick()
	gone, err := r.Delete(t.Context(), tenant, "z", "")
	if diff := cmp.Diff(&want, gone); diff != "" || err != nil {
		t.Errorf("deleted, %v (-want +got):\n%s", err, diff)
	}
	if at := modified(t, r); at != deleted {
		t.Errorf("modified at %v, want the deletion %v", at, deleted)
	}
	if diff := cmp.Diff([]string{"a", "b", "Default"}, names(t, r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other := radiograph.Tenant{Account: tenant.Account, Region: "eu-west"} // a prefix of the tenant's
	if rules, err := r.Rules(t.Context(), other); err != nil || len(rules) != 1 {
		t.Errorf("another region sees %v, %v", rules, err)
	}
}

func TestRulesAreRefused(t *testing.T) {
	ptr := func(n int) *int { return &n }
	str := func(s string) *string { return &s }
	create := func(edit func(*radiograph.SamplingRule)) func(*Rules) error {
		return func(r *Rules) error {
			made := rule("new")
			edit(&made)
			_, err := r.Create(context.Background(), tenant, made)
			return err
		}
	}
	update := func(u Update) func(*Rules) error {
		return func(r *Rules) error {
			_, err := r.Update(context.Background(), tenant, u)
			return err
		}
	}
	remove := func(name, arn string) func(*Rules) error {
		return func(r *Rules) error {
			_, err := r.Delete(context.Background(), tenant, name, arn)
			return err
		}
	}
	for _, test := range []struct {
		name string
		do   func(*Rules) error
		want string
	}{
		{"no name", create(func(r *radiograph.SamplingRule) { r.Name = " " }), "RuleName must be given"},
		{"long name", create(func(r *radiograph.SamplingRule) { r.Name = strings.Repeat("n", 33) }), "at most 32"},
		{"control characters", create(func(r *radiograph.SamplingRule) { r.Host = "a\n" }), "control characters"},
		{"ARN of another", create(func(r *radiograph.SamplingRule) { r.ARN = ruleARN(tenant, "old") }), "RuleARN"},
		{"duplicate", create(func(r *radiograph.SamplingRule) { r.Name = "old" }), "already exists"},
		{"another Default", create(func(r *radiograph.SamplingRule) { r.Name = "Default" }), "already exists"},
		{"version 2", create(func(r *radiograph.SamplingRule) { r.Version = 2 }), "Version must be 1"},
		{"priority 0", create(func(r *radiograph.SamplingRule) { r.Priority = 0 }), "Priority"},
		{"priority of Default", create(func(r *radiograph.SamplingRule) { r.Priority = 10000 }), "Priority"},
		{"rate", create(func(r *radiograph.SamplingRule) { r.FixedRate = 1.1 }), "FixedRate"},
		{"reservoir", create(func(r *radiograph.SamplingRule) { r.ReservoirSize = -1 }), "ReservoirSize"},
		{"attributes", create(func(r *radiograph.SamplingRule) {
			r.Attributes = map[string]string{"1": "", "2": "", "3": "", "4": "", "5": "", "6": ""}
		}), "at most 5"},
		{"empty attribute", create(func(r *radiograph.SamplingRule) { r.Attributes = map[string]string{"k": ""} }), "1 to 32"},
		{"boost", create(func(r *radiograph.SamplingRule) { r.Boost = &radiograph.SamplingRateBoost{MaxRate: 2} }), "MaxRate"},
		{"cooldown", create(func(r *radiograph.SamplingRule) { r.Boost = &radiograph.SamplingRateBoost{Cooldown: -1} }), "Cooldown"},
		{"bad tag", create(func(r *radiograph.SamplingRule) { r.Tags = radiograph.Tags{"aws:x": ""} }), "aws:"},
		{"update of nothing", update(Update{}), "either RuleName or RuleARN"},
		{"update by both", update(Update{Name: "old", ARN: ruleARN(tenant, "old")}), "either RuleName or RuleARN"},
		{"update of an unknown", update(Update{Name: "nosuch"}), "no sampling rule"},
		{"ARN of another tenant", update(Update{ARN: "arn:aws:xray:eu-west-1:000000000000:sampling-rule/old"}), "no sampling rule"},
		{"update out of bounds", update(Update{Name: "old", Priority: ptr(0)}), "Priority"},
		{"Default's host", update(Update{Name: "Default", Host: str("x")}), "Only FixedRate and ReservoirSize"},
		{"Default's priority", update(Update{Name: "Default", Priority: ptr(9)}), "Only FixedRate and ReservoirSize"},
		{"Default's boost", update(Update{Name: "Default", Boost: &radiograph.SamplingRateBoost{}}), "Only FixedRate and ReservoirSize"},
		{"delete Default", remove("Default", ""), "cannot be deleted"},
		{"delete Default by ARN", remove("", ruleARN(tenant, "Default")), "cannot be deleted"},
		{"delete by both", remove("old", ruleARN(tenant, "old")), "either RuleName or RuleARN"},
		{"delete an unknown", remove("nosuch", ""), "no sampling rule"},
	} {
		r, _, now := clocked(t)
		if _, err := r.Create(t.Context(), tenant, rule("old")); err != nil {
			t.Fatal(err)
		}
		before, at := names(t, r), modified(t, r)
		*now = now.Add(time.Minute)
		err := test.do(r)
		if err == nil || radiograph.ErrorKind(err) != radiograph.KindInvalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if diff := cmp.Diff(before, names(t, r)); diff != "" || modified(t, r) != at {
			t.Errorf("%s changed something:\n%s", test.name, diff)
		}
	}
}

func TestRuleLimit(t *testing.T) {
	r, _, _ := clocked(t)
	for i := range 25 {
		if _, err := r.Create(t.Context(), tenant, rule(fmt.Sprint("r", i))); err != nil {
			t.Fatal(err)
		}
	}
	size := 3
	if _, err := r.Update(t.Context(), tenant, Update{Name: "Default", ReservoirSize: &size}); err != nil {
		t.Fatal(err) // Default, now stored, does not count
	}
	_, err := r.Create(t.Context(), tenant, rule("more"))
	var e *radiograph.Error
	if !errors.As(err, &e) || e.Code != "RuleLimitExceededException" {
		t.Errorf("rule %d: %v", 26, err)
	}
	if _, err := r.Delete(t.Context(), tenant, "r0", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Create(t.Context(), tenant, rule("more")); err != nil {
		t.Errorf("after one is deleted: %v", err)
	}
}

func TestRuleTags(t *testing.T) {
	r, _, now := clocked(t)
	made := rule("r")
	made.Tags = radiograph.Tags{"a": "1"}
	if _, err := r.Create(t.Context(), tenant, made); err != nil {
		t.Fatal(err)
	}
	at := modified(t, r)
	*now = now.Add(time.Minute)
	for _, name := range []string{"r", "Default"} {
		arn := ruleARN(tenant, name)
		if err := r.ChangeTags(t.Context(), tenant, arn, func(tags radiograph.Tags) (radiograph.Tags, error) {
			return tags.With(radiograph.Tags{"b": "2"}, 50)
		}); err != nil {
			t.Fatal(err)
		}
		tags, err := r.Tags(t.Context(), tenant, arn)
		if err != nil || tags["b"] != "2" || (name == "r") != (tags["a"] == "1") {
			t.Errorf("tags of %s = %v, %v", name, tags, err)
		}
	}
	if modified(t, r) != at {
		t.Error("tags made clients fetch the rules again")
	}
	if _, err := r.Tags(t.Context(), tenant, ruleARN(tenant, "nosuch")); radiograph.ErrorKind(err) != radiograph.KindNotFound {
		t.Errorf("tags of an unknown rule: %v", err)
	}
	if err := r.ChangeTags(t.Context(), tenant, "nonsense", nil); radiograph.ErrorKind(err) != radiograph.KindNotFound {
		t.Errorf("tags of nonsense: %v", err)
	}
}
