package trace

import (
	"slices"
	"strings"

	"radiograph"
)

// Lay lays a trace out as rows: a caller before its callees, siblings by start
// time; the root first, then what else nobody called. The bar of what is in
// progress ends with the timeline.
func Lay(t *radiograph.Trace) *radiograph.Timeline {
	l := layout{t: t, out: &radiograph.Timeline{ID: t.ID}}
	first := t.Root
	for first != nil && first.Parent != nil { // an orphan called the root
		first = first.Parent
	}
	if first != nil {
		l.node(first, 0)
	}
	for _, n := range t.Segments {
		if n.Parent == nil && n != first {
			l.node(n, 0)
		}
	}
	l.close()
	return l.out
}

// layout is the state of one Lay.
type layout struct {
	t      *radiograph.Trace
	out    *radiograph.Timeline
	causes map[radiograph.SegmentID]radiograph.Exception // by id, made when first needed
}

func (l *layout) node(n *radiograph.Node, depth int) {
	row := radiograph.TimelineRow{
		ID: n.ID, Depth: depth, Segment: !n.Subsegment, Inferred: n.Inferred,
		Name: n.Name, Type: n.Namespace, Status: status(n), HTTPStatus: n.HTTP.Status,
		Message: l.message(n), Start: n.Start, End: n.End,
		InProgress: n.InProgress, Replaced: n.Replaced,
	}
	if row.Segment {
		row.Type = service(n).Type
	}
	l.out.Rows = append(l.out.Rows, row)
	below := slices.Concat(n.Children, n.Callee)
	slices.SortStableFunc(below, byStart)
	for _, c := range below {
		l.node(c, depth+1)
	}
}

// close finds the timeline's ends and lets open bars reach the last.
func (l *layout) close() {
	for i, r := range l.out.Rows {
		if i == 0 || r.Start < l.out.Start {
			l.out.Start = r.Start
		}
		l.out.End = max(l.out.End, r.Start, r.End)
	}
	for i := range l.out.Rows {
		if l.out.Rows[i].InProgress {
			l.out.Rows[i].End = l.out.End
		}
	}
}

// status is the word a row shows.
func status(n *radiograph.Node) string {
	switch {
	case n.InProgress:
		return "Pending"
	case n.Fault:
		return "Fault"
	case n.Throttle:
		return "Throttle"
	case n.Error:
		return "Error"
	}
	return "OK"
}

// message is the first exception's type and message on one line.
func (l *layout) message(n *radiograph.Node) string {
	var x radiograph.Exception
	switch {
	case len(n.Exceptions) > 0:
		x = n.Exceptions[0]
	case !n.CauseID.IsZero():
		x = l.cause(n.CauseID)
	}
	text := x.Type
	if x.Message != "" {
		text = strings.TrimPrefix(text+": "+x.Message, ": ")
	}
	return strings.Join(strings.Fields(text), " ")
}

// cause finds an exception that another entity told.
func (l *layout) cause(id radiograph.SegmentID) radiograph.Exception {
	if l.causes == nil {
		l.causes = make(map[radiograph.SegmentID]radiograph.Exception)
		for _, n := range l.t.Nodes {
			for _, x := range n.Exceptions {
				l.causes[x.ID] = x
			}
		}
	}
	return l.causes[id]
}
