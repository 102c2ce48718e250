// Package insight finds incidents: services of a group whose faults are above what
// is usual, folded into one insight where they are related.
//
// The sums of a group by minute enter, insights with their events leave. What a
// group's minutes come to is a pure function of them ([course]); the service reads
// them, runs it, and keeps the outcome, so that ids and closed insights stay. It
// reads no traces, tells nobody of what it finds, and knows no wire format.
package insight

import (
	"context"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"radiograph"
	"radiograph/forecast"
)

const (
	// keptFor is how long insights are kept: as long as traces (X-Ray service
	// quotas).
	keptFor = 30 * 24 * time.Hour
	// unsettled is for how many minutes documents may come late and still change
	// what an insight says.
	unsettled = 60
	// fresh is how many minutes are read again each minute; all unsettled ones are
	// when somebody asks, and every tenth minute.
	fresh    = 5
	rereadAt = 10
	// looksBack is how many minutes a group is followed from when the program
	// begins: a day for the baselines, and a day whose insights count.
	looksBack = 2 * reported
	reported  = int64(forecast.Memory / time.Minute)
	// grace is how long after a minute's end it is judged by the clock: documents
	// of functions and daemons are visible within 100 ms.
	grace = time.Second
)

// Sums yields the sums of a group's traces by minute, of minutes that lie in
// [from, to). Implemented by *query.Engine.
type Sums interface {
	Contributions(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, from, to radiograph.Timestamp) iter.Seq2[*radiograph.Contribution, error]
}

// Groups knows the groups of all tenants. Implemented by *group.Service.
type Groups interface {
	Groups(ctx context.Context, t radiograph.Tenant) ([]*radiograph.Group, error)
	Tenants(ctx context.Context) ([]radiograph.Tenant, error)
}

// Config is what a service needs. All members but Log are required.
type Config struct {
	State  radiograph.State // of which it is the only writer of keys under "insight/"
	Sums   Sums
	Groups Groups
	Clock  radiograph.Clock
	Log    *slog.Logger // nil: nothing is logged
}

// Service keeps the insights of all tenants. Its methods may be called from any
// goroutine.
type Service struct {
	state  radiograph.State
	sums   Sums
	groups Groups
	clock  radiograph.Clock
	log    *slog.Logger

	mu      sync.Mutex // guards the map, a leaf
	follows map[groupKey]*follower
}

type groupKey struct {
	tenant radiograph.Tenant
	arn    string
}

// follower is how far the service has come with one group.
type follower struct {
	mu      sync.Mutex        // held over an evaluation: read the sums, judge, write
	settled *course           // up to the minutes that may still change; nil: not begun
	minutes map[int64]*Minute // the unsettled ones
	judged  int64             // up to this minute, which is not judged yet
}

// New makes a service.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{
		state: c.State, sums: c.Sums, groups: c.Groups, clock: c.Clock, log: c.Log.With("component", "insight"),
		follows: make(map[groupKey]*follower),
	}
}

// Run judges each minute soon after its end, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		s.evaluateAll(ctx)
		now := s.clock()
		next := now.Truncate(time.Minute).Add(time.Minute + grace)
		timer := time.NewTimer(next.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// evaluateAll judges all groups that look for insights. What fails is told and
// tried again a minute later.
func (s *Service) evaluateAll(ctx context.Context) {
	tenants, err := s.tenants(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Error("insights are not up to date", "err", err)
		}
		return
	}
	watched := make(map[groupKey]bool)
	for t := range tenants {
		groups, err := s.groups.Groups(ctx, t)
		if err == nil {
			for _, g := range groups {
				if !g.Insights {
					continue
				}
				watched[groupKey{t, g.ARN}] = true
				if err := s.evaluate(ctx, t, g, false); err != nil && ctx.Err() == nil {
					s.log.Warn("a group's insights are not up to date", "group", g.Name, "account", t.Account, "err", err)
				}
			}
			err = s.tidy(ctx, t, watched)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("insights are not up to date", "account", t.Account, "err", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.follows {
		if !watched[k] {
			delete(s.follows, k)
		}
	}
}

// tenants are those that have groups or insights.
func (s *Service) tenants(ctx context.Context) (map[radiograph.Tenant]bool, error) {
	list, err := s.groups.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	tenants := make(map[radiograph.Tenant]bool)
	for _, t := range list {
		tenants[t] = true
	}
	for pair, err := range s.state.Scan(ctx, keySpace) {
		if err != nil {
			return nil, fmt.Errorf("read insights: %w", err)
		}
		if part := strings.SplitN(pair.Key, "/", 4); len(part) == 4 {
			tenants[radiograph.Tenant{Account: radiograph.AccountID(part[1]), Region: radiograph.Region(part[2])}] = true
		}
	}
	return tenants, nil
}

// evaluate brings the insights of a group up to the last minute that is over. A
// thorough one reads all minutes again that documents may have come late for.
func (s *Service) evaluate(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, thorough bool) error {
	s.mu.Lock()
	f := s.follows[groupKey{t, g.ARN}]
	if f == nil {
		f = new(follower)
		s.follows[groupKey{t, g.ARN}] = f
	}
	s.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()

	now := int64(radiograph.TimestampOf(s.clock())) / int64(time.Minute)
	if f.judged == now && !thorough {
		return nil
	}
	var from int64
	begin := f.settled
	switch {
	case begin == nil || begin.next < now-unsettled-looksBack || begin.next > now:
		begin = newCourse(now - looksBack)
		from = begin.next
	case thorough || now/rereadAt != f.judged/rereadAt:
		from = begin.next
	default:
		from = max(f.judged-fresh, begin.next)
	}
	read := make(map[int64]*Minute)
	for c, err := range s.sums.Contributions(ctx, t, g, timestamp(from), timestamp(now)) {
		if err != nil {
			return fmt.Errorf("read the sums of group %s: %w", g.Name, err)
		}
		if read[c.Minute] == nil {
			read[c.Minute] = new(Minute)
		}
		read[c.Minute].Add(c)
	}
	for m, minute := range f.minutes {
		if begin.next <= m && m < from {
			read[m] = minute
		}
	}
	settled := begin.clone() // an evaluation that fails leaves begin as it is
	for settled.next < now-unsettled {
		settled.step(read[settled.next])
	}
	course := settled.clone()
	for course.next < now {
		course.step(read[course.next])
	}
	if err := s.write(ctx, t, g, slices.Concat(settled.closed, course.closed, course.active), now); err != nil {
		return err
	}
	settled.closed = nil
	for m := range read {
		if m < settled.next {
			delete(read, m)
		}
	}
	f.settled, f.minutes, f.judged = settled, read, now
	return nil
}

// write stores what a group's minutes came to. An incident that is stored already
// keeps its id; one that documents which came late have undone is closed.
func (s *Service) write(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, found []*incident, now int64) error {
	stored, err := s.stored(ctx, t)
	if err != nil {
		return err
	}
	stored = slices.DeleteFunc(stored, func(in *radiograph.Insight) bool { return in.GroupARN != g.ARN })
	var changes []radiograph.Change
	for _, in := range found {
		made := in.Insight
		made.GroupName, made.GroupARN = g.Name, g.ARN
		if i := sameIncident(stored, &made); i >= 0 {
			made.ID = stored[i].ID
			stored = slices.Delete(stored, i, i+1)
		} else if made.Start < timestamp(now-reported) {
			continue // the baselines of that time were made of too little
		} else {
			made.ID = newID(&made)
			s.log.Info("an insight opened", "group", g.Name, "account", t.Account, "insight", made.ID, "root_cause", name(made.RootCause), "start", clock(made.Start))
		}
		changes = append(changes, change(t, &made))
	}
	for _, in := range stored {
		if !in.Closed() {
			changes = append(changes, change(t, end(in, now, "Documents that came late have made the faults usual, or it is too long ago.")))
		}
	}
	return s.apply(ctx, changes)
}

// newID makes the id of an insight from what it is about: a UUID of version 5
// (RFC 4122).
func newID(in *radiograph.Insight) string {
	u := sha1.Sum(fmt.Appendf(nil, "%s %d %s", in.GroupARN, in.Start, name(in.RootCause)))
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

// sameIncident finds the stored insight that is the same incident: it has a
// service in common and was open at the same time; of several the one that began
// most nearly together. It is -1 when there is none.
func sameIncident(stored []*radiograph.Insight, made *radiograph.Insight) int {
	best, off := -1, radiograph.Timestamp(0)
	for i, old := range stored {
		overlap := (old.End == 0 || old.End >= made.Start) && (made.End == 0 || made.End >= old.Start)
		if !overlap || !slices.ContainsFunc(old.Services, func(id radiograph.ServiceID) bool { return slices.Contains(made.Services, id) }) {
			continue
		}
		if d := max(old.Start-made.Start, made.Start-old.Start); best < 0 || d < off {
			best, off = i, d
		}
	}
	return best
}

// end closes an insight that is no longer followed.
func end(in *radiograph.Insight, now int64, why string) *radiograph.Insight {
	closed := *in
	closed.End = max(closed.Updated, closed.Start+1)
	closed.Updated = timestamp(now)
	closed.Summary = closedSummary(&closed)
	closed.Events = append(slices.Clone(in.Events), radiograph.InsightEvent{Time: timestamp(now), Summary: why, InsightState: in.InsightState})
	return &closed
}

// tidy closes the insights of groups that no longer look for any, and removes
// those that are too old.
func (s *Service) tidy(ctx context.Context, t radiograph.Tenant, watched map[groupKey]bool) error {
	stored, err := s.stored(ctx, t)
	if err != nil {
		return err
	}
	now := radiograph.TimestampOf(s.clock())
	var changes []radiograph.Change
	for _, in := range stored {
		switch {
		case in.Closed() && in.End < now.Add(-keptFor):
			changes = append(changes, radiograph.Change{Key: keyPrefix(t) + in.ID})
		case !in.Closed() && !watched[groupKey{t, in.GroupARN}]:
			changes = append(changes, change(t, end(in, int64(now)/int64(time.Minute), "The group no longer looks for insights.")))
		}
	}
	return s.apply(ctx, changes)
}

const keySpace = "insight/"

func keyPrefix(t radiograph.Tenant) string { return keySpace + t.String() + "/" }

func change(t radiograph.Tenant, in *radiograph.Insight) radiograph.Change {
	b, err := json.Marshal(in)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return radiograph.Change{Key: keyPrefix(t) + in.ID, Value: b}
}

// apply writes what differs from what is there.
func (s *Service) apply(ctx context.Context, changes []radiograph.Change) error {
	var differ []radiograph.Change
	for _, c := range changes {
		if old, err := s.state.Get(ctx, c.Key); err != nil || string(old) != string(c.Value) {
			differ = append(differ, c)
		}
	}
	if len(differ) == 0 {
		return nil
	}
	if err := s.state.Apply(ctx, differ...); err != nil {
		return fmt.Errorf("write insights: %w", err)
	}
	return nil
}

// stored reads the insights of a tenant.
func (s *Service) stored(ctx context.Context, t radiograph.Tenant) ([]*radiograph.Insight, error) {
	var list []*radiograph.Insight
	for pair, err := range s.state.Scan(ctx, keyPrefix(t)) {
		if err != nil {
			return nil, fmt.Errorf("read insights: %w", err)
		}
		in := new(radiograph.Insight)
		if err := json.Unmarshal(pair.Value, in); err != nil {
			return nil, fmt.Errorf("read insight %s: %w", pair.Key, err)
		}
		list = append(list, in)
	}
	return list, nil
}

// Count is how many insights a tenant has.
type Count struct {
	Tenant         radiograph.Tenant
	Active, Closed int
}

// Counts are those of all tenants that have groups or insights, as of the last
// evaluation.
func (s *Service) Counts(ctx context.Context) ([]Count, error) {
	tenants, err := s.tenants(ctx)
	if err != nil {
		return nil, err
	}
	var list []Count
	for t := range tenants {
		stored, err := s.stored(ctx, t)
		if err != nil {
			return nil, err
		}
		c := Count{Tenant: t}
		for _, in := range stored {
			if in.Closed() {
				c.Closed++
			} else {
				c.Active++
			}
		}
		list = append(list, c)
	}
	return list, nil
}

// Query asks for a group's insights that were open at some time of [From, To).
type Query struct {
	Group    *radiograph.Group
	From, To radiograph.Timestamp
}

// Insights are a group's, the latest first. They count what was stored before the
// call, up to the last minute that is over.
func (s *Service) Insights(ctx context.Context, t radiograph.Tenant, q Query) ([]*radiograph.Insight, error) {
	if q.Group.Insights {
		if err := s.evaluate(ctx, t, q.Group, true); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			s.log.Warn("a group's insights are not up to date", "group", q.Group.Name, "account", t.Account, "err", err)
		}
	}
	list, err := s.stored(ctx, t)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(in *radiograph.Insight) bool {
		return in.GroupARN != q.Group.ARN || in.Start >= q.To || in.Closed() && in.End <= q.From
	})
	slices.SortFunc(list, func(a, b *radiograph.Insight) int {
		if a.Start != b.Start {
			return int(max(-1, min(1, b.Start-a.Start)))
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list, nil
}

// Insight finds an insight by its id, in any letter case. An unknown one is an
// Error of KindInvalid: X-Ray has no other for insights.
func (s *Service) Insight(ctx context.Context, t radiograph.Tenant, id string) (*radiograph.Insight, error) {
	b, err := s.state.Get(ctx, keyPrefix(t)+strings.ToLower(id))
	if err != nil {
		if radiograph.ErrorKind(err) == radiograph.KindNotFound {
			return nil, radiograph.Errorf(radiograph.KindInvalid, "There is no insight %.100q", id)
		}
		return nil, fmt.Errorf("read insight: %w", err)
	}
	in := new(radiograph.Insight)
	if err := json.Unmarshal(b, in); err != nil {
		return nil, fmt.Errorf("read insight %s: %w", id, err)
	}
	return in, nil
}
