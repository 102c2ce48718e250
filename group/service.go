// Package group keeps groups: filter expressions with a name.
//
// What the API says of groups enters; groups, with the filters their expressions
// stand for, leave: to whoever manages them, and to the store, which matches
// traces against them. The package reads no traces.
package group

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"radiograph"
	"radiograph/filter"
)

const (
	// Versions are kept as long as traces are, and no more than maxVersions of
	// them: who changes an expression more often loses the eldest.
	keptFor     = 30 * 24 * time.Hour
	maxVersions = 50
	// maxExpression bounds an expression (an older API reference; the model no
	// longer says).
	maxExpression = 2000
)

// nameForm is what the guide says of names.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// Config is what a Service works with. Meter and Log may be nil.
type Config struct {
	State  radiograph.State
	Clock  radiograph.Clock
	Limits radiograph.Limits
	Meter  radiograph.Meter // told of matched traces, which X-Ray bills as retrieved
	Log    *slog.Logger
}

// Service keeps the groups of all tenants in a radiograph.State, of which it must
// be the only writer of keys under "group/". Its methods may be called from any
// goroutine.
type Service struct {
	state  radiograph.State
	clock  radiograph.Clock
	limits radiograph.Limits
	meter  radiograph.Meter
	log    *slog.Logger

	changing sync.Mutex // held over every change: read, check, apply
	matching matching
}

// New makes a service.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{state: c.State, clock: c.Clock, limits: c.Limits, meter: c.Meter, log: c.Log.With("component", "group")}
}

// Groups lists the groups of a tenant: Default, then the others by name.
func (s *Service) Groups(ctx context.Context, t radiograph.Tenant) ([]*radiograph.Group, error) {
	groups := []*radiograph.Group{builtIn(t)}
	for pair, err := range s.state.Scan(ctx, keyPrefix(t)) {
		if err != nil {
			return nil, fmt.Errorf("read groups: %w", err)
		}
		g := new(radiograph.Group)
		if err := json.Unmarshal(pair.Value, g); err != nil || len(g.Versions) == 0 {
			return nil, fmt.Errorf("read group %s: %w", pair.Key, err)
		}
		if g.Name == filter.DefaultGroup {
			groups[0] = g
			continue
		}
		groups = append(groups, g)
	}
	find := finder(groups)
	for _, g := range groups {
		g.ID = idOf(g.ARN)
		for i := range g.Versions {
			if g.Versions[i].Number == 0 { // stored before versions had numbers
				g.Versions[i].Number = i + 1
			}
			if e, err := filter.Parse(g.Versions[i].Expression, find); err == nil {
				g.Versions[i].Filter = e
			}
		}
	}
	return groups, nil
}

// Tenants are those that have made or changed a group.
func (s *Service) Tenants(ctx context.Context) ([]radiograph.Tenant, error) {
	var list []radiograph.Tenant
	for pair, err := range s.state.Scan(ctx, keySpace) {
		if err != nil {
			return nil, fmt.Errorf("read groups: %w", err)
		}
		part := strings.SplitN(pair.Key, "/", 4)
		if t := (radiograph.Tenant{Account: radiograph.AccountID(part[1]), Region: radiograph.Region(part[2])}); len(list) == 0 || list[len(list)-1] != t {
			list = append(list, t)
		}
	}
	return list, nil
}

// Group finds a group by one of its name and its ARN. An unknown one is an Error
// of KindInvalid: X-Ray has no other for groups.
func (s *Service) Group(ctx context.Context, t radiograph.Tenant, name, arn string) (*radiograph.Group, error) {
	groups, err := s.Groups(ctx, t)
	if err != nil {
		return nil, err
	}
	return find(groups, name, arn)
}

// Filter reads a filter expression that may name the tenant's groups, which stand
// for their expressions of now. A wrong one is an Error of KindInvalid that wraps
// a *filter.InvalidError.
func (s *Service) Filter(ctx context.Context, t radiograph.Tenant, expression string) (radiograph.Filter, error) {
	groups, err := s.Groups(ctx, t)
	if err != nil {
		return nil, err
	}
	e, err := filter.Parse(expression, finder(groups))
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Create makes a group with an expression. Of g, Name and what is told of
// insights and tags are read.
func (s *Service) Create(ctx context.Context, t radiograph.Tenant, g radiograph.Group, expression string) (*radiograph.Group, error) {
	if !nameForm.MatchString(g.Name) {
		return nil, invalid("GroupName must have 1 to 32 letters, digits or dashes")
	}
	if g.Name == filter.DefaultGroup {
		return nil, invalid("The group name %s is reserved", g.Name)
	}
	tags, err := radiograph.Tags(nil).With(g.Tags, s.limits.Tags)
	if err != nil {
		return nil, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	groups, err := s.Groups(ctx, t)
	if err != nil {
		return nil, err
	}
	switch {
	case slices.ContainsFunc(groups, func(o *radiograph.Group) bool { return o.Name == g.Name }):
		return nil, invalid("A group with the name %q already exists", g.Name)
	case radiograph.Over(len(groups), s.limits.Groups):
		return nil, invalid("An account has at most %d groups", s.limits.Groups)
	}
	made := &radiograph.Group{
		Name: g.Name, ARN: groupARN(t, g.Name) + "/" + uniqueID(), Tags: tags, Insights: g.Insights, Notifications: g.Notifications,
	}
	made.ID = idOf(made.ARN)
	if err := s.express(made, expression, groups); err != nil {
		return nil, err
	}
	return made, s.save(ctx, t, made)
}

// Update says what is to change of the group that one of Name and ARN names; nil
// members stay, but notifications end with insights.
type Update struct {
	Name, ARN     string
	Expression    *string
	Insights      *bool
	Notifications *bool
}

// Update changes a group. A new expression counts for traces that come from now
// on. Default keeps its expression.
func (s *Service) Update(ctx context.Context, t radiograph.Tenant, u Update) (*radiograph.Group, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	groups, err := s.Groups(ctx, t)
	if err != nil {
		return nil, err
	}
	g, err := find(groups, u.Name, u.ARN)
	if err != nil {
		return nil, err
	}
	if u.Insights != nil {
		g.Insights = *u.Insights
		g.Notifications = g.Notifications && g.Insights // a caller need not know that they are on
	}
	if u.Notifications != nil {
		g.Notifications = *u.Notifications
	}
	if u.Expression != nil && *u.Expression != g.Expression() {
		if g.Name == filter.DefaultGroup {
			return nil, invalid("The filter expression of the Default group cannot change")
		}
		if err := s.express(g, *u.Expression, groups); err != nil {
			return nil, err
		}
	}
	return g, s.save(ctx, t, g)
}

// Delete removes a group, named by one of name and ARN.
func (s *Service) Delete(ctx context.Context, t radiograph.Tenant, name, arn string) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	g, err := s.Group(ctx, t, name, arn)
	if err != nil {
		return err
	}
	if g.Name == filter.DefaultGroup {
		return invalid("The Default group cannot be deleted")
	}
	if err := s.state.Apply(ctx, radiograph.Change{Key: keyPrefix(t) + g.Name}); err != nil {
		return fmt.Errorf("delete group %s: %w", g.Name, err)
	}
	s.matching.forget(t, g.ID)
	return nil
}

// Tags are the tags of the group with an ARN. An unknown one is an Error of
// KindNotFound.
func (s *Service) Tags(ctx context.Context, t radiograph.Tenant, arn string) (radiograph.Tags, error) {
	g, err := s.tagged(ctx, t, arn)
	if err != nil {
		return nil, err
	}
	return g.Tags, nil
}

// ChangeTags gives the group with an ARN the tags that edit makes of those it
// has.
func (s *Service) ChangeTags(ctx context.Context, t radiograph.Tenant, arn string, edit func(radiograph.Tags) (radiograph.Tags, error)) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	g, err := s.tagged(ctx, t, arn)
	if err != nil {
		return err
	}
	if g.Tags, err = edit(g.Tags); err != nil {
		return err
	}
	return s.save(ctx, t, g)
}

func (s *Service) tagged(ctx context.Context, t radiograph.Tenant, arn string) (*radiograph.Group, error) {
	g, err := s.Group(ctx, t, "", arn)
	if err != nil && radiograph.ErrorKind(err) == radiograph.KindInvalid {
		return nil, &radiograph.Error{Kind: radiograph.KindNotFound, Message: err.Error(), Err: err}
	}
	return g, err
}

// express gives a group another expression from now on.
func (s *Service) express(g *radiograph.Group, expression string, groups []*radiograph.Group) error {
	if len(expression) > maxExpression {
		return invalid("FilterExpression must have at most %d characters", maxExpression)
	}
	// The group itself is there under its new expression, so that one that leads
	// back to it is refused.
	v := radiograph.GroupVersion{Number: 1, Since: radiograph.TimestampOf(s.clock()), Expression: expression}
	if len(g.Versions) > 0 {
		v.Number = g.Current().Number + 1
	}
	changed := &radiograph.Group{Name: g.Name, ARN: g.ARN, Versions: []radiograph.GroupVersion{v}}
	others := slices.DeleteFunc(slices.Clone(groups), func(o *radiograph.Group) bool { return o.Name == g.Name })
	e, err := filter.Parse(expression, finder(append(others, changed)))
	if err != nil {
		return err
	}
	v.Filter = e
	g.Versions = append(g.Versions, v)
	// A version has been over since the one after it began.
	for len(g.Versions) > 1 && (len(g.Versions) > maxVersions || g.Versions[1].Since < v.Since.Add(-keptFor)) {
		g.Versions = g.Versions[1:]
	}
	return nil
}

// save stores a group, under s.changing.
func (s *Service) save(ctx context.Context, t radiograph.Tenant, g *radiograph.Group) error {
	if g.Notifications && !g.Insights {
		return invalid("NotificationsEnabled needs InsightsEnabled")
	}
	b, err := json.Marshal(g)
	if err == nil {
		err = s.state.Apply(ctx, radiograph.Change{Key: keyPrefix(t) + g.Name, Value: b})
	}
	if err != nil {
		return fmt.Errorf("write group %s: %w", g.Name, err)
	}
	s.matching.changed(t)
	return nil
}

const keySpace = "group/"

func keyPrefix(t radiograph.Tenant) string { return keySpace + t.String() + "/" }

func groupARN(t radiograph.Tenant, name string) string {
	return fmt.Sprintf("arn:aws:xray:%s:%s:group/%s", t.Region, t.Account, name)
}

// builtIn is the group every trace is in, as a new account has it.
func builtIn(t radiograph.Tenant) *radiograph.Group {
	return &radiograph.Group{Name: filter.DefaultGroup, ARN: groupARN(t, filter.DefaultGroup), Versions: []radiograph.GroupVersion{{}}}
}

// idOf is a group's id: a hash (64-bit FNV-1a) of its ARN, whose last part is
// random.
func idOf(arn string) radiograph.GroupID {
	h := fnv.New64a()
	_, _ = h.Write([]byte(arn)) // a hash never fails
	return radiograph.GroupID(h.Sum64())
}

func uniqueID() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read never fails
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:])
}

func finder(groups []*radiograph.Group) filter.Groups {
	return func(named filter.Group) (string, bool) {
		for _, g := range groups {
			if g.Name == named.Name || named.ARN != "" && g.ARN == named.ARN {
				return g.Expression(), true
			}
		}
		return "", false
	}
}

func find(groups []*radiograph.Group, name, arn string) (*radiograph.Group, error) {
	if (name == "") == (arn == "") {
		return nil, invalid("A group must be named by either GroupName or GroupARN")
	}
	for _, g := range groups {
		if g.Name == name || arn != "" && g.ARN == arn {
			return g, nil
		}
	}
	return nil, invalid("There is no group %.400q", name+arn)
}

func invalid(format string, args ...any) error {
	return radiograph.Errorf(radiograph.KindInvalid, format, args...)
}
