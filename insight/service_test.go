package insight

import (
	"context"
	"iter"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

var tenant = radiograph.Tenant{Account: "111122223333", Region: "eu-west-1"}

// playedSums holds minutes as a store does: what is put later is added.
type playedSums struct {
	mu    sync.Mutex
	sums  []*radiograph.Contribution
	asked []int64 // how many minutes each question was about
	err   error
}

func (p *playedSums) put(cs ...*radiograph.Contribution) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sums = append(p.sums, cs...)
}

func (p *playedSums) Contributions(_ context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) iter.Seq2[*radiograph.Contribution, error] {
	return func(yield func(*radiograph.Contribution, error) bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked = append(p.asked, int64(to-from)/60e9)
		if p.err != nil {
			yield(nil, p.err)
			return
		}
		if t != tenant || g.Name != "all" {
			return
		}
		for _, c := range p.sums {
			if at := timestamp(c.Minute); from <= at && at < to && !yield(c, nil) {
				return
			}
		}
	}
}

// playedGroups has one group.
type playedGroups struct {
	group radiograph.Group
	gone  bool
}

func (p *playedGroups) Tenants(context.Context) ([]radiograph.Tenant, error) {
	return []radiograph.Tenant{tenant}, nil
}

func (p *playedGroups) Groups(_ context.Context, t radiograph.Tenant) ([]*radiograph.Group, error) {
	g := p.group
	if t != tenant || p.gone {
		return nil, nil
	}
	return []*radiograph.Group{&g}, nil
}

// bench is a service over played rooms, at a time of its own.
type bench struct {
	*Service
	t      testing.TB
	sums   *playedSums
	groups *playedGroups
	state  *storetest.State
	now    time.Time
}

// epoch is a whole hour.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newBench(t testing.TB) *bench {
	b := &bench{t: t, sums: &playedSums{}, state: storetest.NewState(), now: epoch, groups: &playedGroups{group: radiograph.Group{
		Name: "all", ARN: "arn:aws:xray:eu-west-1:111122223333:group/all/X", Insights: true, Versions: []radiograph.GroupVersion{{}},
	}}}
	b.restart()
	return b
}

// restart begins anew on what is stored.
func (b *bench) restart() {
	b.Service = New(Config{State: b.state, Sums: b.sums, Groups: b.groups, Clock: func() time.Time { return b.now }})
}

// put stores the minutes [from, to) after the epoch of one service.
func (b *bench) put(from, to int64, service string, ok, fault int64) {
	for m := from; m < to; m++ {
		st := radiograph.Statistics{OK: ok, Fault: fault}
		minute := epoch.Unix()/60 + m
		b.sums.put(&radiograph.Contribution{Minute: minute, Node: id(service), Statistics: st},
			&radiograph.Contribution{Minute: minute, Node: radiograph.ServiceID{Name: service, Type: clientType}, Edge: id(service), Statistics: st})
	}
}

// at moves the clock to so long after the epoch.
func (b *bench) at(after time.Duration) { b.now = epoch.Add(after) }

// list is what Insights answers: root cause, start and end in minutes after the
// epoch, faults, how many events.
func (b *bench) list() []*radiograph.Insight {
	b.t.Helper()
	g := b.groups.group
	list, err := b.Insights(b.t.Context(), tenant, Query{Group: &g, From: 0, To: 1 << 62})
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func (b *bench) one() *radiograph.Insight {
	b.t.Helper()
	list := b.list()
	if len(list) != 1 {
		b.t.Fatalf("%d insights, want 1: %+v", len(list), list)
	}
	return list[0]
}

func after(t radiograph.Timestamp) time.Duration { return t.Time().Sub(epoch) }

// TestReadAfterWrite puts an incident of the recent past at once and asks: it is
// there, with the id that every other question takes.
func TestReadAfterWrite(t *testing.T) {
	b := newBench(t)
	b.put(-50, -10, "a", 30, 0)
	b.put(-10, -4, "a", 10, 20)
	in := b.one()
	if in.Closed() || after(in.Start) != -10*time.Minute || in.RootCauseImpact != (radiograph.Impact{Total: 180, OK: 60, Fault: 120}) || in.ClientImpact != in.RootCauseImpact {
		t.Errorf("%+v", in)
	}
	if in.GroupName != "all" || in.GroupARN != b.groups.group.ARN || in.RootCause != id("a") {
		t.Errorf("%+v", in)
	}
	same, err := b.Insight(t.Context(), tenant, strings.ToUpper(in.ID))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, same); diff != "" {
		t.Errorf("by id (-list +got):\n%s", diff)
	}
	for _, other := range []radiograph.Tenant{{Account: "999999999999", Region: tenant.Region}, {Account: tenant.Account, Region: "us-east-1"}} {
		if _, err := b.Insight(t.Context(), other, in.ID); radiograph.ErrorKind(err) != radiograph.KindInvalid {
			t.Errorf("%v sees it: %v", other, err)
		}
	}
	b.at(6 * time.Minute) // ten quiet minutes: -4 to 6
	if closed := b.one(); closed.ID != in.ID || after(closed.End) != -4*time.Minute || len(closed.Events) != 4 {
		t.Errorf("closed: %+v", closed)
	}
}

// TestMinuteByMinute runs as the program does: each minute's end is judged, once
// cheaply, and the answer of any moment is that of the minutes that are over.
func TestMinuteByMinute(t *testing.T) {
	b := newBench(t)
	b.put(-60, 30, "a", 30, 0)
	b.put(5, 12, "a", 0, 60)
	var opened, closed int
	for m := range 30 {
		b.at(time.Duration(m)*time.Minute + time.Second)
		b.evaluateAll(t.Context())
		list, err := b.stored(t.Context(), tenant)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(list) == 0:
		case len(list) > 1:
			t.Fatalf("minute %d: %d insights", m, len(list))
		case list[0].Closed() && closed == 0:
			closed = m
		case opened == 0:
			opened = m
		}
	}
	if opened != 6 || closed != 22 { // the first minute is mostly faults; 12 to 21 are quiet
		t.Errorf("opened at %d, closed at %d", opened, closed)
	}
	for i, minutes := range b.sums.asked {
		switch {
		case i == 0 && minutes != looksBack, i > 0 && i%10 == 0 && minutes != unsettled+1, i%10 != 0 && minutes != fresh+1:
			t.Errorf("question %d is about %d minutes", i, minutes)
		}
	}
}

// TestRestart begins anew in the midst of an incident, and after it: ids stay,
// nothing is told twice.
func TestRestart(t *testing.T) {
	b := newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(0, 20, "a", 10, 20)
	b.at(8 * time.Minute)
	first := b.one()
	b.restart()
	b.at(10 * time.Minute)
	if again := b.one(); again.ID != first.ID || again.Start != first.Start || again.RootCauseImpact.Fault != 200 {
		t.Errorf("in its midst: %+v", again)
	}
	b.at(40 * time.Minute)
	closed := b.one()
	b.restart()
	b.at(3 * time.Hour)
	if diff := cmp.Diff(closed, b.one()); diff != "" || closed.ID != first.ID {
		t.Errorf("after it (-closed +now):\n%s", diff)
	}
	// It was off while the incident ended.
	b = newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(0, 5, "a", 10, 20)
	b.at(5 * time.Minute)
	first = b.one()
	b.restart()
	b.at(5 * time.Hour)
	if last := b.one(); last.ID != first.ID || after(last.End) != 5*time.Minute {
		t.Errorf("off while it ended: %+v", last)
	}
	b.at(10 * 24 * time.Hour) // so long that its minutes are no longer looked at
	b.restart()
	b.put(-120, 20, "a", 0, 0)
	if last := b.one(); last.ID != first.ID || !last.Closed() {
		t.Errorf("off for long: %+v", last)
	}
}

// TestOffForDays begins anew days after an insight was left open.
func TestOffForDays(t *testing.T) {
	b := newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(0, 5, "a", 10, 20)
	b.at(5 * time.Minute)
	first := b.one()
	b.restart()
	b.at(5 * 24 * time.Hour)
	last := b.one()
	if last.ID != first.ID || after(last.End) != 5*time.Minute || len(last.Events) != len(first.Events)+1 {
		t.Errorf("%+v", last)
	}
}

// TestLateDocuments changes what an insight says for an hour, and not after.
func TestLateDocuments(t *testing.T) {
	b := newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(0, 5, "a", 10, 20)
	b.at(6 * time.Minute)
	first := b.one()
	b.put(2, 4, "a", 0, 50)
	if late := b.one(); late.ID != first.ID || late.RootCauseImpact.Fault != first.RootCauseImpact.Fault+100 {
		t.Errorf("%+v", late)
	}
	// Without being asked, the tick sees them within ten minutes.
	b.at(50 * time.Minute)
	b.evaluateAll(t.Context())
	b.put(0, 1, "a", 0, 7)
	for m := range 10 {
		b.at(time.Duration(51+m) * time.Minute)
		b.evaluateAll(t.Context())
	}
	in, err := b.Insight(t.Context(), tenant, first.ID)
	if err != nil || in.RootCauseImpact.Fault != first.RootCauseImpact.Fault+107 || !in.Closed() {
		t.Errorf("%+v, %v", in, err)
	}
	b.at(2 * time.Hour)
	settled := b.one()
	b.put(3, 4, "a", 0, 50)
	if diff := cmp.Diff(settled, b.one()); diff != "" {
		t.Errorf("after an hour (-before +after):\n%s", diff)
	}
	// An incident that late requests make a usual minute is closed, and says why.
	b = newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(0, 1, "a", 0, 25)
	b.at(time.Minute)
	first = b.one()
	b.put(0, 1, "a", 20000, 0)
	if undone := b.one(); undone.ID != first.ID || !undone.Closed() || !strings.HasPrefix(undone.Events[len(undone.Events)-1].Summary, "Documents that came late") {
		t.Errorf("undone: %+v", undone)
	}
}

// TestOnlyTheLastDay begins to look for insights: those of the last day are found,
// and older ones are not, since nothing is known of the days before them.
func TestOnlyTheLastDay(t *testing.T) {
	b := newBench(t)
	b.put(-3000, 0, "a", 30, 0)
	b.put(-2000, -1990, "a", 0, 40)
	b.put(-1000, -990, "a", 0, 40)
	if in := b.one(); after(in.Start) != -1000*time.Minute || after(in.End) != -990*time.Minute {
		t.Errorf("%+v", in)
	}
}

// TestTidy removes what is too old, and closes what nobody looks after.
func TestTidy(t *testing.T) {
	b := newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(0, 5, "a", 10, 20)
	b.at(5 * time.Minute)
	first := b.one()
	b.groups.group.Insights = false
	b.at(6 * time.Minute)
	b.evaluateAll(t.Context())
	in := b.one()
	if last := in.Events[len(in.Events)-1]; in.ID != first.ID || !in.Closed() || last.Summary != "The group no longer looks for insights." || len(b.follows) != 0 {
		t.Errorf("switched off: %+v", in)
	}
	b.groups.gone = true
	b.at(keptFor)
	b.evaluateAll(t.Context())
	if len(b.list()) != 1 {
		t.Error("gone too early")
	}
	b.at(keptFor + time.Hour)
	b.evaluateAll(t.Context())
	if list := b.list(); len(list) != 0 {
		t.Errorf("still there: %+v", list)
	}
	if _, err := b.Insight(t.Context(), tenant, first.ID); radiograph.ErrorKind(err) != radiograph.KindInvalid {
		t.Errorf("by id: %v", err)
	}
}

func TestQuery(t *testing.T) {
	b := newBench(t)
	b.put(-1000, 0, "a", 30, 0)
	b.put(-300, -290, "a", 0, 40)
	b.put(-30, -20, "a", 0, 40)
	b.put(-3, 0, "a", 0, 40)
	at := func(m int) radiograph.Timestamp {
		return radiograph.TimestampOf(epoch.Add(time.Duration(m) * time.Minute))
	}
	for _, c := range []struct {
		from, to int
		want     []time.Duration
	}{
		{-1000, 1000, []time.Duration{-3 * time.Minute, -30 * time.Minute, -300 * time.Minute}},
		{-1000, -300, nil},
		{-1000, -299, []time.Duration{-300 * time.Minute}},
		{-290, -30, nil},
		{-291, -30, []time.Duration{-300 * time.Minute}},
		{-25, -4, []time.Duration{-30 * time.Minute}},
		{50, 60, []time.Duration{-3 * time.Minute}}, // it is still active
	} {
		g := b.groups.group
		list, err := b.Insights(t.Context(), tenant, Query{Group: &g, From: at(c.from), To: at(c.to)})
		if err != nil {
			t.Fatal(err)
		}
		var got []time.Duration
		for _, in := range list {
			got = append(got, after(in.Start))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%d to %d (-want +got):\n%s", c.from, c.to, diff)
		}
	}
	if counts, err := b.Counts(t.Context()); err != nil || len(counts) != 1 || counts[0] != (Count{tenant, 1, 2}) {
		t.Errorf("counts %+v, %v, want one active and two closed", counts, err)
	}
	other := b.groups.group
	other.ARN, other.Insights = other.ARN+"other", false
	if list, err := b.Insights(t.Context(), tenant, Query{Group: &other, To: 1 << 62}); err != nil || len(list) != 0 {
		t.Errorf("another group: %v, %v", list, err)
	}
}

// TestFailure keeps answering what is stored while the sums cannot be read, and
// goes on as if nothing had been when they can.
func TestFailure(t *testing.T) {
	b := newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(0, 20, "a", 10, 20)
	b.at(5 * time.Minute)
	first := b.one()
	b.sums.err = radiograph.Errorf(radiograph.KindUnavailable, "down")
	b.at(10 * time.Minute)
	b.evaluateAll(t.Context())
	if diff := cmp.Diff(first, b.one()); diff != "" {
		t.Errorf("down (-before +now):\n%s", diff)
	}
	b.sums.err = nil
	b.at(11 * time.Minute)
	if in := b.one(); in.ID != first.ID || in.RootCauseImpact.Fault != 220 {
		t.Errorf("up again: %+v", in)
	}
}

// TestRun waits for each minute's end, and ends with its context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		begin := time.Now()
		b.clock = time.Now
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			b.Run(ctx)
		}()
		time.Sleep(begin.Truncate(time.Minute).Add(10*time.Minute + grace + time.Millisecond).Sub(begin))
		synctest.Wait()
		cancel()
		<-done
		if got := len(b.sums.asked); got != 11 {
			t.Errorf("%d evaluations in 10 minutes, want one at once and one at each minute's end", got)
		}
	})
}

// TestConcurrent asks while minutes are judged; the race detector looks on.
func TestConcurrent(t *testing.T) {
	b := newBench(t)
	b.put(-120, 0, "a", 30, 0)
	b.put(-5, 0, "a", 0, 60)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			b.evaluateAll(t.Context())
			b.list()
		})
	}
	wg.Wait()
	b.one()
}

// BenchmarkTick judges a minute of a group of 60 services that call each other.
func BenchmarkTick(b *testing.B) {
	bench := newBench(b)
	for i := range 60 {
		service := "service-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
		bench.put(-120, 10, service, 30, 0)
	}
	bench.evaluateAll(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		bench.now = bench.now.Add(time.Minute)
		if bench.now.Sub(epoch) > 10*time.Minute {
			bench.now = epoch.Add(time.Minute)
		}
		bench.evaluateAll(b.Context())
	}
}

// TestFaults asks for the minutes around an incident: its own are above the band,
// the others are not.
func TestFaults(t *testing.T) {
	b := newBench(t)
	b.put(-120, 0, "a", 29, 1)
	b.put(-10, -5, "a", 0, 30)
	g := b.groups.group
	list, err := b.Faults(t.Context(), tenant, &g, id("a"), radiograph.TimestampOf(epoch.Add(-20*time.Minute+time.Second)), radiograph.TimestampOf(epoch.Add(time.Second)))
	if err != nil || len(list) != 21 {
		t.Fatalf("%d minutes, %v", len(list), err)
	}
	for i, m := range list {
		at := after(m.Time)
		if at != time.Duration(i-20)*time.Minute || (m.Fault > m.Band.High) != (-10*time.Minute <= at && at < -5*time.Minute) || m.Band.Low > m.Band.High {
			t.Errorf("%v: %+v", at, m)
		}
	}
	if last := list[20]; last.Total != 0 {
		t.Errorf("a minute without requests: %+v", last)
	}
}
