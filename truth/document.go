package truth

import "encoding/json"

// Documents is what BatchGetTraces says of t, in the form of Outline.
func (t *Trace) Documents() any {
	start, end := t.extent()
	segments := object{}
	var outline func(e *Entity) object
	outline = func(e *Entity) object {
		inner := object{}
		for _, s := range e.Subsegments {
			inner[s.ID] = outline(s)
		}
		return object{"name": e.Name, "open": e.Open, "in": inner}
	}
	for _, list := range [][]*Entity{t.Segments, t.Orphans} {
		for _, e := range list {
			segments[e.ID] = outline(e)
		}
	}
	return object{"Id": t.ID, "Duration": millis(end - start), "LimitExceeded": t.Truncated, "Segments": segments}
}

// Outline reduces a trace of BatchGetTraces's answer to what its documents say
// of who is nested in whom. It changes trace.
func Outline(trace map[string]any) {
	segments := object{}
	var outline func(d object) object
	outline = func(d object) object {
		inner := object{}
		list, _ := d["subsegments"].([]any)
		for _, s := range list {
			inner[s.(object)["id"].(string)] = outline(s.(object))
		}
		return object{"name": d["name"], "open": d["in_progress"] == true, "in": inner}
	}
	for _, s := range trace["Segments"].([]any) {
		var d object
		must(json.Unmarshal([]byte(s.(object)["Document"].(string)), &d))
		segments[s.(object)["Id"].(string)] = outline(d)
	}
	trace["Segments"] = segments
}
