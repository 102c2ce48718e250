package insight

import (
	"context"
	"fmt"
	"time"

	"radiograph"
	"radiograph/forecast"
)

// Faults is what one minute of a service was, and what was usual for it.
type Faults struct {
	Time         radiograph.Timestamp // start of the minute
	Total, Fault int64
	Band         forecast.Band
}

// Faults are the minutes of a service in a group that lie in [from, to), in part
// or whole, oldest first, those without requests too.
func (s *Service) Faults(ctx context.Context, t radiograph.Tenant, g *radiograph.Group, id radiograph.ServiceID, from, to radiograph.Timestamp) ([]Faults, error) {
	const minute = radiograph.Timestamp(time.Minute)
	from, to = from/minute*minute, (to+minute-1)/minute*minute
	seen := make(map[int64]radiograph.Impact)
	for c, err := range s.sums.Contributions(ctx, t, g, from.Add(-forecast.Memory), to) {
		if err != nil {
			return nil, fmt.Errorf("read the sums of group %s: %w", g.Name, err)
		}
		if c.Node == id && c.Edge == (radiograph.ServiceID{}) {
			n := radiograph.Impact{Total: c.Total(), OK: c.OK, Fault: c.Fault}
			n.Add(seen[c.Minute])
			seen[c.Minute] = n
		}
	}
	var usual forecast.Baseline
	var list []Faults
	for at := from.Add(-forecast.Memory); at < to; at += minute {
		n := seen[int64(at/minute)]
		if at >= from {
			list = append(list, Faults{Time: at, Total: n.Total, Fault: n.Fault, Band: usual.Band(int64(at/minute), n.Total)})
		}
		usual.Add(int64(at/minute), n.Total, n.Fault)
	}
	return list, nil
}
