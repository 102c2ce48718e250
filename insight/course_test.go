package insight

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"radiograph"
)

// shop is two systems that have nothing in common.
func shop(seed uint64, own func(string, int64) float64) *site {
	return &site{
		random: rand.New(rand.NewPCG(seed, 7)),
		calls:  map[string][]string{"front": {"cart", "users"}, "cart": {"stock", "prices"}, "stock": {"table"}, "mail": {"smtp"}},
		roots:  []string{"front", "mail"}, rate: steady(40), own: own,
	}
}

// told is what tests compare of an incident: its root cause, its services by
// name, and when it was, from minute to minute.
func told(in *incident) string {
	var names []string
	for _, id := range in.Services {
		names = append(names, id.Name)
	}
	slices.Sort(names)
	end := "on"
	if in.End != 0 {
		end = fmt.Sprint(int64(in.End) / 60e9)
	}
	return fmt.Sprintf("%s of %s, %d–%s", in.RootCause.Name, strings.Join(names, " "), int64(in.Start)/60e9, end)
}

func toldAll(c *course) []string {
	var list []string
	for _, in := range append(c.closed, c.active...) {
		list = append(list, told(in))
	}
	return list
}

// TestIncidents generates incidents whose answer is known.
func TestIncidents(t *testing.T) {
	const calm = 240 // minutes before
	ramp := func(service string, m int64) float64 {
		if service == "users" && m >= calm && m < calm+60 {
			return 0.005 + 0.4*float64(m-calm)/60
		}
		return 0.005
	}
	both := func(service string, m int64) float64 {
		return max(within(calm, calm+8, 0.6, "smtp")(service, m), within(calm+3, calm+20, 0.5, "users")(service, m))
	}
	twice := func(service string, m int64) float64 {
		return max(within(calm, calm+8, 0.6, "smtp")(service, m), within(calm+30, calm+35, 0.6, "smtp")(service, m))
	}
	for _, c := range []struct {
		name    string
		own     func(string, int64) float64
		minutes int64
		absorb  string
		edit    func(*site)
		want    []string
	}{
		{name: "nothing", own: within(0, 0, 0), minutes: calm + 60},
		{name: "one service", own: within(calm, calm+6, 0.7, "front"), minutes: calm + 30, want: []string{"front of front, 240–246"}},
		{name: "a chain from the far end", own: within(calm, calm+10, 0.5, "table"), minutes: calm + 40, want: []string{"table of cart front stock table, 240–250"}},
		{name: "its callers cope", own: within(calm, calm+10, 0.5, "table"), minutes: calm + 40, absorb: "stock", want: []string{"table of table, 240–250"}},
		{name: "two at once", own: both, minutes: calm + 60, want: []string{"smtp of mail smtp, 240–248", "users of front users, 243–260"}},
		{name: "one after the other", own: twice, minutes: calm + 60, want: []string{"smtp of mail smtp, 240–248", "smtp of mail smtp, 270–275"}},
		{name: "still on", own: within(calm, calm+100, 0.5, "table"), minutes: calm + 15, want: []string{"table of cart front stock table, 240–on"}},
		{name: "a minute of most requests", own: within(calm, calm+1, 1, "users"), minutes: calm + 1, want: []string{"users of front users, 240–on"}},
		{name: "a minute of some requests", own: within(calm, calm+1, 0.3, "users"), minutes: calm + 30},
		{name: "from the first minute on", own: within(0, 30, 0.9, "smtp"), minutes: 60, want: []string{"smtp of mail smtp, 0–…"}},
		{name: "few requests", own: within(calm, calm+12, 1, "users"), minutes: calm + 40, edit: func(s *site) { s.rate = steady(9) }, want: []string{"users of front users, 240–252"}},
		{name: "next to no requests", own: within(calm, calm+3, 1, "users"), minutes: calm + 20, edit: func(s *site) { s.rate = steady(1) }},
		{name: "a cycle", own: within(calm, calm+8, 0.8, "a"), minutes: calm + 30, edit: func(s *site) {
			s.calls, s.roots = map[string][]string{"a": {"b"}}, []string{"a", "b"}
			s.calls["b"] = []string{"c"}
		}, want: []string{"a of a, 240–248"}},
		{name: "a ramp", own: ramp, minutes: calm + 90, want: []string{"users of front users, 2…"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(3) {
				s := shop(seed, c.own)
				s.absorb = map[string]bool{c.absorb: true}
				if c.edit != nil {
					c.edit(s)
				}
				got := toldAll(run(s, c.minutes))
				for i := range got { // some times depend on chance
					if i < len(c.want) && strings.HasSuffix(c.want[i], "…") && strings.HasPrefix(got[i], strings.TrimSuffix(c.want[i], "…")) {
						got[i] = c.want[i]
					}
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("seed %d (-want +got):\n%s", seed, diff)
				}
			}
		})
	}
}

// counted makes a minute of fixed numbers: total and faults of each service, and
// a call of each service to the next. The first is called by clients.
func counted(minute int64, chain string, total, fault int64) *Minute {
	m := new(Minute)
	caller := radiograph.ServiceID{Name: "client", Type: clientType}
	for name := range strings.FieldsSeq(chain) {
		faults := fault
		if well, ok := strings.CutPrefix(name, "+"); ok {
			name, faults = well, 0
		}
		st := radiograph.Statistics{OK: total - faults, Fault: faults}
		m.Add(&radiograph.Contribution{Minute: minute, Node: id(name), Statistics: st})
		m.Add(&radiograph.Contribution{Minute: minute, Node: caller, Edge: id(name), Statistics: st})
		caller = id(name)
	}
	return m
}

// TestEvents follows an incident that spreads: what is notable is an event, with
// the numbers of its time.
func TestEvents(t *testing.T) {
	c := newCourse(0)
	steps := func(n int, chain string, fault int64) {
		for range n {
			c.step(counted(c.next, chain, 100, fault))
		}
	}
	steps(30, "+a +b +c", 0)
	steps(3, "b +c", 30)  // 30–32: three minutes open it
	steps(5, "a b c", 30) // 33–37: spreads both ways
	steps(12, "+a +b +c", 0)
	var got []string
	if len(c.closed) != 1 || len(c.active) != 0 {
		t.Fatalf("%v", toldAll(c))
	}
	in := c.closed[0]
	for _, e := range in.Events {
		got = append(got, fmt.Sprintf("%d: %s root %d/%d client %d/%d, %d services", int64(e.Time)/60e9, e.Summary, e.RootCauseImpact.Fault, e.RootCauseImpact.Total, e.ClientImpact.Fault, e.ClientImpact.Total, len(e.Services)))
	}
	const ec2 = " (AWS::EC2::Instance)"
	want := []string{
		"33: Faults of b" + ec2 + " are above what is usual. The root cause is b" + ec2 + ". root 90/300 client 90/300, 1 services",
		"36: Faults of a" + ec2 + ", c" + ec2 + " are above what is usual, too. The root cause is now c" + ec2 + ". root 90/600 client 180/600, 3 services",
		"48: Faults have been as usual for 10 minutes. 150 of 800 requests failed with a fault at c" + ec2 + ". root 150/800 client 240/800, 3 services",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := "The insight is closed. From 1970-01-01 00:30 UTC to 1970-01-01 00:38 UTC, 150 of 800 requests failed with a fault at c" + ec2 + "."; in.Summary != want {
		t.Errorf("summary %q, want %q", in.Summary, want)
	}
}

// TestGrowth has an incident that goes on: each doubling of its faults is an event.
func TestGrowth(t *testing.T) {
	c := newCourse(0)
	for range 60 {
		c.step(counted(c.next, "+a", 100, 0))
	}
	for range 20 {
		c.step(counted(c.next, "a", 100, 100))
	}
	var faults []int64
	for _, e := range c.active[0].Events {
		faults = append(faults, e.RootCauseImpact.Fault)
	}
	if diff := cmp.Diff([]int64{100, 200, 400, 800, 1600}, faults); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := "The insight is active. Since 1970-01-01 01:00 UTC, 2000 of 2000 requests failed with a fault at a (AWS::EC2::Instance)."; c.active[0].Summary != want {
		t.Errorf("summary %q", c.active[0].Summary)
	}
}

// TestFolds has two incidents that turn out to be one: the younger one is closed
// and says so.
func TestFolds(t *testing.T) {
	c := newCourse(0)
	for range 30 {
		c.step(counted(c.next, "+a +b +c", 100, 0))
	}
	for range 4 {
		c.step(counted(c.next, "+a +b c", 100, 40))
	}
	for range 4 {
		c.step(counted(c.next, "a +b c", 100, 40))
	}
	if diff := cmp.Diff([]string{"c of c, 30–on", "a of a, 34–on"}, toldAll(c)); diff != "" {
		t.Fatalf("two (-want +got):\n%s", diff)
	}
	for range 4 {
		c.step(counted(c.next, "a b c", 100, 40))
	}
	if diff := cmp.Diff([]string{"a of a, 34–41", "c of a b c, 30–on"}, toldAll(c)); diff != "" {
		t.Fatalf("one (-want +got):\n%s", diff)
	}
	if last := c.closed[0].Events[len(c.closed[0].Events)-1]; last.Summary != "The incident is part of the one that began at 1970-01-01 00:30 UTC." {
		t.Errorf("%q", last.Summary)
	}
}

// TestRootCause looks at graphs of anomalous services.
func TestRootCause(t *testing.T) {
	for _, c := range []struct{ name, calls, want string }{
		{"one", "a", "a"},
		{"a chain", "a>b b>c", "c"},
		{"a shortcut", "a>b b>c a>c", "c"},
		{"the farther of two ends", "a>b a>c c>d", "d"},
		{"a cycle at the end", "a>b b>c c>b", "c"},
		{"nothing but a cycle", "a>b b>a", "a"},
		{"calls itself", "a>a a>b b>b", "b"},
		{"through a service that is well", "a>x x>b", "a"},
	} {
		in := newIncident(0)
		for call := range strings.FieldsSeq(c.calls) {
			from, to, called := strings.Cut(call, ">")
			for _, name := range []string{from, to} {
				if name != "" && name != "x" {
					in.members[id(name)] = true
				}
			}
			if called {
				in.edges[edge{id(from), id(to)}] = radiograph.Impact{Total: 1}
			}
		}
		if got := in.rootCause().Name; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestCourseIsAFunction follows the same minutes twice, once in one piece and once
// through clones: the outcome is the same.
func TestCourseIsAFunction(t *testing.T) {
	s := shop(1, within(200, 220, 0.5, "table", "smtp"))
	var minutes []*Minute
	for m := range int64(300) {
		sum := new(Minute)
		for _, c := range s.minute(m) {
			sum.Add(c)
		}
		minutes = append(minutes, sum)
	}
	whole, base := newCourse(0), newCourse(0)
	for i, m := range minutes {
		whole.step(m)
		if i%7 == 0 { // a branch does not touch the course it was taken from
			branch := base.clone()
			for range 20 {
				branch.step(counted(branch.next, "front cart table", 50, 50))
			}
		}
		base.step(m)
	}
	if diff := cmp.Diff(insights(whole), insights(base)); diff != "" || len(whole.closed) != 2 {
		t.Errorf("%d insights; (-whole +branched):\n%s", len(whole.closed), diff)
	}
}

func insights(c *course) []radiograph.Insight {
	var list []radiograph.Insight
	for _, in := range append(c.closed, c.active...) {
		list = append(list, in.Insight)
	}
	return list
}
