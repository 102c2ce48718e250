package console

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"radiograph"
)

// segmentView is the panel about one segment or subsegment.
type segmentView struct {
	ID, Name, Type string
	Status         status
	Replaced       bool
	Close          string // the address without the panel
	Tab            string
	Tabs           []segmentTab
	Overview       []fieldGroup
	Resources      []field
	Annotations    []annotationRow
	Metadata       []metadataRow
	Exceptions     []exceptionView
	CauseElsewhere string // the cause is another entity's exception
	WorkingDir     string
	SQL            []field
	Raw            []token
}

type segmentTab struct {
	choice
	Count int // 0: not shown
}

type fieldGroup struct {
	Head   string
	Fields []fieldLink
}

// fieldLink is a field whose value may lead somewhere.
type fieldLink struct {
	field
	Href string
	Code bool // an id, an address: set in the fixed font
}

type annotationRow struct{ Key, Value, Kind string }

type metadataRow struct {
	Namespace string
	JSON      []token
}

type exceptionView struct {
	Type, Message, ID string
	Remote            bool
	Stack             []stackFrame
	Truncated         int
}

type stackFrame struct{ Label, Place string }

// segmentBody is what the panel reads of a document besides the decoded entity.
// Members are raw: a document may hold any JSON there.
type segmentBody struct {
	AWS      json.RawMessage `json:"aws"`
	Service  json.RawMessage `json:"service"`
	SQL      json.RawMessage `json:"sql"`
	Metadata json.RawMessage `json:"metadata"`
	Cause    json.RawMessage `json:"cause"`
}

type causeBody struct {
	WorkingDirectory string          `json:"working_directory"`
	Exceptions       []exceptionBody `json:"exceptions"`
}

type exceptionBody struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Message   string `json:"message"`
	Remote    bool   `json:"remote"`
	Truncated int    `json:"truncated"`
	Stack     []struct {
		Path  string      `json:"path"`
		Line  json.Number `json:"line"`
		Label string      `json:"label"`
	} `json:"stack"`
}

// describeSegment fills the panel of a node. q is the page's query, raw the
// document to show.
func describeSegment(n *radiograph.Node, path string, q url.Values, raw []byte) *segmentView {
	var body segmentBody
	_ = json.Unmarshal(n.Body, &body) // an inferred segment may have none
	v := &segmentView{
		ID: n.ID.String(), Name: n.Name, Type: n.Origin, Status: nodeStatus(n), Replaced: n.Replaced,
		Close: address(path, without(q, "segment", "tab")), Tab: q.Get("tab"),
		Overview: overview(n, path, q), SQL: flatten(body.SQL), Raw: colourJSON(raw),
	}
	if n.Subsegment {
		v.Type = n.Namespace
	}
	v.Resources = resources(n, body)
	for _, a := range n.Annotations {
		v.Annotations = append(v.Annotations, annotationRow{a.Key, formatValue(a.Value), [...]string{"string", "number", "boolean"}[a.Value.Kind]})
	}
	v.Metadata = metadata(body.Metadata)
	var cause causeBody
	if json.Unmarshal(body.Cause, &cause) == nil {
		v.WorkingDir = cause.WorkingDirectory
	}
	v.Exceptions = exceptions(n, cause)
	if !n.CauseID.IsZero() {
		v.CauseElsewhere = n.CauseID.String()
	}
	v.tabs(path, q)
	return v
}

// tabs lists the tabs and settles which one is open.
func (v *segmentView) tabs(path string, q url.Values) {
	add := func(id, label string, n int) {
		v.Tabs = append(v.Tabs, segmentTab{choice{Label: label, Href: address(path, with(q, "tab", id))}, n})
		if id == v.Tab {
			v.Tabs[len(v.Tabs)-1].Current = true
		}
	}
	add("overview", "Overview", 0)
	add("resources", "Resources", 0)
	add("annotations", "Annotations", len(v.Annotations))
	add("metadata", "Metadata", len(v.Metadata))
	add("exceptions", "Exceptions", len(v.Exceptions))
	if len(v.SQL) > 0 {
		add("sql", "SQL", 0)
	}
	add("raw", "Raw", 0)
	if !slices.ContainsFunc(v.Tabs, func(t segmentTab) bool { return t.Current }) {
		v.Tabs[0].Current, v.Tab = true, "overview"
	}
}

// overview says when, what was asked and what was answered.
func overview(n *radiograph.Node, path string, q url.Values) []fieldGroup {
	var groups []fieldGroup
	group := func(head string, fields ...fieldLink) {
		fields = slices.DeleteFunc(fields, func(f fieldLink) bool { return f.Value == "" })
		if len(fields) > 0 {
			groups = append(groups, fieldGroup{head, fields})
		}
	}
	end, duration := "in progress", "–"
	if !n.InProgress {
		end, duration = formatTime(n.End.Time()), formatDuration(n.End.Sub(n.Start))
	}
	parent := fieldLink{field: field{Name: "Parent"}, Code: true}
	switch {
	case n.Parent != nil:
		parent.Value, parent.Href = n.Parent.ID.String(), address(path, with(without(q, "tab"), "segment", n.Parent.ID.String()))
	case !n.Entity.Parent.IsZero():
		parent.Value = n.Entity.Parent.String() + " (not in this trace)"
	}
	group("",
		fieldLink{field: field{"Segment id", n.ID.String()}, Code: true}, parent,
		fieldLink{field: field{"Start", formatTime(n.Start.Time())}}, fieldLink{field: field{"End", end}},
		fieldLink{field: field{"Duration", duration}}, fieldLink{field: field{"User", n.User}},
		fieldLink{field: field{"Origin", n.Origin}}, fieldLink{field: field{"Namespace", n.Namespace}},
		fieldLink{field: field{"Written by", writtenBy(n)}})
	traced := ""
	if n.HTTP.Traced {
		traced = "yes"
	}
	group("Request", fieldLink{field: field{"Method", n.HTTP.Method}}, fieldLink{field: field{"URL", n.HTTP.URL}},
		fieldLink{field: field{"Client IP", n.HTTP.ClientIP}}, fieldLink{field: field{"User agent", n.HTTP.UserAgent}}, fieldLink{field: field{"Traced", traced}})
	code, length := "", ""
	if n.HTTP.Status != 0 {
		code = strconv.Itoa(n.HTTP.Status)
	}
	if n.HTTP.ContentLength != 0 {
		length = formatBytes(n.HTTP.ContentLength)
	}
	group("Response", fieldLink{field: field{"Status code", code}}, fieldLink{field: field{"Content length", length}})
	var linked []fieldLink
	for _, l := range n.Links {
		linked = append(linked, fieldLink{field: field{l.Type, l.Trace.String()}, Href: address(tracePath(l.Trace.String()), url.Values{"segment": {l.Segment.String()}}), Code: true})
	}
	group("Linked traces", linked...)
	return groups
}

// writtenBy says how the document came, in a person's words.
func writtenBy(n *radiograph.Node) string {
	if n.Inferred {
		return "inferred from its caller"
	}
	switch n.Door {
	case radiograph.DoorLambda:
		return "Lambda"
	case radiograph.DoorEnvironment:
		return "the function, through its daemon"
	case radiograph.DoorFront:
		return "the HTTP front"
	case radiograph.DoorOTLP:
		return "OpenTelemetry"
	}
	return "PutTraceSegments"
}

// resources lists what the entity ran on and worked with.
func resources(n *radiograph.Node, body segmentBody) []field {
	var out []field
	if n.ResourceARN != "" {
		out = append(out, field{"resource_arn", n.ResourceARN})
	}
	out = append(out, flatten(body.AWS)...)
	for _, f := range flatten(body.Service) {
		out = append(out, field{"service." + f.Name, f.Value})
	}
	return out
}

// metadata lists a document's metadata by namespace, in its order.
func metadata(raw json.RawMessage) []metadataRow {
	if len(raw) == 0 {
		return nil
	}
	var spaces map[string]json.RawMessage
	if json.Unmarshal(raw, &spaces) != nil {
		return []metadataRow{{Namespace: "metadata", JSON: colourJSON(raw)}}
	}
	names := make([]string, 0, len(spaces))
	for name := range spaces {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []metadataRow
	for _, name := range names {
		out = append(out, metadataRow{name, colourJSON(spaces[name])})
	}
	return out
}

// exceptions joins the decoded exceptions with the stacks of the document. Where
// the document's cause cannot be read in full the decoded ones are shown alone.
func exceptions(n *radiograph.Node, cause causeBody) []exceptionView {
	var out []exceptionView
	for _, e := range cause.Exceptions {
		v := exceptionView{Type: e.Type, Message: e.Message, ID: e.ID, Remote: e.Remote, Truncated: e.Truncated}
		for _, f := range e.Stack {
			place := f.Path
			if f.Line != "" && f.Line != "0" {
				place += ":" + f.Line.String()
			}
			v.Stack = append(v.Stack, stackFrame{f.Label, strings.TrimPrefix(place, strings.TrimSuffix(cause.WorkingDirectory, "/")+"/")})
		}
		out = append(out, v)
	}
	if len(out) > 0 {
		return out
	}
	for _, e := range n.Exceptions {
		out = append(out, exceptionView{Type: e.Type, Message: e.Message, ID: e.ID.String(), Remote: e.Remote})
	}
	return out
}
