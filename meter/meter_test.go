package meter

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

var (
	ireland  = radiograph.Tenant{Account: "111111111111", Region: "eu-west-1"}
	virginia = radiograph.Tenant{Account: "111111111111", Region: "us-east-1"}
	stranger = radiograph.Tenant{Account: "222222222222", Region: "eu-west-1"}
)

// open makes a meter inside a synctest bubble; its clock is the bubble's.
func open(t *testing.T, state radiograph.State) *Meter {
	t.Helper()
	m, err := New(t.Context(), Config{State: state, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMonthsAndRegionsAreApart(t *testing.T) {
	now := time.Date(2026, 10, 31, 23, 59, 59, 0, time.UTC)
	state := storetest.NewState()
	m, err := New(t.Context(), Config{State: state, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	m.Count(ireland, radiograph.TracesRecorded, 150_000)
	now = now.Add(time.Second)
	m.Count(ireland, radiograph.TracesRecorded, 60_000)
	m.Count(virginia, radiograph.TracesRecorded, 50_000)
	m.Count(virginia, radiograph.TracesScanned, 999_999)
	m.Count(ireland, radiograph.TracesRetrieved, 2)
	m.Count(ireland, radiograph.InsightTraces, 1_000_000)
	m.Count(ireland, radiograph.InsightTraces, 0)
	m.Count(stranger, radiograph.TracesRecorded, 7)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if m, err = New(t.Context(), Config{State: state, Clock: func() time.Time { return now }}); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	want := Report{Account: ireland.Account, Months: []Month{
		{
			Month: "2026-11",
			Regions: []Region{
				{"eu-west-1", Counts{Recorded: 60_000, Retrieved: 2, Insights: 1_000_000}},
				{"us-east-1", Counts{Recorded: 50_000, Scanned: 999_999}},
			},
			Bill: []Line{
				// The free tier is the account's: neither region passes it alone.
				{What: "Traces recorded", Traces: 110_000, Free: 100_000, Billed: 10_000, USD: 0.05},
				{What: "Traces retrieved or scanned", Traces: 1_000_001, Free: 1_000_000, Billed: 1, USD: 0.0000005},
				{What: "Traces processed for insights", Traces: 1_000_000, Billed: 1_000_000, USD: 1},
			},
			USD: 1.0500005,
		},
		{
			Month:   "2026-10",
			Regions: []Region{{"eu-west-1", Counts{Recorded: 150_000}}},
			Bill: []Line{
				{What: "Traces recorded", Traces: 150_000, Free: 100_000, Billed: 50_000, USD: 0.25},
				{What: "Traces retrieved or scanned", Free: 1_000_000, FreeLeft: 1_000_000},
				{What: "Traces processed for insights"},
			},
			USD: 0.25,
		},
	}}
	if d := cmp.Diff(want, m.Report(ireland.Account)); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
	if got := m.Present(); len(got) != 3 || got[2].Tenant != stranger || got[2].Recorded != 7 {
		t.Errorf("Present() = %+v, want three tenants, the stranger last", got)
	}
}

func TestAMonthWithoutUsageIsReported(t *testing.T) {
	m, err := New(t.Context(), Config{State: storetest.NewState(), Clock: func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }, Prices: &Prices{Recorded: Price{Free: 5, PerMillion: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	got := m.Report("333333333333")
	if len(got.Months) != 1 || got.Months[0].Month != "2026-03" || got.Months[0].Bill[0].FreeLeft != 5 || got.Months[0].Bill[1].Free != 0 {
		t.Errorf("Report = %+v, want an empty March with the prices given", got)
	}
}

// journal notes when it was written to, and can fail.
type journal struct {
	*storetest.State
	mu     sync.Mutex
	writes []time.Time
	err    error
}

func (j *journal) Apply(ctx context.Context, changes ...radiograph.Change) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writes = append(j.writes, time.Now())
	if j.err != nil {
		return j.err
	}
	return j.State.Apply(ctx, changes...)
}

func TestCountsAreWrittenBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{State: storetest.NewState()}
		m := open(t, j)
		began := time.Now()
		for range 5_000 {
			m.Count(ireland, radiograph.TracesRecorded, 1)
		}
		time.Sleep(saveInterval)
		synctest.Wait()
		if len(j.writes) != 1 || j.writes[0].Sub(began) != saveInterval {
			t.Fatalf("writes after %v: %v, want one after an interval", time.Since(began), j.writes)
		}
		// What a crash now would leave is what was written.
		left := open(t, j.State)
		if got := left.Report(ireland.Account).Months[0].Bill[0].Traces; got != 5_000 {
			t.Errorf("%d traces survive a crash, want 5000", got)
		}
		if err := left.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(j.writes) != 1 {
			t.Errorf("%d writes though nothing was counted", len(j.writes)-1)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAFailedWriteIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{State: storetest.NewState(), err: errors.New("disk full")}
		m := open(t, j)
		m.Count(ireland, radiograph.TracesRecorded, 3)
		time.Sleep(3*saveInterval + saveInterval/2)
		synctest.Wait()
		if len(j.writes) != 3 {
			t.Errorf("%d tries in three intervals, want 3", len(j.writes))
		}
		j.mu.Lock()
		j.err = nil
		j.mu.Unlock()
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, j.State)
		if got := again.Present(); len(got) != 1 || got[0].Recorded != 3 {
			t.Errorf("after the failure: %+v, want 3 recorded", got)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestKeys(t *testing.T) {
	for _, c := range []cell{
		{ireland, "2026-11"},
		{radiograph.Tenant{Account: "1", Region: "a/b/"}, "2026-01"}, // a region may be any text
	} {
		if got, ok := parseKey(c.key()); !ok || got != c {
			t.Errorf("parseKey(%q) = %+v, %v", c.key(), got, ok)
		}
	}
	if _, ok := parseKey("usage/1"); ok {
		t.Error("a key without a month was read")
	}
}
