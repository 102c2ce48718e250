package insight

import "radiograph"

// edge is a call from one service to another.
type edge struct{ from, to radiograph.ServiceID }

// clientType is the type of the nodes that stand for the callers of roots.
const clientType = "client"

// Minute is what a group's services and their callers saw of the requests that
// began in one minute.
type Minute struct {
	nodes map[radiograph.ServiceID]radiograph.Impact
	edges map[edge]radiograph.Impact
}

// Add adds a contribution of the minute.
func (m *Minute) Add(c *radiograph.Contribution) {
	n := radiograph.Impact{Total: c.Total(), OK: c.OK, Fault: c.Fault}
	switch {
	case c.Link:
	case c.Edge == radiograph.ServiceID{}:
		if m.nodes == nil {
			m.nodes = make(map[radiograph.ServiceID]radiograph.Impact)
		}
		n.Add(m.nodes[c.Node])
		m.nodes[c.Node] = n
	default:
		if m.edges == nil {
			m.edges = make(map[edge]radiograph.Impact)
		}
		e := edge{c.Node, c.Edge}
		n.Add(m.edges[e])
		m.edges[e] = n
	}
}
