package disk

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
	"radiograph/filter"
)

// benchSummaries are the summaries of serverless traces, in the order of a chunk.
func benchSummaries(b *testing.B, n int, start time.Time) []*radiograph.Summary {
	s := open(b, Options{})
	recs, _ := newServerless(1).load(b, n, start, time.Millisecond)
	for len(recs) > 0 {
		k := min(len(recs), 300)
		if _, err := s.Put(context.Background(), home1, recs[:k], false); err != nil {
			b.Fatal(err)
		}
		recs = recs[k:]
	}
	return collect(b, s.Summaries(context.Background(), home1, radiograph.SummaryQuery{From: 0, To: 1 << 62}))
}

// BenchmarkChunkWrite is the CPU of sealing: a chunk made of summaries.
func BenchmarkChunkWrite(b *testing.B) {
	list := benchSummaries(b, chunkRows, time.Now())
	s := open(b, Options{})
	w := writeChunk(s.packer, list)
	for b.Loop() {
		w.fill(list)
	}
	bytes := 0
	for _, column := range w.columns {
		bytes += len(column)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(list)), "ns/trace")
	b.ReportMetric(float64(bytes)/float64(len(list)), "B/trace")
}

// BenchmarkSearchSealed searches ten million sealed traces: one chunk again and
// again, each time for a later period.
func BenchmarkSearchSealed(b *testing.B) {
	const traces = 10_000_000
	start := time.Now().Truncate(time.Hour)
	s := open(b, Options{Dir: b.TempDir()})
	n, err := s.tenants.number(s.db, home1)
	if err != nil {
		b.Fatal(err)
	}
	w := writeChunk(s.packer, benchSummaries(b, chunkRows, start))
	h := &w.header
	for i := range traces/chunkRows + 1 {
		for _, times := range []*bounds{&h.Index, &h.Start, &h.End} {
			times.Min += chunkRows * 1e6
			times.Max += chunkRows * 1e6
		}
		batch := s.db.NewBatch()
		if err := w.write(batch, chunkRef{n, hourOf(radiograph.TimestampOf(start)), uint64(i + 1)}); err != nil {
			b.Fatal(err)
		}
		if err := batch.Commit(pebble.NoSync); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.db.Flush(); err != nil {
		b.Fatal(err)
	}
	q := radiograph.SummaryQuery{From: 0, To: 1 << 62, Preselect: true}
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			if n, err := s.CountSummaries(context.Background(), home1, q, nil); err != nil || n < traces {
				b.Fatal(n, err)
			}
		}
	})
	for _, c := range []struct{ name, expression string }{
		{"absent", `annotation.tenant = "nobody"`},         // by the lookup columns
		{"compare", `annotation.tenant CONTAINS "nobody"`}, // by a column of few values
		{"flags", `fault AND responsetime < 0.001`},
		{"page", `annotation.tenant = "t7"`},
	} {
		b.Run("search="+c.name, func(b *testing.B) {
			f, err := filter.Parse(c.expression, nil)
			if err != nil {
				b.Fatal(err)
			}
			q.Filter = f
			b.ReportAllocs()
			for b.Loop() {
				found := 0
				for _, err := range s.Summaries(context.Background(), home1, q) {
					if err != nil {
						b.Fatal(err)
					}
					if found++; found == 100 {
						break
					}
				}
				if (found == 100) != (c.name == "page") {
					b.Fatalf("%d found", found)
				}
			}
		})
	}
}

// BenchmarkChunkRow reads one trace of a chunk that nobody has read before.
func BenchmarkChunkRow(b *testing.B) {
	list := benchSummaries(b, chunkRows, time.Now())
	s := open(b, Options{})
	w := writeChunk(s.packer, list)
	ref := chunkRef{1, 2, 3}
	batch := s.db.NewBatch()
	if err := w.write(batch, ref); err != nil {
		b.Fatal(err)
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		b.Fatal(err)
	}
	s.columns.budget = 0
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.openChunk(s.db, ref, &w.header).summary(chunkRows / 3); err != nil {
			b.Fatal(err)
		}
	}
}
