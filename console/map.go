package console

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"radiograph"
)

// mapView is the service map's page.
type mapView struct {
	Range rangePicker
	Graph *graphView
	Node  *nodeView // the open panel, or nil
	Wider string
}

// nodeView is the panel about one node.
type nodeView struct {
	Name, Kind, Origin string
	Close              string
	Requests, Rate     string
	Outcomes           []outcome
	Times              []field
	Histogram          *histogramView
	Callees            []calleeRow
	Traces             string // address of its traces
	Failing            string // address of its traces that did not end well; "" when there are none
	Function           string // address of its function; "" when it is none
}

type calleeRow struct {
	Name, Kind, Href        string
	Calls, Mean, FaultShare string
	Class                   string
}

// showMap shows the service graph of a time range, and with ?node=&type= the
// panel of one node.
func (s *console) showMap(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	tr, err := parseRange(q, s.Clock())
	if err != nil {
		return err
	}
	from, to := tr.bounds()
	g, err := s.Engine.ServiceGraph(r.Context(), s.Tenant, from, to)
	if err != nil {
		return err
	}
	name, typ := q.Get("node"), q.Get("type")
	var panel *nodeView
	for _, n := range g.Services {
		if name != "" && n.Name == name && n.Type == typ {
			panel = describeNode(g, n, tr, q)
			break
		}
	}
	if fragment(r) {
		return s.render(w, r, http.StatusOK, "map", "node", panel)
	}
	v := mapView{Range: tr.picker("/map", q), Node: panel}
	v.Graph = drawGraph(g, graphOptions{
		span:     tr.span(),
		href:     func(n *radiograph.ServiceNode) string { return nodeAddress(q, n.ServiceID) },
		selected: func(n *radiograph.ServiceNode) bool { return panel != nil && n.Name == name && n.Type == typ },
	})
	if widest := presets[len(presets)-1].Name; tr.Preset != widest {
		v.Wider = address("/map", url.Values{"range": {widest}})
	}
	return s.show(w, r, http.StatusOK, "map", "map", "Service map", v)
}

func nodeAddress(q url.Values, id radiograph.ServiceID) string {
	return address("/map", with(with(q, "node", id.Name), "type", id.Type))
}

// describeNode fills the panel of a node. A client's numbers are those of its
// edge: it has none itself.
func describeNode(g *radiograph.ServiceGraph, n *radiograph.ServiceNode, tr timeRange, q url.Values) *nodeView {
	v := &nodeView{Name: n.Name, Close: address("/map", without(q, "node", "type"))}
	v.Kind, v.Origin = kindOf(n.Type)
	st, times := n.Statistics, n.ResponseHistogram
	if len(times) == 0 {
		times = n.DurationHistogram
	}
	if n.Type == "client" {
		v.Kind = "Client"
		if len(n.Edges) > 0 {
			st, times = &n.Edges[0].Statistics, n.Edges[0].Histogram
		}
	}
	if st == nil {
		st = &radiograph.Statistics{}
	}
	v.Requests, v.Rate = formatCount(st.Total()), formatRate(st.Total(), tr.span())+" per minute"
	v.Outcomes = outcomes(st)
	v.Times = []field{{"Average", formatDuration(meanOf(st))}}
	if len(times) > 0 {
		for _, p := range []struct {
			label string
			share float64
		}{{"Median", 0.5}, {"90 % within", 0.9}, {"99 % within", 0.99}} {
			v.Times = append(v.Times, field{p.label, formatDuration(quantile(times, p.share))})
		}
		v.Histogram = drawHistogram(times)
	}
	for _, e := range n.Edges {
		i := slices.IndexFunc(g.Services, func(c *radiograph.ServiceNode) bool { return c.ReferenceID == e.Target })
		if i < 0 {
			continue
		}
		callee, es := g.Services[i], e.Statistics
		kind, _ := kindOf(callee.Type)
		row := calleeRow{Name: callee.Name, Kind: kind, Href: nodeAddress(q, callee.ServiceID), Calls: formatCount(es.Total()), Mean: formatDuration(meanOf(&es)), FaultShare: formatShare(es.Fault+es.OtherError+es.Throttle, es.Total())}
		if es.Fault > 0 {
			row.Class = statusFault.Class
		} else if es.OtherError+es.Throttle > 0 {
			row.Class = statusError.Class
		}
		v.Callees = append(v.Callees, row)
	}
	list := url.Values{"service": {n.Name}}
	if n.Type != "client" {
		list.Set("type", n.Type)
	}
	tr.set(list, false)
	v.Traces = address("/traces", list)
	if st.Total() > st.OK {
		for _, bad := range []status{statusError, statusFault, statusThrottle} {
			list.Add("status", bad.Class)
		}
		v.Failing = address("/traces", list)
	}
	if n.Type == "AWS::Lambda" || n.Type == "AWS::Lambda::Function" {
		v.Function = functionPath(n.Name)
	}
	return v
}

// histogramView is a response-time distribution as bars.
type histogramView struct {
	Bars     []histogramBar
	From, To string
}

type histogramBar struct{ X, Y, Width, Height, Title string }

const (
	histogramBars   = 32
	histogramWidth  = 320.0
	histogramHeight = 72.0
)

// drawHistogram spreads durations over bars of equal width.
func drawHistogram(h radiograph.Histogram) *histogramView {
	low, high := h[0].Micros, h[len(h)-1].Micros
	if low == high {
		low, high = low*9/10, high+max(high/10, 1)
	}
	var counts [histogramBars]int64
	var most int64
	step := float64(high-low) / histogramBars
	for _, bar := range h {
		i := min(int(float64(bar.Micros-low)/step), histogramBars-1)
		counts[i] += bar.Count
		most = max(most, counts[i])
	}
	micros := func(v float64) string { return formatDuration(time.Duration(v) * time.Microsecond) }
	v := &histogramView{From: micros(float64(low)), To: micros(float64(high))}
	width := histogramWidth / histogramBars
	for i, n := range counts {
		if n == 0 {
			continue
		}
		height := max(histogramHeight*float64(n)/float64(max(most, 1)), 2)
		v.Bars = append(v.Bars, histogramBar{
			X: coordinate(float64(i)*width + 0.5), Y: coordinate(histogramHeight - height), Width: coordinate(width - 1), Height: coordinate(height),
			Title: micros(float64(low)+float64(i)*step) + " – " + micros(float64(low)+float64(i+1)*step) + ": " + formatCount(n),
		})
	}
	return v
}

// quantile is the duration that the share of all requests stays within.
func quantile(h radiograph.Histogram, share float64) time.Duration {
	var total, seen int64
	for _, bar := range h {
		total += bar.Count
	}
	for _, bar := range h {
		if seen += bar.Count; float64(seen) >= share*float64(total) {
			return time.Duration(bar.Micros) * time.Microsecond
		}
	}
	return 0
}
