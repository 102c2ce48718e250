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
	o, err := s.stored(ctx, n, id)
	if err != nil || o == nil {
		return nil, err
	}
	return o.merged, nil
}

// stored is a trace as it is now, or nil.
func (s *Store) stored(ctx context.Context, t tenant, id radiograph.TraceID) (*openTrace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o, parked := s.open.get(traceKey{t, id}); parked != nil {
		return parked.unpark(id)
	} else if o != nil {
		return o, nil
	}
	snapshot := s.db.NewSnapshot()
	defer func() { _ = snapshot.Close() }() // never fails on an open database
	return s.load(snapshot, t, id, strict)
}
