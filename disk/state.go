package disk

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

func appendStateKey(b []byte, key string) []byte { return append(append(b, stateSpace), key...) }

// Get implements radiograph.State.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	k := appendStateKey(nil, key)
	sealed, closer, err := s.db.Get(k)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, radiograph.Errorf(radiograph.KindNotFound, "state %q does not exist", key)
	} else if err != nil {
		return nil, readError(describe(k), err)
	}
	value, err := unseal(k, sealed)
	value = append([]byte{}, value...) // never nil: nil is a deletion
	if err := errors.Join(err, closer.Close()); err != nil {
		return nil, err
	}
	return value, nil
}

// Scan implements radiograph.State. It sees the moment of its first step.
func (s *Store) Scan(ctx context.Context, prefix string) iter.Seq2[radiograph.Pair, error] {
	return func(yield func(radiograph.Pair, error) bool) {
		if err := s.enter(); err != nil {
			yield(radiograph.Pair{}, err)
			return
		}
		defer s.leave()
		from := appendStateKey(nil, prefix)
		for row, err := range rows(ctx, s.db, from, after(from)) {
			if err != nil {
				yield(radiograph.Pair{}, err)
				return
			}
			value, err := unseal(row.key, row.value)
			if err != nil {
				yield(radiograph.Pair{}, err)
				return
			}
			if !yield(radiograph.Pair{Key: string(row.key[1:]), Value: append([]byte{}, value...)}, nil) {
				return
			}
		}
	}
}

// Apply implements radiograph.State.
func (s *Store) Apply(ctx context.Context, changes ...radiograph.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(changes) == 0 {
		return nil
	}
	if err := s.enterToWrite(); err != nil {
		return err
	}
	defer s.leave()
	b := s.db.NewBatch()
	for _, c := range changes {
		key := appendStateKey(nil, c.Key)
		var err error
		if c.Value == nil {
			err = b.Delete(key, nil)
		} else {
			err = b.Set(key, seal(key, slices.Clip(c.Value)), nil)
		}
		if err != nil {
			return errors.Join(writeError(describe(key), err), b.Close())
		}
	}
	lazy := !slices.ContainsFunc(changes, func(c radiograph.Change) bool { return !c.Lazy })
	if err := s.apply(b, !lazy); err != nil {
		return err
	}
	return s.settle(b, !lazy)
}

// apply makes a batch visible. With durable, settle must be called on the batch
// to wait for the sync; other locks are to be released before.
func (s *Store) apply(b *pebble.Batch, durable bool) error {
	if durable {
		if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
			return s.fail(err)
		}
		return nil
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return s.fail(err)
	}
	s.lazy.note()
	return nil
}

// settle waits until an applied batch is durable, when it is to be, and ends it.
func (s *Store) settle(b *pebble.Batch, durable bool) error {
	if durable {
		if err := b.SyncWait(); err != nil {
			return s.fail(err)
		}
	}
	if err := b.Close(); err != nil {
		return writeError("batch", err)
	}
	return nil
}

func writeError(what string, err error) error {
	return radiograph.Errorf(radiograph.KindInternal, "store: write %s: %w", what, err)
}
