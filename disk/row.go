package disk

import (
	"context"
	"iter"

	"github.com/cockroachdb/pebble/v2"
)

// row is one key and value of a scan, valid until its next step.
type row struct{ key, value []byte }

// rows scans [from, to) in key order, as it is at the first step.
func rows(ctx context.Context, db pebble.Reader, from, to []byte) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(row{}, err)
			return
		}
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
		if err != nil {
			yield(row{}, readError(describe(from), err))
			return
		}
		defer func() { _ = it.Close() }() // its error was seen by it.Error
		for n, ok := 1, it.First(); ok; n, ok = n+1, it.Next() {
			if n%256 == 0 && ctx.Err() != nil {
				yield(row{}, ctx.Err())
				return
			}
			value, err := it.ValueAndErr()
			if err != nil {
				yield(row{}, readError(describe(it.Key()), err))
				return
			}
			if !yield(row{it.Key(), value}, nil) {
				return
			}
		}
		if err := it.Error(); err != nil {
			yield(row{}, readError("from "+describe(from), err))
		}
	}
}
