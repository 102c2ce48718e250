package disk

import (
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
)

// FuzzChunk puts any bytes in place of one column, with a right checksum. Reading
// never panics, and what it finds in the other columns is not changed by it.
func FuzzChunk(f *testing.F) {
	s, err := Open(testOptions())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	var list []*radiograph.Summary
	gen := rapid.Custom(anySummaries)
	for seed := 1; len(list) < 12; seed++ {
		list = gen.Example(seed)
	}
	whole := writeChunk(s.packer, list)
	for column, value := range whole.columns {
		f.Add(byte(column), value)
		if raw := s.packer.expand(value); raw != nil {
			f.Add(byte(column), append([]byte{columnPlain}, raw...))
		}
	}
	b := s.db.NewBatch()
	ref := chunkRef{1, 2, 3}
	if err := whole.write(b, ref); err != nil {
		f.Fatal(err)
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		f.Fatal(err)
	}
	cond := func(field filter.Field, op filter.Operator, v radiograph.Value) filter.Condition {
		return filter.Condition{Field: field, Operator: op, Value: v, Key: "a"}
	}
	conditions := []filter.Condition{
		cond(filter.HasFault, filter.Equal, radiograph.Value{Kind: radiograph.BooleanValue, Bool: true}),
		cond(filter.Duration, filter.Greater, radiograph.Value{Kind: radiograph.NumberValue}),
		cond(filter.ResponseTime, filter.Less, radiograph.Value{Kind: radiograph.NumberValue, Number: 1}),
		cond(filter.HTTPURL, filter.Exists, radiograph.Value{}), cond(filter.HTTPStatus, filter.Exists, radiograph.Value{}),
		cond(filter.User, filter.Exists, radiograph.Value{}), cond(filter.Service, filter.Exists, radiograph.Value{}),
		cond(filter.Annotation, filter.Exists, radiograph.Value{}), cond(filter.Annotation, filter.Equal, radiograph.Value{String: "a"}),
	}
	f.Fuzz(func(t *testing.T, column byte, value []byte) {
		key := ref.appendColumn(nil, int(column))
		c := s.openChunk(s.db, ref, &whole.header)
		raw := s.packer.expand(value)
		if raw == nil {
			return
		}
		c.raw = map[int][]byte{int(column): raw}
		if column == lookupColumn {
			l := readChunkLookup(raw)
			if l == nil {
				return
			}
			s.lookups = lru[chunkRef, *chunkLookup]{budget: 1 << 20}
			s.lookups.put(ref, l, 1)
			defer func() { s.lookups = lru[chunkRef, *chunkLookup]{} }()
		}
		_ = describe(key)
		for row := range list {
			sum, err := c.summary(row)
			if err == nil && sum.HTTP.URL != list[row].HTTP.URL && column != urlColumn {
				t.Fatalf("row %d has the URL %q", row, sum.HTTP.URL)
			}
		}
		for _, cond := range conditions {
			_, _ = c.choose(cond)
		}
		if b, err := c.lookup(); err == nil {
			for _, cond := range conditions {
				_ = b.terms.mayHave(cond)
			}
		}
		_, _ = c.find(list[0].Position(radiograph.ByTraceID))
		_, _ = c.starts()
		_, _ = c.ends()
	})
}
