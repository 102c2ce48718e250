package disk

import (
	"context"

	"radiograph"
)

// Trace implements radiograph.TraceStore. A trace that was written lately is
// answered from memory; another costs one scan of its index rows and a read of
// each pack it is in.
func (s *Store) Trace(ctx context.Context, t radiograph.Tenant, id radiograph.TraceID) (*radiograph.Trace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	n, ok := s.tenants.find(t)
	if !ok {
		return nil, nil
	}
	if o, parked := s.open.get(traceKey{n, id}); parked != nil {
		o, err := parked.unpark(id)
		if err != nil {
			return nil, err
		}
		return o.merged, nil
	} else if o != nil {
		return o.merged, nil
	}
	snapshot := s.db.NewSnapshot()
	defer func() { _ = snapshot.Close() }() // never fails on an open database
	o, err := s.load(snapshot, n, id, strict)
	if err != nil || o == nil {
		return nil, err
	}
	return o.merged, nil
}
