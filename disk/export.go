package disk

import (
	"context"
	"iter"

	"radiograph"
)

// Records yields every stored record of a tenant as it is at the call, also those
// that are over their trace's limit: trace by trace, each by sequence. To put
// them into an empty store makes the same traces.
func (s *Store) Records(ctx context.Context, t radiograph.Tenant) iter.Seq2[*radiograph.Record, error] {
	return func(yield func(*radiograph.Record, error) bool) {
		if err := s.enter(); err != nil {
			yield(nil, err)
			return
		}
		defer s.leave()
		n, ok := s.tenants.find(t)
		if !ok {
			return
		}
		snapshot := s.db.NewSnapshot()
		defer func() { _ = snapshot.Close() }() // never fails on an open database
		prefix := appendSpace(nil, traceSpace, n)
		for row, err := range rows(ctx, snapshot, prefix, after(prefix)) {
			if err != nil {
				yield(nil, err)
				return
			}
			f := fields{b: row.key[len(prefix):]}
			id := f.traceID()
			at, err := readHome(row.key, row.value)
			var places []place
			if err == nil {
				places, err = readPlaces(snapshot, n, at.Hour, id)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for r, err := range s.records(snapshot, n, at.Hour, id, places) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}
