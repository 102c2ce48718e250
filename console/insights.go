package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"radiograph"
	"radiograph/group"
	"radiograph/insight"
)

// insightsBack is how far the list reaches: insights are kept as long.
const insightsBack = 30 * 24 * time.Hour

// insightsView is the list of insights.
type insightsView struct {
	Groups []insightGroup
	States []choice
	Rows   []insightRow
	Idle   bool   // no group looks for insights
	Name   string // of the group shown; "" for all
}

// insightGroup is a group with its switch.
type insightGroup struct {
	Name, Expression string
	Href, Traces     string
	Action           string
	On, Current      bool
	Active           int
}

type insightRow struct {
	Href       string
	State      status
	RootCause  string
	Kind       string
	More       int // anomalous services besides
	Group      string
	Start, Age string
	Duration   string
	Faults     string // of clients' requests
	Share      string
}

// statusOfInsight is an insight's state.
func statusOfInsight(in *radiograph.Insight) status {
	if in.Closed() {
		return status{"pending", "○", "Closed"}
	}
	return status{"fault", "✕", "Active"}
}

// listInsights shows the insights of all groups, or of the ?group= asked for, and
// which groups look for them.
func (s *console) listInsights(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	groups, err := s.Groups.Groups(r.Context(), s.Tenant)
	if err != nil {
		return err
	}
	name, state := q.Get("group"), q.Get("state")
	if name != "" && !slices.ContainsFunc(groups, func(g *radiograph.Group) bool { return g.Name == name }) {
		return radiograph.Errorf(radiograph.KindNotFound, "There is no group %.100q.", name)
	}
	now := radiograph.TimestampOf(s.Clock())
	v := insightsView{Idle: true, Name: name}
	var found []*radiograph.Insight
	for _, g := range groups {
		list, err := s.Insights.Insights(r.Context(), s.Tenant, insight.Query{Group: g, From: now.Add(-insightsBack), To: now})
		if err != nil {
			return err
		}
		row := insightGroup{
			Name: g.Name, Expression: g.Expression(), On: g.Insights, Current: g.Name == name,
			Href: address("/insights", with(q, "group", g.Name)), Traces: address("/traces", url.Values{"filter": {"group.name = " + strconv.Quote(g.Name)}}),
			Action: "/insights/groups/" + url.PathEscape(g.Name),
		}
		for _, in := range list {
			if !in.Closed() {
				row.Active++
			}
		}
		v.Idle = v.Idle && !g.Insights
		v.Groups = append(v.Groups, row)
		if name == "" || name == g.Name {
			found = append(found, list...)
		}
	}
	for _, c := range []choice{{Label: "All"}, {Label: "Active", Href: "active"}, {Label: "Closed", Href: "closed"}} {
		c.Current = c.Href == state
		if c.Href == "" {
			c.Href = address("/insights", without(q, "state"))
		} else {
			c.Href = address("/insights", with(q, "state", c.Href))
		}
		v.States = append(v.States, c)
	}
	slices.SortStableFunc(found, func(a, b *radiograph.Insight) int { return cmp.Compare(b.Start, a.Start) })
	for _, in := range found {
		if state == "active" && in.Closed() || state == "closed" && !in.Closed() {
			continue
		}
		row := insightRow{
			Href: insightPath(in.ID), State: statusOfInsight(in), RootCause: in.RootCause.Name, More: len(in.Services) - 1, Group: in.GroupName,
			Start: formatTime(in.Start.Time()), Age: formatAge(now.Sub(in.Start)), Duration: formatDuration(insightLength(in, now)),
			Faults: formatCount(in.ClientImpact.Fault), Share: formatShare(in.ClientImpact.Fault, in.ClientImpact.Total),
		}
		row.Kind, _ = kindOf(in.RootCause.Type)
		v.Rows = append(v.Rows, row)
	}
	return s.show(w, r, http.StatusOK, "insights", "insights", "Insights", v)
}

// insightLength is how long an insight took, or has taken by now.
func insightLength(in *radiograph.Insight, now radiograph.Timestamp) time.Duration {
	if in.Closed() {
		return in.End.Sub(in.Start)
	}
	return max(0, now.Sub(in.Start))
}

// saveInsights switches a group's search for insights.
func (s *console) saveInsights(w http.ResponseWriter, r *http.Request) error {
	on, off := r.PostFormValue("insights") == "on", false
	u := group.Update{Name: r.PathValue("name"), Insights: &on}
	if !on {
		u.Notifications = &off // there are none without
	}
	if _, err := s.Groups.Update(r.Context(), s.Tenant, u); err != nil {
		return err
	}
	http.Redirect(w, r, "/insights#groups", http.StatusSeeOther)
	return nil
}
