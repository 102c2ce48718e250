package sampling

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/storetest"
)

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tenant = radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}
)

func TestTargets(t *testing.T) {
	now := start
	r := NewRules(storetest.NewState(), func() time.Time { return now }, radiograph.LocalLimits())
	now = now.Add(time.Hour)
	at := radiograph.TimestampOf(now)
	got, err := r.Targets(t.Context(), tenant, radiograph.SamplingReport{Statistics: []radiograph.SamplingStatistics{
		{RuleName: "Default", ClientID: "0123456789abcdef01234567", Time: at, RequestCount: 10},
		{RuleName: "gone", ClientID: "0123456789abcdef01234567", Time: at, RequestCount: 10},
		{RuleName: "Default", ClientID: "0123456789abcdef01234567", Time: at.Add(-countedFor - 1), RequestCount: 10},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&radiograph.SamplingAnswer{
		Targets: []radiograph.SamplingTarget{{
			RuleName: "Default", FixedRate: 0.05, Quota: 1, QuotaTTL: at.Add(20 * time.Second), Interval: 10 * time.Second,
		}},
		Unprocessed: []radiograph.UnprocessedStatistics{
			{RuleName: "gone", Code: "400", Message: "Unknown rule"},
			{RuleName: "Default", Code: "400", Message: "The statistics are too old"},
		},
		Modified: radiograph.TimestampOf(start), // the start: a later time makes clients fetch again
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTargetsAreOfOneTenant(t *testing.T) {
	r := NewRules(storetest.NewState(), func() time.Time { return start }, radiograph.LocalLimits())
	other := radiograph.Tenant{Account: "444455556666", Region: "eu-west-1"}
	for _, tn := range []radiograph.Tenant{tenant, other} {
		if got := report(t, r, tn, "Default", "c", 1); got.Quota != 1 {
			t.Errorf("%v: quota %d; want its own reservoir of 1", tn, got.Quota)
		}
	}
}

// TestReservoirIsNeverExceeded reports for many clients in any order, at any
// pace, with answers lost on the way, and adds up what clients believe.
func TestReservoirIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(0, 40).Draw(t, "size")
		res := newReservoir()
		now := start
		type belief struct {
			quota int
			until time.Time
		}
		believed := map[string]belief{}
		for range rapid.IntRange(1, 80).Draw(t, "reports") {
			now = now.Add(time.Duration(rapid.IntRange(0, 15_000).Draw(t, "ms")) * time.Millisecond)
			id := fmt.Sprint(rapid.IntRange(0, 7).Draw(t, "client"))
			q, until := res.grant(size, id, int64(rapid.IntRange(0, 5000).Draw(t, "requests")), now)
			if q < 0 || !until.After(now) {
				t.Fatalf("quota %d until %v at %v", q, until, now)
			}
			if rapid.Bool().Draw(t, "answered") {
				believed[id] = belief{q, until}
			}
			sum := 0
			for _, b := range believed {
				if b.until.After(now) {
					sum += b.quota
				}
			}
			if sum > size {
				t.Fatalf("clients hold %d of a reservoir of %d", sum, size)
			}
		}
	})
}

// TestReservoirIsUsed runs clients with steady demands and expects the whole
// reservoir to be out, shared by demand.
func TestReservoirIsUsed(t *testing.T) {
	res := newReservoir()
	demand := map[string]int64{"a": 100, "b": 200, "c": 700}
	got := map[string]int{}
	for round := range 12 {
		for i, id := range []string{"a", "b", "c"} {
			now := start.Add(time.Duration(round)*interval + time.Duration(i)*time.Second)
			got[id], _ = res.grant(100, id, demand[id], now)
		}
	}
	if diff := cmp.Diff(map[string]int{"a": 10, "b": 20, "c": 70}, got); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
}

// TestReservoirGoesRound has more clients than the reservoir has requests: each
// gets its turn.
func TestReservoirGoesRound(t *testing.T) {
	res := newReservoir()
	turns := map[string]int{}
	for round := range 40 {
		for i, id := range []string{"a", "b", "c"} {
			now := start.Add(time.Duration(round)*interval + time.Duration(i)*time.Second)
			if q, _ := res.grant(1, id, 50, now); q > 0 {
				turns[id]++
			}
		}
	}
	for _, id := range []string{"a", "b", "c"} {
		if turns[id] < 4 {
			t.Errorf("client %s had %d turns of %v", id, turns[id], turns)
		}
	}
}

func TestReservoirForgetsClients(t *testing.T) {
	r := NewRules(storetest.NewState(), func() time.Time { return start }, radiograph.LocalLimits())
	for i := range maxClients + 10 {
		report(t, r, tenant, "Default", fmt.Sprint(i), 1)
	}
	res := r.reservoirs[ruleKey{tenant, "Default"}]
	if n := len(res.clients); n != maxClients {
		t.Errorf("%d clients, want the bound %d", n, maxClients)
	}
	r.clock = func() time.Time { return start.Add(time.Hour) }
	if _, err := r.Targets(t.Context(), tenant, radiograph.SamplingReport{}); err != nil || len(r.reservoirs) != 0 || len(r.counts) != 0 {
		t.Errorf("%d reservoirs and %d counts after an idle hour, %v", len(r.reservoirs), len(r.counts), err)
	}
}

// report sends one client's statistics of one rule, and wants a target.
func report(t testing.TB, r *Rules, tn radiograph.Tenant, rule, client string, requests int64) radiograph.SamplingTarget {
	t.Helper()
	got, err := r.Targets(context.Background(), tn, radiograph.SamplingReport{Statistics: []radiograph.SamplingStatistics{
		{RuleName: rule, ClientID: client, Time: radiograph.TimestampOf(r.clock()), RequestCount: requests},
	}})
	if err != nil || len(got.Targets) != 1 {
		t.Fatalf("%s of %s: %+v, %v", client, rule, got, err)
	}
	return got.Targets[0]
}
