package sampling

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// TestBoost walks one rule through an anomaly: a boost of a minute, none until
// the cooldown is over, then another.
func TestBoost(t *testing.T) {
	r, _, now := clocked(t)
	boosted := rule("b")
	boosted.Boost = &radiograph.SamplingRateBoost{MaxRate: 0.9, Cooldown: 5 * time.Minute}
	if _, err := r.Create(t.Context(), tenant, boosted); err != nil {
		t.Fatal(err)
	}
	ask := func(anomalies, sampled int64) *radiograph.SamplingBoost {
		t.Helper()
		at := radiograph.TimestampOf(*now)
		got, err := r.Targets(t.Context(), tenant, radiograph.SamplingReport{
			Statistics: []radiograph.SamplingStatistics{{RuleName: "b", ClientID: "c", Time: at, RequestCount: 100}},
			Boosts:     []radiograph.SamplingBoostStatistics{{RuleName: "b", Service: "s", Time: at, Anomalies: anomalies, Total: 100, SampledAnomalies: sampled}},
		})
		if err != nil || len(got.Targets) != 1 || len(got.UnprocessedBoosts) != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		return got.Targets[0].Boost
	}
	step := func(d time.Duration) { *now = now.Add(d) }

	if b := ask(0, 0); b != nil {
		t.Errorf("without anomalies: %+v", b)
	}
	step(interval)
	if b := ask(10, 10); b != nil {
		t.Errorf("with all anomalies sampled: %+v", b)
	}
	step(interval)
	began := *now
	want := &radiograph.SamplingBoost{Rate: 1 - math.Pow(0.05, 0.1), TTL: radiograph.TimestampOf(began.Add(time.Minute))}
	if diff := cmp.Diff(want, ask(10, 0)); diff != "" {
		t.Errorf("ten anomalies missed (-want +got):\n%s", diff)
	}
	step(30 * time.Second)
	if diff := cmp.Diff(want, ask(1, 0)); diff != "" {
		t.Errorf("while it lasts (-want +got):\n%s", diff)
	}
	step(31 * time.Second)
	if b := ask(10, 0); b != nil {
		t.Errorf("within the cooldown: %+v", b)
	}
	*now = began.Add(5 * time.Minute)
	if b := ask(1, 0); b == nil || b.Rate != 0.9 {
		t.Errorf("one anomaly after the cooldown: %+v, want the greatest rate", b)
	}
	step(time.Hour)
	if b := ask(1000, 0); b != nil {
		t.Errorf("so many anomalies that the fixed rate catches one: %+v", b)
	}
}

func TestBoostIsRefused(t *testing.T) {
	r, _, now := clocked(t)
	boosted := rule("b")
	boosted.Boost = &radiograph.SamplingRateBoost{MaxRate: 1}
	if _, err := r.Create(t.Context(), tenant, boosted); err != nil {
		t.Fatal(err)
	}
	at := radiograph.TimestampOf(*now)
	got, err := r.Targets(t.Context(), tenant, radiograph.SamplingReport{Boosts: []radiograph.SamplingBoostStatistics{
		{RuleName: "nosuch", Time: at}, {RuleName: "Default", Time: at}, {RuleName: "b", Time: at.Add(-time.Hour)}, {RuleName: "b", Time: at},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]radiograph.UnprocessedStatistics{
		{RuleName: "nosuch", Code: "400", Message: "Unknown rule"},
		{RuleName: "Default", Code: "400", Message: "The rule has no SamplingRateBoost"},
		{RuleName: "b", Code: "400", Message: "The statistics are too old"},
	}, got.UnprocessedBoosts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	*now = now.Add(time.Hour)
	if r.forget(*now); len(r.boosts) != 0 {
		t.Errorf("%d boosts remembered", len(r.boosts))
	}
}
