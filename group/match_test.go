package group

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"radiograph"
	"radiograph/storetest"
)

func matched(s *Service) []string {
	var list []string
	for _, g := range s.Matching(tenant) {
		list = append(list, fmt.Sprintf("%s %d %s", g.Name, g.Current().Number, g.Expression()))
	}
	return list
}

// TestMatchingFollowsChanges reads what the store matches against after each
// change, and after a restart.
func TestMatchingFollowsChanges(t *testing.T) {
	s, state, _ := clocked(t)
	check := func(want ...string) {
		t.Helper()
		for _, s := range []*Service{s, New(Config{State: state, Clock: s.clock})} {
			got := matched(s)
			if diff := cmp.Diff(want, got, cmp.Transformer("sort", func(l []string) map[string]bool {
				m := make(map[string]bool)
				for _, text := range l {
					m[text] = true
				}
				return m
			})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
	check()
	a := create(t, s, "a", "fault")
	check("a 1 fault")
	create(t, s, "b", `group.name = "a"`)
	check("a 1 fault", `b 1 group.name = "a"`)
	expression := "error"
	if _, err := s.Update(t.Context(), tenant, Update{Name: "a", Expression: &expression}); err != nil {
		t.Fatal(err)
	}
	check("a 2 error", `b 1 group.name = "a"`)
	for _, g := range s.Matching(tenant) { // b stands for what a stands for now
		failed := &radiograph.FilterView{Summary: &radiograph.Summary{HasError: true}}
		if g.Current().Filter.Judge(failed) != radiograph.Yes {
			t.Errorf("%s does not want an error", g.Name)
		}
	}
	if err := s.Delete(t.Context(), tenant, "", a.ARN); err != nil {
		t.Fatal(err)
	}
	check(`b 1 group.name = "a"`)
	if f := s.Matching(tenant)[0].Current().Filter; f != nil {
		t.Errorf("a group of a group that is no more has the filter %v", f)
	}
	if other := s.Matching(radiograph.Tenant{Account: "9", Region: "r"}); len(other) != 0 {
		t.Errorf("another tenant has %d groups", len(other))
	}
}

// meterSpy sums what is counted of the tenant.
type meterSpy map[radiograph.Usage]int

func (m meterSpy) Count(t radiograph.Tenant, u radiograph.Usage, traces int) {
	if t == tenant {
		m[u] += traces
	}
}

// TestMatchedTracesAreCounted counts by minute and in all.
func TestMatchedTracesAreCounted(t *testing.T) {
	s, _, now := clocked(t)
	metered := meterSpy{}
	s.meter = metered
	g, h := create(t, s, "g", "fault"), create(t, s, "h", "error")
	tell := func(traces, failed int) {
		s.Matched(tenant, radiograph.GroupMatches{Traces: map[radiograph.GroupID]int{g.ID: traces}, Failed: map[radiograph.GroupID]int{h.ID: failed}})
	}
	check := func(want map[radiograph.GroupID]Count) {
		t.Helper()
		if diff := cmp.Diff(want, s.Counts(tenant)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	tell(2, 1)
	tell(3, 0)
	check(map[radiograph.GroupID]Count{g.ID: {Traces: 5}, h.ID: {Failed: 1}})
	*now = now.Add(time.Minute)
	check(map[radiograph.GroupID]Count{g.ID: {Traces: 5, LastMinute: 5}, h.ID: {Failed: 1}})
	tell(1, 0)
	*now = now.Add(time.Minute)
	check(map[radiograph.GroupID]Count{g.ID: {Traces: 6, LastMinute: 1}, h.ID: {Failed: 1}})
	*now = now.Add(time.Minute)
	check(map[radiograph.GroupID]Count{g.ID: {Traces: 6}, h.ID: {Failed: 1}})
	if diff := cmp.Diff([]Total{{tenant, "g", Count{Traces: 6}}, {tenant, "h", Count{Failed: 1}}}, s.Totals(), cmpopts.SortSlices(func(a, b Total) bool { return a.Group < b.Group })); diff != "" {
		t.Errorf("totals (-want +got):\n%s", diff)
	}
	on := true
	if _, err := s.Update(t.Context(), tenant, Update{Name: "g", Insights: &on}); err != nil {
		t.Fatal(err)
	}
	tell(4, 0)
	if diff := cmp.Diff(meterSpy{radiograph.TracesRetrieved: 10, radiograph.InsightTraces: 4}, metered); diff != "" {
		t.Errorf("metered (-want +got):\n%s", diff)
	}
	if err := s.Delete(t.Context(), tenant, "h", ""); err != nil {
		t.Fatal(err)
	}
	check(map[radiograph.GroupID]Count{g.ID: {Traces: 10}})
}

// TestUnreadableGroupsMatchNothing stores what is no group.
func TestUnreadableGroupsMatchNothing(t *testing.T) {
	state := storetest.NewState()
	if err := state.Apply(t.Context(), radiograph.Change{Key: keyPrefix(tenant) + "g", Value: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	s := New(Config{State: state, Clock: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if g := s.Matching(tenant); g != nil || !strings.Contains(log.String(), "cannot be read") {
		t.Errorf("%v; log: %s", g, log.String())
	}
}
