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

// sdk is a client as the X-Ray SDKs are: it takes up to its quota each second,
// borrows one a second without a quota, and reports about every ten seconds what
// it did since it last reported.
type sdk struct {
	id string
	// borrowedApart: the Go SDK counts a borrowed request as borrowed only; Python
	// and Node as sampled, too.
	borrowedApart bool
	lateness      int // seconds from one poll to the next, beyond ten
	next          int

	quota      int
	ttl        radiograph.Timestamp
	fetched    bool // it had a target once
	pending    radiograph.SamplingStatistics
	reservoirs int64 // taken from a valid quota in the current second
}

// second makes the requests of one second.
func (c *sdk) second(now time.Time, requests int) {
	c.reservoirs = 0
	valid := c.fetched && radiograph.TimestampOf(now) < c.ttl
	for i := range requests {
		c.pending.RequestCount++
		switch {
		case valid && c.reservoirs < int64(c.quota):
			c.reservoirs++
			c.pending.SampledCount++
		case !valid && i == 0:
			c.pending.Borrowed++
			if !c.borrowedApart {
				c.pending.SampledCount++
			}
		}
	}
}

// TestClientsKeepTheReservoir runs clients of every manner, that end and begin
// anew, lose answers and are late, against one rule, which may be deleted and made
// again: in no second do they take more than the reservoir from it, and what they
// reported is what the summaries show.
func TestClientsKeepTheReservoir(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start
		r := NewRules(storetest.NewState(), func() time.Time { return now }, radiograph.LocalLimits())
		size := rapid.IntRange(0, 30).Draw(t, "size")
		made := rule("r")
		made.ReservoirSize = size
		if _, err := r.Create(context.Background(), tenant, made); err != nil {
			t.Fatal(err)
		}
		clients := make([]*sdk, rapid.IntRange(1, 6).Draw(t, "clients"))
		for i := range clients {
			clients[i] = &sdk{
				id: fmt.Sprintf("%024x", i), borrowedApart: rapid.Bool().Draw(t, "apart"),
				lateness: rapid.IntRange(0, 12).Draw(t, "late"), next: rapid.IntRange(0, 10).Draw(t, "first"),
			}
		}
		var sent radiograph.SamplingSummary
		for s := range 90 {
			now = start.Add(time.Duration(s) * time.Second)
			if rapid.IntRange(0, 20).Draw(t, "resize") == 0 && s%30 == 0 {
				size += rapid.IntRange(0, 5).Draw(t, "larger")
				if _, err := r.Update(context.Background(), tenant, Update{Name: "r", ReservoirSize: &size}); err != nil {
					t.Fatal(err)
				}
			}
			held, taken := 0, int64(0)
			if rapid.IntRange(0, 40).Draw(t, "made again") == 0 {
				if _, err := r.Delete(context.Background(), tenant, "r", ""); err != nil {
					t.Fatal(err)
				}
				made.ReservoirSize = size
				if _, err := r.Create(context.Background(), tenant, made); err != nil {
					t.Fatal(err)
				}
			}
			for i, c := range clients {
				if rapid.IntRange(0, 40).Draw(t, "restart") == 0 { // a process has a new id each time
					*c = sdk{id: fmt.Sprintf("%012x%012x", s+1, i), borrowedApart: c.borrowedApart, lateness: c.lateness, next: s + rapid.IntRange(0, 10).Draw(t, "first")}
				}
				c.second(now, rapid.IntRange(0, 40).Draw(t, "requests"))
				taken += c.reservoirs
				if s >= c.next && c.pending.RequestCount > 0 {
					c.next = s + 10 + c.lateness
					c.pending.RuleName, c.pending.ClientID, c.pending.Time = "r", c.id, radiograph.TimestampOf(now)
					got, err := r.Targets(context.Background(), tenant, radiograph.SamplingReport{Statistics: []radiograph.SamplingStatistics{c.pending}})
					if err != nil || len(got.Targets) != 1 {
						t.Fatalf("%+v, %v", got, err)
					}
					sent.RequestCount += c.pending.RequestCount
					sent.SampledCount += c.pending.SampledCount
					sent.Borrowed += c.pending.Borrowed
					c.pending = radiograph.SamplingStatistics{}
					if rapid.IntRange(0, 5).Draw(t, "lost") > 0 {
						c.quota, c.ttl, c.fetched = got.Targets[0].Quota, got.Targets[0].QuotaTTL, true
					}
				}
				if c.fetched && radiograph.TimestampOf(now) < c.ttl {
					held += c.quota
				}
			}
			if held > size || taken > int64(size) {
				t.Fatalf("second %d: clients hold %d and took %d of a reservoir of %d", s, held, taken, size)
			}
		}
		var shown radiograph.SamplingSummary
		last := radiograph.Timestamp(-1)
		for _, w := range r.Summaries(tenant) {
			if w.RuleName != "r" || int64(w.Time)%int64(10*time.Second) != 0 || w.Time <= last {
				t.Fatalf("window %+v after %v", w, last)
			}
			last = w.Time
			shown.RequestCount += w.RequestCount
			shown.SampledCount += w.SampledCount
			shown.Borrowed += w.Borrowed
		}
		if shown != sent {
			t.Fatalf("summaries show %+v, clients sent %+v", shown, sent)
		}
	})
}

func TestSummaries(t *testing.T) {
	r, _, now := clocked(t)
	send := func(rule string, at time.Time, requests, sampled, borrowed int64) {
		t.Helper()
		got, err := r.Targets(context.Background(), tenant, radiograph.SamplingReport{Statistics: []radiograph.SamplingStatistics{
			{RuleName: rule, ClientID: "c", Time: radiograph.TimestampOf(at), RequestCount: requests, SampledCount: sampled, Borrowed: borrowed},
		}})
		if err != nil || len(got.Unprocessed) != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if _, err := r.Create(context.Background(), tenant, rule("a")); err != nil {
		t.Fatal(err)
	}
	early := now.Truncate(interval)
	send("Default", early, 5, 2, 1)
	send("Default", early.Add(9*time.Second), 6, 0, 1)
	send("a", early.Add(time.Second), 1, 1, 0)
	*now = now.Add(20 * time.Minute)
	send("Default", now.Add(time.Hour), 7, 0, 0) // its clock is ahead
	want := []radiograph.SamplingSummary{
		{RuleName: "Default", Time: radiograph.TimestampOf(early), RequestCount: 11, SampledCount: 2, Borrowed: 2},
		{RuleName: "a", Time: radiograph.TimestampOf(early), RequestCount: 1, SampledCount: 1},
		{RuleName: "Default", Time: radiograph.TimestampOf(now.Truncate(interval)), RequestCount: 7},
	}
	if diff := cmp.Diff(want, r.Summaries(tenant)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := r.Summaries(radiograph.Tenant{Account: "9"}); len(got) != 0 {
		t.Errorf("another tenant sees %v", got)
	}
	*now = now.Add(15 * time.Minute)
	if diff := cmp.Diff(want[2:], r.Summaries(tenant)); diff != "" {
		t.Errorf("after they are over (-want +got):\n%s", diff)
	}
}
