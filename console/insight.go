package console

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"radiograph"
	"radiograph/filter"
	"radiograph/insight"
)

const (
	// insightBefore and insightAfter are what the chart shows around an insight;
	// insightShown is the most it shows.
	insightBefore = 30 * time.Minute
	insightAfter  = 15 * time.Minute
	insightShown  = 6 * time.Hour
)

// insightView is an insight's page.
type insightView struct {
	ID, Title, Kind string
	State           status
	Summary         string
	Facts           []field
	Impact          []impactView
	Services        []insightService
	Chart           *faultChart
	Graph           *graphView
	Events          []insightEventRow
	Traces, Map     string
	Group           string // address of the group's insights
	GroupName       string
}

// impactView tells what an insight meant for some requests.
type impactView struct{ Label, Faults, Total, Share, Bar string }

type insightService struct {
	Name, Kind string
	Root       bool
}

type insightEventRow struct {
	At, Offset, Summary string
	Root, Clients       string // faults by then
	Last                bool
}

// showInsight shows one insight: what it is about, when what was notable, whom it
// concerned, and the faults of its root cause against what is usual.
func (s *console) showInsight(w http.ResponseWriter, r *http.Request) error {
	in, err := s.Insights.Insight(r.Context(), s.Tenant, r.PathValue("id"))
	if err != nil {
		if radiograph.ErrorKind(err) == radiograph.KindInvalid {
			return radiograph.Errorf(radiograph.KindNotFound, "%w", err)
		}
		return err
	}
	now := radiograph.TimestampOf(s.Clock())
	end := cmp.Or(in.End, now)
	v := insightView{
		ID: in.ID, Title: in.RootCause.Name, State: statusOfInsight(in), Summary: in.Summary,
		GroupName: in.GroupName, Group: address("/insights", url.Values{"group": {in.GroupName}}),
		Facts: []field{{"Started", formatTime(in.Start.Time())}, {"Duration", formatDuration(insightLength(in, now))}, {"Last update", formatTime(in.Updated.Time())}},
	}
	v.Kind, _ = kindOf(in.RootCause.Type)
	for _, i := range []struct {
		label string
		radiograph.Impact
	}{{"Of clients", in.ClientImpact}, {"To the root cause", in.RootCauseImpact}} {
		v.Impact = append(v.Impact, impactView{i.label, formatCount(i.Fault), formatCount(i.Total), formatShare(i.Fault, i.Total), percent(float64(i.Fault) / float64(max(i.Total, 1)))})
	}
	for _, id := range in.Services {
		kind, _ := kindOf(id.Type)
		v.Services = append(v.Services, insightService{id.Name, kind, id == in.RootCause})
	}
	for i, e := range in.Events {
		v.Events = append(v.Events, insightEventRow{
			At: formatTime(e.Time.Time()), Offset: formatDuration(e.Time.Sub(in.Start)), Summary: e.Summary, Last: i == len(in.Events)-1,
			Root: formatCount(e.RootCauseImpact.Fault) + " of " + formatCount(e.RootCauseImpact.Total), Clients: formatCount(e.ClientImpact.Fault) + " of " + formatCount(e.ClientImpact.Total),
		})
	}
	span := timeRange{From: in.Start.Time(), To: end.Time()}
	list := url.Values{"service": {in.RootCause.Name}, "type": {in.RootCause.Type}, "status": {statusFault.Class}}
	span.set(list, true)
	v.Traces = address("/traces", list)
	graph := url.Values{"node": {in.RootCause.Name}, "type": {in.RootCause.Type}}
	span.set(graph, true)
	v.Map = address("/map", graph)

	g, err := s.groupOf(r, in)
	if err != nil {
		return err
	}
	if g != nil { // else it was deleted, and its sums with it
		if err := s.drawInsight(r, &v, g, in, end, now); err != nil {
			return err
		}
	}
	return s.show(w, r, http.StatusOK, "insight", "insights", "Insight: "+in.RootCause.Name, v)
}

// groupOf is the group of an insight, or nil when it is no longer there.
func (s *console) groupOf(r *http.Request, in *radiograph.Insight) (*radiograph.Group, error) {
	groups, err := s.Groups.Groups(r.Context(), s.Tenant)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if g.ARN == in.GroupARN {
			return g, nil
		}
	}
	return nil, nil
}

func (s *console) drawInsight(r *http.Request, v *insightView, g *radiograph.Group, in *radiograph.Insight, end, now radiograph.Timestamp) error {
	from := in.Start.Add(-insightBefore)
	to := min(end.Add(insightAfter), now, from.Add(insightShown))
	minutes, err := s.Insights.Faults(r.Context(), s.Tenant, g, in.RootCause, from, to)
	if err != nil {
		return err
	}
	v.Chart = drawFaults(minutes, in)
	last := min(end, in.Start.Add(insightShown))
	if g.Name == filter.DefaultGroup { // which has every trace
		g = nil
	}
	graph, err := s.Engine.GroupGraph(r.Context(), s.Tenant, g, in.Start, last)
	if err != nil {
		return err
	}
	v.Graph = drawGraph(insight.ImpactGraph(graph, in), graphOptions{
		span:     last.Sub(in.Start),
		selected: func(n *radiograph.ServiceNode) bool { return n.ServiceID == in.RootCause },
	})
	return nil
}

// faultChart is the faults of a service by minute, as bars before the band of
// what is usual.
type faultChart struct {
	Bars  []faultBar
	Band  string   // path
	Shade faultBar // from the insight's start to its end
	Lines []chartLine
	Ticks []chartTick
	Label string
}

type faultBar struct {
	X, Y, Width, Height string
	Above               bool
	Title               string
}

type chartLine struct{ Y, Label string }

type chartTick struct{ X, Label string }

const (
	chartLeft   = 44.0
	chartWidth  = 960.0 // of the drawing
	chartHeight = 150.0 // of the plot
	chartTop    = 10.0
)

// drawFaults draws minutes, of which there is at least one. It is nil when there
// are none.
func drawFaults(minutes []insight.Faults, in *radiograph.Insight) *faultChart {
	if len(minutes) == 0 {
		return nil
	}
	most := int64(1)
	for _, m := range minutes {
		most = max(most, m.Fault)
		if m.Total > 0 {
			most = max(most, m.Band.High)
		}
	}
	step := (chartWidth - chartLeft) / float64(len(minutes))
	x := func(i int) float64 { return chartLeft + float64(i)*step }
	y := func(n int64) float64 { return chartTop + chartHeight*(1-float64(n)/float64(most)) }
	c := &faultChart{}
	var upper, lower []string
	above := 0
	start, end := -1, len(minutes)
	for i, m := range minutes {
		switch {
		case start < 0 && m.Time >= in.Start:
			start = i
		case in.Closed() && end == len(minutes) && m.Time >= in.End:
			end = i
		}
		upper = append(upper, coordinate(x(i))+" "+coordinate(y(m.Band.High)), coordinate(x(i+1))+" "+coordinate(y(m.Band.High)))
		lower = append(lower, coordinate(x(i))+" "+coordinate(y(m.Band.Low)), coordinate(x(i+1))+" "+coordinate(y(m.Band.Low)))
		if m.Fault == 0 {
			continue
		}
		bar := faultBar{
			X: coordinate(x(i) + step*0.12), Y: coordinate(y(m.Fault)), Width: coordinate(step * 0.76), Height: coordinate(chartTop + chartHeight - y(m.Fault)), Above: m.Fault > m.Band.High,
			Title: fmt.Sprintf("%s: %s of %s requests failed, usual are %d to %d", m.Time.Time().Local().Format("15:04"), formatCount(m.Fault), formatCount(m.Total), m.Band.Low, m.Band.High),
		}
		if bar.Above {
			above++
		}
		c.Bars = append(c.Bars, bar)
	}
	slices.Reverse(lower)
	c.Band = "M" + strings.Join(append(upper, lower...), "L") + "Z"
	if start >= 0 {
		c.Shade = faultBar{X: coordinate(x(start)), Y: coordinate(chartTop), Width: coordinate(x(max(end, start+1)) - x(start)), Height: coordinate(chartHeight)}
	}
	for _, n := range slices.Compact([]int64{0, most / 2, most}) {
		c.Lines = append(c.Lines, chartLine{coordinate(y(n)), formatCount(n)})
	}
	every := max(1, (len(minutes)+7)/8)
	for _, round := range []int{1, 2, 5, 10, 15, 30, 60} {
		if round >= every {
			every = round
			break
		}
	}
	for i, m := range minutes {
		if at := m.Time.Time().Local(); (at.Hour()*60+at.Minute())%every == 0 && x(i) < chartWidth-30 {
			c.Ticks = append(c.Ticks, chartTick{coordinate(x(i)), at.Format("15:04")})
		}
	}
	c.Label = fmt.Sprintf("Faults of %s by minute, from %s to %s: %d minutes above what is usual, at most %s faults in a minute",
		in.RootCause.Name, formatTime(minutes[0].Time.Time()), formatTime(minutes[len(minutes)-1].Time.Time()), above, formatCount(slices.MaxFunc(minutes, func(a, b insight.Faults) int { return cmp.Compare(a.Fault, b.Fault) }).Fault))
	return c
}

// insightPath is the address of an insight's page.
func insightPath(id string) string { return "/insights/" + url.PathEscape(id) }
