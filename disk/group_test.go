package disk

import (
	"testing"

	"radiograph"
	"radiograph/storetest"
)

// allInOne is one group that every trace is in.
type allInOne struct{}

var theGroup = &radiograph.Group{ID: 0xfedc_ba98_7654_3210, Versions: []radiograph.GroupVersion{{Number: 7, Filter: everything{}}}}

func (allInOne) Matching(radiograph.Tenant) []*radiograph.Group     { return []*radiograph.Group{theGroup} }
func (allInOne) Matched(radiograph.Tenant, radiograph.GroupMatches) {}

type everything struct{}

func (everything) String() string                                  { return "" }
func (everything) Judge(*radiograph.FilterView) radiograph.Verdict { return radiograph.Yes }

// TestGroupsSurviveRestart writes a trace on after a restart: the store must know
// from its rows what the group has of it.
func TestGroupsSurviveRestart(t *testing.T) {
	o := testOptions()
	o.Dir = t.TempDir()
	sums := func(s *Store, group radiograph.GroupID) string {
		return storetest.DescribeContributions(withoutVersion(collect(t, s.Contributions(t.Context(), home1, radiograph.SumsQuery{Group: group, From: 0, To: 1 << 62}))))
	}
	for n := range 3 {
		s, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		s.MatchGroups(allInOne{})
		mustPut(t, s, records(t, radiograph.DoorAPI, segment(1, n, ended), segment(2+n, 9, ended)))
		if all, group := sums(s, 0), sums(s, theGroup.ID); all != group || all == "" {
			t.Errorf("start %d: all traces\n%s\nthe group\n%s", n, all, group)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func withoutVersion(cs []*radiograph.Contribution) []*radiograph.Contribution {
	for _, c := range cs {
		c.Version = 0
	}
	return cs
}
