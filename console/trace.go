package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"radiograph"
)

// traceView is one trace's page.
type traceView struct {
	ID, W3C       string
	Start, Age    string
	Duration      string
	Statuses      []status
	Troubles      []trouble
	State         string // "Complete", "In progress", …
	LimitExceeded bool
	Views         []choice // timeline, raw JSON
	Raw           []token  // the raw view's text; empty in the other
	RawHref       string   // the same as a file
	Graph         *graphView
	Timeline      timelineView
	Segment       *segmentView // the open panel, or nil
	Refresh       string       // the address again, while more may come
}

// showTrace shows one trace. With ?segment= the panel of that entity is open;
// its links ask for the panel alone.
func (s *console) showTrace(w http.ResponseWriter, r *http.Request) error {
	id, err := radiograph.ParseTraceID(r.PathValue("id"))
	if err != nil {
		return radiograph.Errorf(radiograph.KindInvalid, "%v", err)
	}
	path := tracePath(id.String())
	if r.PathValue("id") != id.String() { // a W3C id, or capitals: one address for one trace
		http.Redirect(w, r, address(path, r.URL.Query()), http.StatusSeeOther)
		return nil
	}
	tl, tr, err := s.Engine.Timeline(r.Context(), s.Tenant, id)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	var selected radiograph.SegmentID
	var panel *segmentView
	if text := q.Get("segment"); text != "" {
		selected, err = radiograph.ParseSegmentID(text)
		if err != nil {
			return radiograph.Errorf(radiograph.KindInvalid, "%v", err)
		}
		n := tr.Nodes[selected]
		if n == nil {
			return radiograph.Errorf(radiograph.KindNotFound, "trace %s has no segment %s", id, selected)
		}
		panel = describeSegment(n, path, q, s.document(tr, n))
	}
	if fragment(r) {
		return s.render(w, r, http.StatusOK, "trace", "segment", panel)
	}
	graph, err := s.Engine.TraceGraph(r.Context(), s.Tenant, []radiograph.TraceID{id})
	if err != nil {
		return err
	}
	sum := s.Engine.Summary(tr)
	v := traceView{
		ID: id.String(), W3C: id.W3C(),
		Start: formatTime(tl.Start.Time()), Age: formatAge(s.Clock().Sub(tl.Start.Time())),
		Duration: formatDuration(tl.End.Sub(tl.Start)), LimitExceeded: tr.LimitExceeded,
		RawHref: path + "/trace.json", Segment: panel, Refresh: address(path, q),
		Statuses: summaryStatuses(sum), State: traceState(tr, sum), Troubles: troubles(tl),
	}
	raw := q.Get("view") == "raw"
	v.Views = []choice{
		{Label: "Timeline", Href: address(path, without(q, "view")), Current: !raw},
		{Label: "Raw JSON", Href: address(path, with(without(q, "segment", "tab"), "view", "raw")), Current: raw},
	}
	if raw {
		v.Raw = colourJSON(s.rawTrace(tr, tl))
	} else {
		v.Graph = drawGraph(graph, graphOptions{perTrace: true, href: func(n *radiograph.ServiceNode) string {
			if seg := firstOf(tr, n); seg != nil {
				return address(path, url.Values{"segment": {seg.ID.String()}})
			}
			return ""
		}})
		v.Timeline = drawTimeline(tl, selected, func(seg string) string { return path + "?segment=" + seg })
	}
	return s.show(w, r, http.StatusOK, "trace", "traces", "Trace "+id.String(), v)
}

// traceState says whether more of a trace is to come.
func traceState(tr *radiograph.Trace, sum *radiograph.Summary) string {
	switch {
	case tr.Root == nil:
		return "Incomplete: the segment these subsegments belong to has not come"
	case sum.IsPartial:
		return "In progress"
	}
	return "Complete"
}

// troubles counts the rows that did not end well, when there are more than the
// root's own: a request can be answered well although something inside failed.
func troubles(tl *radiograph.Timeline) []trouble {
	counts := map[status]int{}
	inside := 0
	for i, row := range tl.Rows {
		st := rowStatus(row.Status)
		if row.Inferred || st == statusOK || st == statusPending {
			continue // an inferred segment repeats what its caller says
		}
		counts[st]++
		if i > 0 {
			inside++
		}
	}
	if inside == 0 {
		return nil
	}
	var out []trouble
	for _, st := range []status{statusFault, statusThrottle, statusError} {
		if counts[st] > 0 {
			out = append(out, trouble{st, counts[st]})
		}
	}
	return out
}

// trouble is how many rows ended so.
type trouble struct {
	status
	Count int
}

// firstOf is the earliest segment that a graph node of a trace stands for.
func firstOf(tr *radiograph.Trace, n *radiograph.ServiceNode) *radiograph.Node {
	var first *radiograph.Node
	for _, seg := range tr.Segments {
		if seg.Subsegment || seg.Name != n.Name || (seg.Origin != n.Type && seg.Origin != "") {
			continue
		}
		if n.Type == "client" {
			return nil
		}
		if first == nil || seg.Start < first.Start {
			first = seg
		}
	}
	return first
}

// document is the JSON a node is shown as: for a segment what BatchGetTraces
// answers, subsegments folded in; else its own object.
func (s *console) document(tr *radiograph.Trace, n *radiograph.Node) []byte {
	for i, seg := range tr.Segments {
		if seg == n {
			return s.Engine.Documents(tr)[i].Document
		}
	}
	return n.Body
}

// rawTrace is the trace as BatchGetTraces answers it, its documents as objects
// rather than as strings.
func (s *console) rawTrace(tr *radiograph.Trace, tl *radiograph.Timeline) []byte {
	type segment struct {
		ID       string          `json:"Id"`
		Document json.RawMessage `json:"Document"`
	}
	out := struct {
		ID            string    `json:"Id"`
		Duration      float64   `json:"Duration"`
		LimitExceeded bool      `json:"LimitExceeded"`
		Segments      []segment `json:"Segments"`
	}{ID: tr.ID.String(), Duration: tl.End.Sub(tl.Start).Round(time.Microsecond).Seconds(), LimitExceeded: tr.LimitExceeded, Segments: []segment{}}
	for _, d := range s.Engine.Documents(tr) {
		out.Segments = append(out.Segments, segment{d.ID.String(), d.Document})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(out) // plain values and checked JSON
	return b.Bytes()
}

// sendTrace is the raw trace as a file.
func (s *console) sendTrace(w http.ResponseWriter, r *http.Request) error {
	id, err := radiograph.ParseTraceID(r.PathValue("id"))
	if err != nil {
		return radiograph.Errorf(radiograph.KindInvalid, "%v", err)
	}
	tl, tr, err := s.Engine.Timeline(r.Context(), s.Tenant, id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="`+id.String()+`.json"`)
	_, _ = w.Write(s.rawTrace(tr, tl)) // the browser may have gone
	return nil
}
