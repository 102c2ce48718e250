package trace

import "radiograph"

// FilterView is a trace and its summary as filters see them. account is the
// tenant's. A call is listed whether it has ended or not; the root's is from the
// client node.
func FilterView(t *radiograph.Trace, s *radiograph.Summary, account radiograph.AccountID) *radiograph.FilterView {
	v := &radiograph.FilterView{Summary: s, Account: account, Whole: true, Root: t.Root}
	v.Segments = make([]radiograph.FilterSegment, 0, len(t.Segments))
	for _, n := range t.Segments {
		if n.Subsegment {
			continue
		}
		id := service(n)
		v.Segments = append(v.Segments, radiograph.FilterSegment{Node: n, Service: id})
		if n == t.Root {
			client := radiograph.ServiceID{Name: id.Name, Type: clientType, Account: id.Account}
			v.Calls = append(v.Calls, radiograph.FilterCall{From: client, To: id, Call: n.Entity, Callee: n.Entity})
		}
		c := caller(n)
		if c == nil {
			continue
		}
		call := n.Entity
		if n.Parent.Subsegment {
			call = n.Parent.Entity
		}
		v.Calls = append(v.Calls, radiograph.FilterCall{From: service(c), To: id, Call: call, Callee: n.Entity})
	}
	return v
}
