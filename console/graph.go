package console

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"radiograph"
)

const (
	// leastArc is the share of the ring a rare outcome gets, so that it is seen.
	leastArc = 0.04
	// nameRunes is how much of a name fits under a node.
	nameRunes = 24
	// tallest is the height up to which a compact drawing is shrunk to fit.
	tallest = 400.0
	// compactRunes is how much fits in a compact drawing.
	compactRunes = 22
)

// graphView is a service graph as an SVG drawing.
type graphView struct {
	Width, Height string
	Compact       bool
	Tall          bool // too high to be shrunk into a trace's page: it scrolls
	Sizes         nodeSizes
	Nodes         []graphNode
	Edges         []graphEdge
	Label         string // what the drawing is, for those who do not see it
}

// nodeSizes are the radii and the baselines of a node's drawing.
type nodeSizes struct {
	Disc, Ring, Dashes, Focus, RingWidth string
	Latency, Rate                        string
	Name, Kind, Shares                   string
}

var (
	roomySizes   = nodeSizes{"37", "34", "40.5", "44", "6", "-1", "14", "56", "71", "87"}
	compactSizes = nodeSizes{"25", "23", "27.5", "30", "4", "2", "12", "41", "55", ""}
)

type graphNode struct {
	X, Y     string
	Href     string
	Selected bool
	Client   bool
	Dashed   bool // nothing is known of its type
	Ring     []ringArc
	Latency  string
	Unit     string
	Rate     string
	Name     string // shortened
	Kind     string // the type in words
	Origin   string // the type as documents spell it, where the words differ
	Outcomes []outcome
	Title    string
}

// ringArc is one outcome's share of the ring.
type ringArc struct {
	Class string
	Path  string // "" for the whole ring
}

// outcome is how many requests ended so.
type outcome struct {
	status
	Count string
	Share string
	Bar   string // share as an SVG length
}

type graphEdge struct {
	Class, Path, Head, Title string
	Link                     bool
}

type graphOptions struct {
	perTrace bool          // one trace: counts instead of rates
	span     time.Duration // the time the counts are from
	href     func(*radiograph.ServiceNode) string
	selected func(*radiograph.ServiceNode) bool
}

// drawGraph lays a graph out. It is nil for a graph without nodes.
func drawGraph(g *radiograph.ServiceGraph, o graphOptions) *graphView {
	if g == nil || len(g.Services) == 0 {
		return nil
	}
	index := make(map[int]int, len(g.Services))
	for i, n := range g.Services {
		index[n.ReferenceID] = i
	}
	var arcs []arc
	var edges []*radiograph.ServiceEdge
	for i, n := range g.Services {
		for _, e := range n.Edges {
			if to, ok := index[e.Target]; ok {
				arcs = append(arcs, arc{i, to})
				edges = append(edges, e)
			}
		}
	}
	m, sizes := roomy, roomySizes
	if o.perTrace {
		m, sizes = compact, compactSizes
	}
	p := lay(len(g.Services), arcs, m)
	v := &graphView{Width: coordinate(p.Width), Height: coordinate(p.Height), Compact: o.perTrace, Tall: p.Height > tallest, Sizes: sizes, Label: fmt.Sprintf("Service map of %d nodes and %d edges", len(g.Services), len(edges))}
	for i, e := range edges {
		v.Edges = append(v.Edges, drawEdge(e, p.Routes[i], g.Services[arcs[i].from], g.Services[arcs[i].to], arcs[i].from == arcs[i].to))
	}
	for i, n := range g.Services {
		v.Nodes = append(v.Nodes, drawNode(n, p.Nodes[i], o))
	}
	return v
}

func drawNode(n *radiograph.ServiceNode, at point, o graphOptions) graphNode {
	d := graphNode{X: coordinate(at.X), Y: coordinate(at.Y), Client: n.Type == "client", Dashed: n.Type == "unknown" || n.Type == "", Name: shorten(n.Name, nameRunes)}
	radius := roomy.radius - 3
	if o.perTrace {
		d.Name, radius = shorten(n.Name, compactRunes), compact.radius-2
	}
	d.Kind, d.Origin = kindOf(n.Type)
	if d.Client {
		d.Name, d.Kind = "Client", ""
	}
	if o.href != nil {
		d.Href = o.href(n)
	}
	if o.selected != nil {
		d.Selected = o.selected(n)
	}
	d.Title = strings.TrimSpace(n.Name + " " + n.Type)
	st := n.Statistics
	if st == nil || st.Total() == 0 {
		return d
	}
	d.Ring = ring(st, radius)
	mean := formatDuration(meanOf(st))
	d.Latency, d.Unit, _ = strings.Cut(mean, " ")
	if strings.Contains(d.Unit, " ") { // "2 m 5 s" has no single unit
		d.Latency, d.Unit = strings.ReplaceAll(mean, " ", ""), ""
	}
	if o.perTrace {
		d.Rate, d.Unit = d.Unit, "" // below the number: there is little room
		if st.Total() > 1 {
			d.Kind += " · " + formatCount(st.Total()) + " ×"
		}
	} else {
		d.Rate = formatRate(st.Total(), o.span) + "/min"
	}
	for _, out := range outcomes(st) {
		if out.Class != statusOK.Class && out.Count != "0" {
			d.Outcomes = append(d.Outcomes, out)
		}
	}
	d.Title += fmt.Sprintf(": %s requests, average %s", formatCount(st.Total()), mean)
	for i, out := range d.Outcomes {
		d.Title += ", " + out.Share + " " + strings.ToLower(out.Word)
		if len(d.Outcomes) > 1 { // no room for the words; the legend has them
			d.Outcomes[i].Word = ""
		}
	}
	return d
}

func meanOf(st *radiograph.Statistics) time.Duration {
	if st.Total() == 0 {
		return 0
	}
	return time.Duration(st.TotalMicros) * time.Microsecond / time.Duration(st.Total())
}

// outcomes are the counts of a node in the order of the legend.
func outcomes(st *radiograph.Statistics) []outcome {
	var out []outcome
	for _, c := range []struct {
		status
		n int64
	}{{statusOK, st.OK}, {statusError, st.OtherError}, {statusFault, st.Fault}, {statusThrottle, st.Throttle}} {
		out = append(out, outcome{c.status, formatCount(c.n), formatShare(c.n, st.Total()), percent(float64(c.n) / float64(max(st.Total(), 1)))})
	}
	return out
}

// ring splits the circle of a radius by outcome, clockwise from the top.
func ring(st *radiograph.Statistics, radius float64) []ringArc {
	type slice struct {
		class string
		share float64
	}
	var slices []slice
	sum := 0.0
	for _, c := range []struct {
		class string
		n     int64
	}{{statusOK.Class, st.OK}, {statusError.Class, st.OtherError}, {statusFault.Class, st.Fault}, {statusThrottle.Class, st.Throttle}} {
		if c.n > 0 {
			share := max(float64(c.n)/float64(st.Total()), leastArc)
			slices = append(slices, slice{c.class, share})
			sum += share
		}
	}
	if len(slices) == 1 {
		return []ringArc{{Class: slices[0].class}}
	}
	var out []ringArc
	at := 0.0
	for _, s := range slices {
		from, to := at/sum*2*math.Pi, (at+s.share)/sum*2*math.Pi
		at += s.share
		large := 0
		if to-from > math.Pi {
			large = 1
		}
		out = append(out, ringArc{Class: s.class, Path: fmt.Sprintf("M%s %sA%s %s 0 %d 1 %s %s",
			coordinate(radius*math.Sin(from)), coordinate(-radius*math.Cos(from)), coordinate(radius), coordinate(radius), large,
			coordinate(radius*math.Sin(to)), coordinate(-radius*math.Cos(to)))})
	}
	return out
}

// drawEdge is a curve through the route's points, level where it leaves, passes
// and arrives, with a head at the callee.
func drawEdge(e *radiograph.ServiceEdge, route []point, from, to *radiograph.ServiceNode, loop bool) graphEdge {
	const headLength, headHalf = 8.0, 4.0
	st := e.Statistics
	d := graphEdge{Link: e.Link, Title: fmt.Sprintf("%s → %s", from.Name, to.Name)}
	if st.Total() > 0 {
		d.Title += fmt.Sprintf(": %s calls, average %s", formatCount(st.Total()), formatDuration(meanOf(&st)))
	}
	switch {
	case st.Fault > 0:
		d.Class = statusFault.Class
	case st.OtherError > 0:
		d.Class = statusError.Class
	case st.Throttle > 0:
		d.Class = statusThrottle.Class
	}
	last := route[len(route)-1]
	var b strings.Builder
	if loop {
		first := route[0]
		fmt.Fprintf(&b, "M%s %sC%s %s %s %s %s %s", coordinate(first.X), coordinate(first.Y),
			coordinate(first.X-26), coordinate(first.Y-26), coordinate(last.X+26), coordinate(last.Y-26), coordinate(last.X+3), coordinate(last.Y-headLength))
		d.Path = b.String()
		d.Head = fmt.Sprintf("M%s %sl%s %sh%sZ", coordinate(last.X), coordinate(last.Y), coordinate(-headHalf+3), coordinate(-headLength), coordinate(2*headHalf))
		return d
	}
	toward := 1.0
	if last.X < route[0].X {
		toward = -1
	}
	d.Head = fmt.Sprintf("M%s %sl%s %sv%sZ", coordinate(last.X), coordinate(last.Y), coordinate(-toward*headLength), coordinate(-headHalf), coordinate(2*headHalf))
	end := point{last.X - toward*headLength, last.Y}
	fmt.Fprintf(&b, "M%s %s", coordinate(route[0].X), coordinate(route[0].Y))
	for i := 1; i < len(route); i++ {
		p, q := route[i-1], route[i]
		if i == len(route)-1 {
			q = end
		}
		bend := (q.X - p.X) / 2
		fmt.Fprintf(&b, "C%s %s %s %s %s %s", coordinate(p.X+bend), coordinate(p.Y), coordinate(q.X-bend), coordinate(q.Y), coordinate(q.X), coordinate(q.Y))
	}
	d.Path = b.String()
	return d
}

// kindOf is a node type in the words the X-Ray console uses, and the type itself
// where the words differ.
func kindOf(typ string) (kind, origin string) {
	switch typ {
	case "AWS::Lambda":
		return "Lambda Context", typ
	case "AWS::Lambda::Function":
		return "Lambda Function", typ
	case "remote":
		return "Remote", ""
	case "unknown", "":
		return "Type unknown", ""
	}
	if rest, ok := strings.CutPrefix(typ, "AWS::"); ok {
		return strings.ReplaceAll(rest, "::", " "), typ
	}
	return typ, ""
}

// shorten cuts a name to n runes, in the middle: both ends tell.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	head := (n - 1) * 3 / 5
	return string(r[:head]) + "…" + string(r[len(r)-(n-1-head):])
}
