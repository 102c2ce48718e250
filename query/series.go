package query

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"time"

	"radiograph"
	"radiograph/filter"
	"radiograph/forecast"
)

// pointsPerPage is ours; X-Ray's page size is not documented.
const pointsPerPage = 200

// clientType is the type of the nodes that stand for the callers of roots.
const clientType = "client"

// SeriesQuery asks for statistics by period.
type SeriesQuery struct {
	From, To radiograph.Timestamp // half-open; minutes that lie partly in it count whole
	Period   time.Duration        // a multiple of a minute; 0: a minute
	// Selector chooses nodes or edges, never both. Nil chooses the edges from
	// clients, so that each trace counts once.
	Selector *filter.Selector
	Forecast bool              // wants nodes
	Group    *radiograph.Group // nil: all traces
	Token    string
}

// SeriesPoint is one period in which there were requests.
type SeriesPoint struct {
	Time       radiograph.Timestamp // start of the period; periods are aligned to the epoch
	Statistics radiograph.Statistics
	Histogram  radiograph.Histogram
	Forecast   *forecast.Band // of faults
}

// Series is one page of points, oldest first.
type Series struct {
	Nodes  bool // the points are of nodes, not of edges
	Points []SeriesPoint
	Token  string // "" on the last page
	// OldGroupVersions is set when traces are counted that are in the group under an
	// older version of its expression.
	OldGroupVersions bool
}

// Series sums the chosen nodes or edges by period. Periods without requests are
// left out.
func (e *Engine) Series(ctx context.Context, t radiograph.Tenant, q SeriesQuery) (*Series, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	period := radiograph.Timestamp(max(q.Period, time.Minute))
	from := q.From
	if q.Token != "" {
		last, err := parseSeriesToken(q.Token, period)
		if err != nil {
			return nil, err
		}
		from = max(from, last+period)
	}
	s := &Series{Nodes: q.Selector != nil && q.Selector.Nodes()}
	if from >= q.To {
		return s, nil
	}
	begin := floorMinute(from)
	if q.Forecast {
		begin = floorMinute(from.Add(-forecast.Memory))
	}
	minutes := make(map[int64]*radiograph.Contribution)
	chosen := radiograph.SumsQuery{From: begin, To: q.To, Chooses: func(c *radiograph.Contribution) bool { return q.chooses(c, t.Account) }}
	for c, err := range e.sums(ctx, t, q.Group, chosen) {
		if err != nil {
			return nil, err
		}
		if outdated(q.Group, c) && radiograph.Timestamp(c.Minute)*minute >= floorMinute(from) {
			s.OldGroupVersions = true
		}
		sum := minutes[c.Minute]
		if sum == nil {
			sum = &radiograph.Contribution{Minute: c.Minute}
			minutes[c.Minute] = sum
		}
		sum.Add(c)
	}
	byTime := slices.Sorted(maps.Keys(minutes))
	for _, m := range byTime {
		c := minutes[m]
		at := radiograph.Timestamp(m) * minute
		if at < floorMinute(from) || c.Total() <= 0 {
			continue
		}
		at -= at % period
		if n := len(s.Points); n == 0 || s.Points[n-1].Time != at {
			if n == pointsPerPage {
				s.Token = seriesToken(s.Points[n-1].Time)
				break
			}
			s.Points = append(s.Points, SeriesPoint{Time: at})
		}
		p := &s.Points[len(s.Points)-1]
		p.Statistics.Add(c.Statistics)
		observed := c.Durations
		if s.Nodes {
			observed = c.ResponseTimes
		}
		p.Histogram = p.Histogram.Plus(observed)
	}
	if q.Forecast {
		forecastPoints(s.Points, byTime, minutes)
	}
	return s, nil
}

// forecastPoints gives each point the band that the minutes before it make usual;
// byTime are the keys of minutes.
func forecastPoints(points []SeriesPoint, byTime []int64, minutes map[int64]*radiograph.Contribution) {
	var usual forecast.Baseline
	for i := range points {
		at := int64(points[i].Time / minute)
		for len(byTime) > 0 && byTime[0] < at {
			c := minutes[byTime[0]]
			usual.Add(c.Minute, c.Total(), c.Fault)
			byTime = byTime[1:]
		}
		band := usual.Band(at, points[i].Statistics.Total())
		points[i].Forecast = &band
	}
}

func (q *SeriesQuery) check() error {
	if err := checkWindow(q.From, q.To); err != nil {
		return err
	}
	switch {
	case q.Period < 0 || q.Period%time.Minute != 0:
		return radiograph.Errorf(radiograph.KindInvalid, "Period must be a multiple of 60")
	case q.Selector != nil && q.Selector.Nodes() && q.Selector.Edges():
		return radiograph.Errorf(radiograph.KindInvalid, "EntitySelectorExpression must select either services or edges")
	case q.Forecast && (q.Selector == nil || !q.Selector.Nodes()):
		return radiograph.Errorf(radiograph.KindInvalid, "ForecastStatistics needs an EntitySelectorExpression that selects a service by id()")
	}
	return nil
}

// chooses reports whether a contribution is one of those asked for.
func (q *SeriesQuery) chooses(c *radiograph.Contribution, account radiograph.AccountID) bool {
	isNode := c.Edge == (radiograph.ServiceID{})
	switch {
	case q.Selector == nil:
		return !isNode && c.Node.Type == clientType
	case q.Selector.Nodes():
		return isNode && q.Selector.Node(c.Node, account)
	}
	return !isNode && q.Selector.Edge(c.Node, c.Edge, account)
}

// A token names the last period of its page, so that pages do not shift when
// traces come.
func seriesToken(at radiograph.Timestamp) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt([]byte("t"), int64(at), 10))
}

func parseSeriesToken(token string, period radiograph.Timestamp) (radiograph.Timestamp, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil && len(b) > 1 && b[0] == 't' {
		if at, err := strconv.ParseInt(string(b[1:]), 10, 64); err == nil && at >= 0 && at < 1<<62 {
			return radiograph.Timestamp(at) / period * period, nil
		}
	}
	return 0, radiograph.Errorf(radiograph.KindInvalid, "NextToken is not valid")
}
