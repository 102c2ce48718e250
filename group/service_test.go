package group

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
)

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tenant = radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}
)

// clocked is a service over an empty state, and the state and time under it.
func clocked(t testing.TB) (s *Service, state *storetest.State, now *time.Time) {
	t.Helper()
	state, now = storetest.NewState(), new(time.Time)
	*now = start
	return New(Config{State: state, Clock: func() time.Time { return *now }, Limits: radiograph.LocalLimits()}), state, now
}

func create(t testing.TB, s *Service, name, expression string) *radiograph.Group {
	t.Helper()
	g, err := s.Create(context.Background(), tenant, radiograph.Group{Name: name}, expression)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func listed(t testing.TB, s *Service) []string {
	t.Helper()
	groups, err := s.Groups(context.Background(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, g := range groups {
		list = append(list, g.Name+": "+g.Expression())
	}
	return list
}

func judge(f radiograph.Filter, seconds float64) radiograph.Verdict {
	ns := radiograph.Timestamp(seconds * 1e9)
	return f.Judge(&radiograph.FilterView{Summary: &radiograph.Summary{ResponseTime: ns, Duration: ns}})
}

// TestGroupsLive makes, changes and deletes groups, over a restart.
func TestGroupsLive(t *testing.T) {
	s, state, now := clocked(t)
	slow, err := s.Create(t.Context(), tenant, radiograph.Group{Name: "slow", Insights: true, Notifications: true, Tags: radiograph.Tags{"team": "x"}}, "responsetime > 5")
	if err != nil || !strings.HasPrefix(slow.ARN, "arn:aws:xray:eu-west-1:111122223333:group/slow/") || len(slow.ARN) != len("arn:aws:xray:eu-west-1:111122223333:group/slow/")+52 {
		t.Fatalf("%+v, %v", slow, err)
	}
	create(t, s, "all", "")
	*now = now.Add(time.Hour)
	expression, off := "responsetime > 7", false
	if _, err := s.Update(t.Context(), tenant, Update{ARN: slow.ARN, Expression: &expression, Notifications: &off}); err != nil {
		t.Fatal(err)
	}
	on := true
	if _, err := s.Update(t.Context(), tenant, Update{Name: "Default", Insights: &on}); err != nil {
		t.Fatal(err)
	}

	s = New(Config{State: state, Clock: s.clock, Limits: radiograph.LocalLimits()})
	if diff := cmp.Diff([]string{"Default: ", "all: ", "slow: responsetime > 7"}, listed(t, s)); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	g, err := s.Group(t.Context(), tenant, "", slow.ARN)
	if err != nil || g.Name != "slow" || !g.Insights || g.Notifications || g.Tags["team"] != "x" || g.Current().Since != radiograph.TimestampOf(*now) {
		t.Errorf("%+v, %v", g, err)
	}
	if d, err := s.Group(t.Context(), tenant, "Default", ""); err != nil || !d.Insights {
		t.Errorf("Default: %+v, %v", d, err)
	}
	if d, err := s.Update(t.Context(), tenant, Update{Name: "Default", Notifications: &on}); err != nil || !d.Notifications {
		t.Errorf("notifications on: %+v, %v", d, err)
	}
	if d, err := s.Update(t.Context(), tenant, Update{Name: "Default", Insights: &off}); err != nil || d.Insights || d.Notifications {
		t.Errorf("insights off, notifications not named: %+v, %v", d, err)
	}

	if len(g.Versions) != 2 {
		t.Fatalf("%d versions, want 2", len(g.Versions))
	}
	if v := g.Versions[0]; v.Number != 1 || judge(v.Filter, 6) != radiograph.Yes || judge(v.Filter, 5) != radiograph.No {
		t.Errorf("at first: %+v", v)
	}
	if v := g.Current(); v.Number != 2 || judge(v.Filter, 6) != radiograph.No || judge(v.Filter, 8) != radiograph.Yes {
		t.Errorf("after the change: %+v", v)
	}

	if err := s.Delete(t.Context(), tenant, "slow", ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Default: ", "all: "}, listed(t, s)); diff != "" {
		t.Errorf("after Delete (-want +got):\n%s", diff)
	}
	if again := create(t, s, "slow", ""); again.ARN == slow.ARN || again.ID == slow.ID || again.ID == 0 {
		t.Error("a new group has the ARN or the id of the deleted one")
	}
}

func TestGroupsAreRefused(t *testing.T) {
	ctx := context.Background()
	refuse := func(name, expression string) func(*Service) error {
		return func(s *Service) error {
			_, err := s.Create(ctx, tenant, radiograph.Group{Name: name}, expression)
			return err
		}
	}
	update := func(u Update) func(*Service) error {
		return func(s *Service) error {
			_, err := s.Update(ctx, tenant, u)
			return err
		}
	}
	text := func(s string) *string { return &s }
	on, off := true, false
	for _, test := range []struct {
		name string
		do   func(*Service) error
		want string
	}{
		{"no name", refuse("", ""), "GroupName"},
		{"long name", refuse(strings.Repeat("n", 33), ""), "GroupName"},
		{"slash", refuse("a/b", ""), "GroupName"},
		{"reserved", refuse("Default", ""), "reserved"},
		{"duplicate", refuse("old", ""), "already exists"},
		{"bad expression", refuse("new", "responsetime >"), "Invalid filter expression"},
		{"long expression", refuse("new", strings.Repeat(" ", maxExpression+1)), "at most 2000"},
		{"unknown group in it", refuse("new", `group.name = "nosuch"`), "unknown group"},
		{"itself in it", refuse("new", `group.name = "new"`), "part of itself"},
		{"bad tag", func(s *Service) error {
			_, err := s.Create(ctx, tenant, radiograph.Group{Name: "new", Tags: radiograph.Tags{"": ""}}, "")
			return err
		}, "Tag key"},
		{"notifications alone", func(s *Service) error {
			_, err := s.Create(ctx, tenant, radiograph.Group{Name: "new", Notifications: true}, "")
			return err
		}, "NotificationsEnabled needs"},
		{"update by both", update(Update{Name: "old", ARN: "x"}), "either GroupName or GroupARN"},
		{"update of nothing", update(Update{}), "either GroupName or GroupARN"},
		{"update of an unknown", update(Update{Name: "nosuch"}), "There is no group"},
		{"update to nonsense", update(Update{Name: "old", Expression: text("fault AND")}), "Invalid filter expression"},
		{"update to a circle", update(Update{Name: "old", Expression: text(`group.name = "inner"`)}), "part of itself"},
		{"Default's expression", update(Update{Name: "Default", Expression: text("fault")}), "cannot change"},
		{"notifications without insights", update(Update{Name: "old", Notifications: &on}), "NotificationsEnabled needs"},
		{"notifications, insights off", update(Update{Name: "old", Insights: &off, Notifications: &on}), "NotificationsEnabled needs"},
		{"delete Default", func(s *Service) error { return s.Delete(ctx, tenant, "Default", "") }, "cannot be deleted"},
		{"delete an unknown", func(s *Service) error { return s.Delete(ctx, tenant, "", "arn:nosuch") }, "There is no group"},
		{"get with a wrong case", func(s *Service) error {
			_, err := s.Group(ctx, tenant, "OLD", "")
			return err
		}, "There is no group"},
	} {
		s, _, _ := clocked(t)
		create(t, s, "old", "fault")
		create(t, s, "inner", `group.name = "old" AND error`)
		before := listed(t, s)
		err := test.do(s)
		if err == nil || radiograph.ErrorKind(err) != radiograph.KindInvalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if diff := cmp.Diff(before, listed(t, s)); diff != "" {
			t.Errorf("%s changed something:\n%s", test.name, diff)
		}
	}
}

func TestGroupLimits(t *testing.T) {
	s, _, now := clocked(t)
	for i := range 25 {
		create(t, s, fmt.Sprint("g", i), "")
	}
	if _, err := s.Create(t.Context(), tenant, radiograph.Group{Name: "more"}, ""); radiograph.ErrorKind(err) != radiograph.KindInvalid || err == nil {
		t.Errorf("group %d: %v", 26, err)
	}
	for i := range 2 * maxVersions {
		*now = now.Add(time.Minute)
		expression := fmt.Sprintf("responsetime > %d", i)
		if _, err := s.Update(t.Context(), tenant, Update{Name: "g0", Expression: &expression}); err != nil {
			t.Fatal(err)
		}
	}
	g, err := s.Group(t.Context(), tenant, "g0", "")
	if err != nil || len(g.Versions) != maxVersions || g.Current().Number != 2*maxVersions+1 {
		t.Errorf("%d versions up to %d, want the bound %d; %v", len(g.Versions), g.Current().Number, maxVersions, err)
	}
	*now = now.Add(2 * keptFor)
	expression := "fault"
	if g, err = s.Update(t.Context(), tenant, Update{Name: "g0", Expression: &expression}); err != nil || len(g.Versions) != 2 {
		t.Errorf("%d versions after a long time, want the last two; %v", len(g.Versions), err)
	}
}

func TestFilterNamesGroups(t *testing.T) {
	s, _, _ := clocked(t)
	slow := create(t, s, "slow", "responsetime > 5")
	for _, text := range []string{`group.name = "slow"`, `group.arn = "` + slow.ARN + `"`} {
		f, err := s.Filter(t.Context(), tenant, text)
		if err != nil || judge(f, 6) != radiograph.Yes || judge(f, 4) != radiograph.No {
			t.Errorf("%s: %v, %v", text, f, err)
		}
	}
	var where *filter.InvalidError
	f, err := s.Filter(t.Context(), radiograph.Tenant{Account: "9", Region: "r"}, `group.name = "slow"`)
	if f != nil || radiograph.ErrorKind(err) != radiograph.KindInvalid || !errors.As(err, &where) || where.Position != 14 {
		t.Errorf("another tenant's group: %v, %v", f, err)
	}
	if f, err := s.Filter(t.Context(), tenant, `group.name = "Default"`); err != nil || judge(f, 1) != radiograph.Yes {
		t.Errorf("the Default group does not hold every trace: %v", err)
	}
	// A group that goes away leaves those that name it without traces.
	create(t, s, "outer", `group.name = "slow"`)
	if err := s.Delete(t.Context(), tenant, "slow", ""); err != nil {
		t.Fatal(err)
	}
	g, err := s.Group(t.Context(), tenant, "outer", "")
	if err != nil || g.Versions[0].Filter != nil {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestGroupTags(t *testing.T) {
	s, _, _ := clocked(t)
	g := create(t, s, "g", "")
	for _, arn := range []string{g.ARN, groupARN(tenant, "Default")} {
		if err := s.ChangeTags(t.Context(), tenant, arn, func(tags radiograph.Tags) (radiograph.Tags, error) {
			return tags.With(radiograph.Tags{"a": "1"}, 50)
		}); err != nil {
			t.Fatal(err)
		}
		if tags, err := s.Tags(t.Context(), tenant, arn); err != nil || tags["a"] != "1" {
			t.Errorf("%s: %v, %v", arn, tags, err)
		}
	}
	if _, err := s.Tags(t.Context(), tenant, g.ARN+"x"); radiograph.ErrorKind(err) != radiograph.KindNotFound {
		t.Errorf("tags of an unknown group: %v", err)
	}
}

func TestTenants(t *testing.T) {
	s, _, _ := clocked(t)
	other := radiograph.Tenant{Account: tenant.Account, Region: "us-east-1"}
	for _, g := range []struct {
		radiograph.Tenant
		name string
	}{{tenant, "a"}, {tenant, "b"}, {other, "a"}} {
		if _, err := s.Create(t.Context(), g.Tenant, radiograph.Group{Name: g.name}, ""); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Tenants(t.Context())
	if diff := cmp.Diff([]radiograph.Tenant{tenant, other}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
