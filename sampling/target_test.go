package sampling

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
)

var (
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tenant = radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}
)

func TestTargets(t *testing.T) {
	now := start
	r := NewRules(nil, func() time.Time { return now })
	now = now.Add(time.Hour)
	reports := []radiograph.SamplingStatistics{
		{RuleName: "Default", ClientID: "0123456789abcdef01234567", RequestCount: 10},
		{RuleName: "gone", ClientID: "0123456789abcdef01234567", RequestCount: 10},
	}
	targets, unprocessed, modified, err := r.Targets(context.Background(), tenant, reports)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]radiograph.SamplingTarget{{
		RuleName: "Default", FixedRate: 0.05, Quota: 1, QuotaTTL: radiograph.TimestampOf(now.Add(20 * time.Second)), Interval: 10 * time.Second,
	}}, targets); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]radiograph.UnprocessedStatistics{{RuleName: "gone", Code: "400", Message: "Unknown rule"}}, unprocessed); diff != "" {
		t.Errorf("unprocessed (-want +got):\n%s", diff)
	}
	if want := radiograph.TimestampOf(start); modified != want {
		t.Errorf("modified = %v, want the start %v: a later time makes clients fetch again", modified, want)
	}
}

func TestTargetsAreOfOneTenant(t *testing.T) {
	r := NewRules(nil, func() time.Time { return start })
	other := radiograph.Tenant{Account: "444455556666", Region: "eu-west-1"}
	for _, tn := range []radiograph.Tenant{tenant, other} {
		targets, _, _, err := r.Targets(context.Background(), tn, []radiograph.SamplingStatistics{{RuleName: "Default", ClientID: "c"}})
		if err != nil || targets[0].Quota != 1 {
			t.Errorf("%v: quota %d, %v; want its own reservoir of 1", tn, targets[0].Quota, err)
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
	r := NewRules(nil, func() time.Time { return start })
	for i := range maxClients + 10 {
		_, _, _, err := r.Targets(context.Background(), tenant, []radiograph.SamplingStatistics{{RuleName: "Default", ClientID: fmt.Sprint(i)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	res := r.reservoirs[reservoirKey{tenant, "Default"}]
	if n := len(res.clients); n != maxClients {
		t.Errorf("%d clients, want the bound %d", n, maxClients)
	}
	r.clock = func() time.Time { return start.Add(time.Hour) }
	if _, _, _, err := r.Targets(context.Background(), tenant, nil); err != nil || len(r.reservoirs) != 0 {
		t.Errorf("%d reservoirs after an idle hour, %v", len(r.reservoirs), err)
	}
}

func TestRules(t *testing.T) {
	r := NewRules(nil, func() time.Time { return start })
	rules, err := r.Rules(context.Background(), tenant)
	if err != nil || len(rules) != 1 {
		t.Fatalf("rules = %v, %v", rules, err)
	}
	d := rules[0]
	if d.Name != "Default" || d.Priority != 10000 || d.FixedRate != 0.05 || d.ReservoirSize != 1 || d.Version != 1 ||
		d.ARN != "arn:aws:xray:eu-west-1:111122223333:sampling-rule/Default" || d.ResourceARN != "*" {
		t.Errorf("Default = %+v", d)
	}
}
