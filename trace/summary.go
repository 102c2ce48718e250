package trace

import (
	"cmp"
	"slices"
	"time"

	"radiograph"
)

const (
	// maxAnnotationKeys is how many keys of a trace are indexed (X-Ray quotas).
	maxAnnotationKeys = 50
	// maxAnnotationValues bounds the distinct values kept of one key.
	maxAnnotationValues = 100
)

// How far before and after a trace's start the time in its id may lie and still
// be taken for its time; beyond, the id is a random W3C one.
const (
	idBefore = 24 * time.Hour
	idAfter  = 5 * time.Minute
)

// Summarize derives what GetTraceSummaries tells of a trace. The summary's
// strings share memory with the trace's documents.
func Summarize(t *radiograph.Trace) *radiograph.Summary {
	s := &radiograph.Summary{ID: t.ID, Revision: t.Revision, ResponseTime: -1}
	s.Start, s.End = extent(t)
	s.Duration = max(0, s.End-s.Start)
	s.IndexTime = indexTime(t.ID, s.Start)
	if r := t.Root; r != nil {
		s.HasFault, s.HasError = r.Fault, r.Error
		s.HTTP = r.HTTP
		id := service(r)
		s.EntryPoint = &id
		if !r.InProgress {
			s.ResponseTime = max(0, r.End-r.Start)
		}
	}
	c := collector{s: s, annotations: make(map[string][]radiograph.SummaryAnnotation)}
	for _, n := range t.Segments {
		c.segment(n)
	}
	s.IsPartial = s.IsPartial || t.Root == nil
	c.finish()
	s.FaultRootCauses, s.ErrorRootCauses, s.ResponseTimeRootCauses = rootCauses(t)
	return s
}

// extent is the earliest start and the latest known end of a trace's segments.
func extent(t *radiograph.Trace) (start, end radiograph.Timestamp) {
	for i, n := range t.Segments {
		if i == 0 || n.Start < start {
			start = n.Start
		}
		end = max(end, n.Start)
		if !n.InProgress {
			end = max(end, n.End)
		}
	}
	return start, end
}

// indexTime is the time that TraceId queries use.
func indexTime(id radiograph.TraceID, start radiograph.Timestamp) radiograph.Timestamp {
	if e := id.Epoch(); e >= start.Add(-idBefore) && e <= start.Add(idAfter) {
		return e
	}
	return start
}

// collector gathers what all segments add to a summary.
type collector struct {
	s           *radiograph.Summary
	annotations map[string][]radiograph.SummaryAnnotation
}

// segment adds one document: a segment, or an orphan, whose service is unknown.
func (c *collector) segment(n *radiograph.Node) {
	s := c.s
	var ids []radiograph.ServiceID
	if !n.Subsegment {
		ids = []radiograph.ServiceID{service(n)}
		addNew(&s.ServiceIDs, ids[0])
		s.HasThrottle = s.HasThrottle || n.Throttle
		s.IsPartial = s.IsPartial || n.InProgress
	}
	if n.User != "" {
		i := slices.IndexFunc(s.Users, func(u radiograph.SummaryUser) bool { return u.Name == n.User })
		if i < 0 {
			i = len(s.Users)
			s.Users = append(s.Users, radiograph.SummaryUser{Name: n.User})
		}
		for _, id := range ids {
			addNew(&s.Users[i].ServiceIDs, id)
		}
	}
	c.node(n, ids)
}

// node adds an entity and its subsegments.
func (c *collector) node(n *radiograph.Node, ids []radiograph.ServiceID) {
	s := c.s
	if n.HTTP.Traced && len(n.Callee) == 0 && n.Subsegment {
		s.IsPartial = true // the callee's segment is awaited
	}
	if !n.Inferred { // what an inferred one says, its caller says
		addNew(&s.ResourceARNs, n.ResourceARN)
		addNew(&s.ResourceARNs, n.AWS.FunctionARN)
		addNew(&s.InstanceIDs, n.AWS.InstanceID)
		addNew(&s.AvailabilityZones, n.AWS.AvailabilityZone)
	}
	for _, a := range n.Annotations {
		c.annotation(a, ids)
	}
	for _, child := range n.Children {
		c.node(child, ids)
	}
}

func (c *collector) annotation(a radiograph.Annotation, ids []radiograph.ServiceID) {
	values, ok := c.annotations[a.Key]
	if !ok && len(c.annotations) == maxAnnotationKeys {
		return
	}
	i := slices.IndexFunc(values, func(v radiograph.SummaryAnnotation) bool { return v.Value == a.Value })
	if i < 0 {
		if len(values) == maxAnnotationValues {
			return
		}
		i = len(values)
		values = append(values, radiograph.SummaryAnnotation{Key: a.Key, Value: a.Value})
	}
	for _, id := range ids {
		addNew(&values[i].ServiceIDs, id)
	}
	c.annotations[a.Key] = values
}

// finish sorts what has no order of its own.
func (c *collector) finish() {
	s := c.s
	for _, values := range c.annotations {
		for i := range values {
			slices.SortFunc(values[i].ServiceIDs, compareServices)
		}
		s.Annotations = append(s.Annotations, values...)
	}
	slices.SortFunc(s.Annotations, func(a, b radiograph.SummaryAnnotation) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), compareValues(a.Value, b.Value))
	})
	slices.SortFunc(s.Users, func(a, b radiograph.SummaryUser) int { return cmp.Compare(a.Name, b.Name) })
	for i := range s.Users {
		slices.SortFunc(s.Users[i].ServiceIDs, compareServices)
	}
	slices.SortFunc(s.ServiceIDs, compareServices)
	slices.Sort(s.ResourceARNs)
	slices.Sort(s.InstanceIDs)
	slices.Sort(s.AvailabilityZones)
}

// addNew appends v unless it is there or says nothing.
func addNew[T comparable](list *[]T, v T) {
	var zero T
	if v != zero && !slices.Contains(*list, v) {
		*list = append(*list, v)
	}
}

func compareServices(a, b radiograph.ServiceID) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Account, b.Account))
}

func compareValues(a, b radiograph.Value) int {
	toInt := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.String, b.String),
		cmp.Compare(a.Number, b.Number), cmp.Compare(toInt(a.Bool), toInt(b.Bool)))
}
