package filter

import (
	"slices"

	"radiograph"
)

// resourceKeywords say where a service ran. Of a trace they look at any segment
// and subsegment; of a service, at the segment and its subsegments. What an
// inferred segment says, its caller says.
var resourceKeywords = []keyword{
	{
		name: "availabilityzone", scopes: anywhere, doc: "availability zone of an instance", field: AvailabilityZone,
		text: func(s *subject, found func(string) bool) bool {
			return resource(s, s.view.Summary.AvailabilityZones, found, func(e *radiograph.Entity) bool { return present(e.AWS.AvailabilityZone, found) })
		},
	},
	{
		name: "instance.id", scopes: anywhere, doc: "EC2 instance", field: InstanceID,
		text: func(s *subject, found func(string) bool) bool {
			return resource(s, s.view.Summary.InstanceIDs, found, func(e *radiograph.Entity) bool { return present(e.AWS.InstanceID, found) })
		},
	},
	{
		name: "resource.arn", scopes: anywhere, doc: "ARN of a resource or function", field: ResourceARN,
		text: func(s *subject, found func(string) bool) bool {
			return resource(s, s.view.Summary.ResourceARNs, found, func(e *radiograph.Entity) bool {
				return present(e.ResourceARN, found) || present(e.AWS.FunctionARN, found)
			})
		},
	},
}

// resource asks found for each value of the trace, or of for each entity that a
// block is about.
func resource(s *subject, values []string, found func(string) bool, of func(*radiograph.Entity) bool) bool {
	switch s.scope {
	case inService:
		return within(s.segment.Node, of)
	case inEdge:
		return !s.call.Call.Inferred && of(s.call.Call)
	}
	return slices.ContainsFunc(values, found)
}

// within reports whether of does for an entity or one below it.
func within(n *radiograph.Node, of func(*radiograph.Entity) bool) bool {
	return !n.Inferred && of(n.Entity) ||
		slices.ContainsFunc(n.Children, func(c *radiograph.Node) bool { return within(c, of) })
}
