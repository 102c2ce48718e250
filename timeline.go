package radiograph

// Timeline is a trace laid out as rows, as the console and `radiograph trace`
// draw it.
type Timeline struct {
	ID         TraceID
	Start, End Timestamp
	Rows       []TimelineRow
}

// TimelineRow is one bar. Rows come in drawing order: a caller before its
// callees, siblings by start time.
type TimelineRow struct {
	ID         SegmentID
	Depth      int    // 0 for the root segment
	Segment    bool   // it begins a new segment
	Inferred   bool   // the segment was made by the service
	Name       string // segment or subsegment name
	Type       string // segments: origin or graph type; subsegments: namespace
	Status     string // "OK", "Error", "Fault", "Throttle", "Pending"
	HTTPStatus int    // 0: none
	Message    string // the first exception's type and message, on one line; "" without one
	Start, End Timestamp
	InProgress bool
	Replaced   bool // a stale parent_id was set right
}
