package disk

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"radiograph"
	"radiograph/filter"
	"radiograph/storetest"
)

// anySummaries generates summaries of every kind, in the order of a chunk: far
// more than traces give, but of few words, so that conditions meet them.
func anySummaries(t *rapid.T) []*radiograph.Summary {
	word := rapid.SampledFrom([]string{"", "a", "b", "GET", "http://x/1", "é\x00"})
	service := rapid.Custom(func(t *rapid.T) radiograph.ServiceID {
		return radiograph.ServiceID{Name: word.Draw(t, "name"), Type: word.Draw(t, "type"), Account: radiograph.AccountID(word.Draw(t, "account"))}
	})
	services := rapid.SliceOfN(service, 0, 2)
	words := rapid.SliceOfN(word, 0, 2)
	annotation := rapid.Custom(func(t *rapid.T) radiograph.SummaryAnnotation {
		key := word.Draw(t, "key")
		if rapid.IntRange(0, 3).Draw(t, "many keys") == 0 {
			key = fmt.Sprintf("key-%d", rapid.IntRange(0, 99).Draw(t, "number"))
		}
		return radiograph.SummaryAnnotation{Key: key, Value: anyValue(t), ServiceIDs: services.Draw(t, "services")}
	})
	causes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) radiograph.RootCause {
		return radiograph.RootCause{ClientImpacting: rapid.Bool().Draw(t, "impacting"), Services: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) radiograph.RootCauseService {
			return radiograph.RootCauseService{ServiceID: service.Draw(t, "service"), Inferred: rapid.Bool().Draw(t, "inferred"), Entities: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) radiograph.RootCauseEntity {
				return radiograph.RootCauseEntity{
					Name: word.Draw(t, "name"), Remote: rapid.Bool().Draw(t, "remote"),
					Coverage: rapid.SampledFrom([]float64{0, 1, 0.5, 1.0 / 3, -1, 7.25, 1e300}).Draw(t, "coverage"),
					Exceptions: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) radiograph.Exception {
						return radiograph.Exception{ID: radiograph.SegmentID{rapid.Byte().Draw(t, "id")}, Type: word.Draw(t, "type"), Message: word.Draw(t, "message"), Remote: rapid.Bool().Draw(t, "remote")}
					}), 0, 2).Draw(t, "exceptions"),
				}
			}), 0, 2).Draw(t, "entities")}
		}), 0, 2).Draw(t, "services")}
	}), 0, 2)
	time := rapid.Custom(func(t *rapid.T) radiograph.Timestamp {
		return radiograph.TimestampOf(storetest.Epoch) + radiograph.Timestamp(rapid.Int64Range(-5, 90).Draw(t, "seconds"))*1e9 + rapid.SampledFrom([]radiograph.Timestamp{0, 0, 1, 999_999_999}).Draw(t, "nanoseconds")
	})
	var list []*radiograph.Summary
	for i := range rapid.IntRange(1, 40).Draw(t, "traces") {
		s := &radiograph.Summary{
			IndexTime: time.Draw(t, "index"), Start: time.Draw(t, "start"), End: time.Draw(t, "end"),
			Revision: rapid.IntRange(0, 3).Draw(t, "revision"), Duration: radiograph.Timestamp(rapid.Int64Range(0, 5).Draw(t, "duration")) * 1e9,
			ResponseTime: rapid.SampledFrom([]radiograph.Timestamp{-1, 0, 1, 3e8, 2e9}).Draw(t, "response"),
			HasFault:     rapid.Bool().Draw(t, "fault"), HasError: rapid.Bool().Draw(t, "error"), HasThrottle: rapid.Bool().Draw(t, "throttle"),
			IsPartial: rapid.Bool().Draw(t, "partial"),
			HTTP: radiograph.HTTP{
				Method: word.Draw(t, "method"), URL: word.Draw(t, "url"), UserAgent: word.Draw(t, "agent"), ClientIP: word.Draw(t, "ip"),
				Traced: rapid.Bool().Draw(t, "traced"), Status: rapid.SampledFrom([]int{0, 200, 503}).Draw(t, "status"),
				ContentLength: rapid.SampledFrom([]int64{-1, 0, 1 << 40}).Draw(t, "length"),
			},
			Annotations: rapid.SliceOfN(annotation, 0, 4).Draw(t, "annotations"),
			Users: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) radiograph.SummaryUser {
				return radiograph.SummaryUser{Name: word.Draw(t, "user"), ServiceIDs: services.Draw(t, "services")}
			}), 0, 2).Draw(t, "users"),
			ServiceIDs: services.Draw(t, "services"), ResourceARNs: words.Draw(t, "arns"), InstanceIDs: words.Draw(t, "instances"), AvailabilityZones: words.Draw(t, "zones"),
			FaultRootCauses: causes.Draw(t, "faults"), ErrorRootCauses: causes.Draw(t, "errors"), ResponseTimeRootCauses: causes.Draw(t, "slow"),
		}
		s.ID = radiograph.TraceID{0, 0, 0, byte(i)}
		if rapid.Bool().Draw(t, "epoch") {
			s.ID = radiograph.NewTraceID(s.IndexTime.Time())
		}
		copy(s.ID[4:], fmt.Sprintf("%012d", i))
		if rapid.Bool().Draw(t, "entry") {
			id := service.Draw(t, "entry point")
			s.EntryPoint = &id
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *radiograph.Summary) int {
		return a.Position(radiograph.ByTraceID).Compare(b.Position(radiograph.ByTraceID))
	})
	return list
}

func anyValue(t *rapid.T) radiograph.Value {
	switch radiograph.ValueKind(rapid.IntRange(0, 2).Draw(t, "kind")) {
	case radiograph.NumberValue:
		return radiograph.Value{Kind: radiograph.NumberValue, Number: rapid.SampledFrom([]float64{0, 1, 1.5, math.Copysign(0, -1)}).Draw(t, "number")}
	case radiograph.BooleanValue:
		return radiograph.Value{Kind: radiograph.BooleanValue, Bool: rapid.Bool().Draw(t, "bool")}
	}
	return radiograph.Value{Kind: radiograph.StringValue, String: rapid.SampledFrom([]string{"", "a", "b", "pro"}).Draw(t, "string")}
}

// anyCondition generates conditions as expressions lower to, and others.
func anyCondition(t *rapid.T, depth int) filter.Condition {
	if depth > 0 && rapid.IntRange(0, 2).Draw(t, "join") == 0 {
		c := filter.Condition{Join: rapid.SampledFrom([]filter.Join{filter.All, filter.AnyOf}).Draw(t, "how")}
		for range rapid.IntRange(1, 3).Draw(t, "parts") {
			c.Of = append(c.Of, anyCondition(t, depth-1))
		}
		return c
	}
	c := filter.Condition{Field: filter.Field(rapid.IntRange(0, int(filter.Service)).Draw(t, "field"))}
	text := func() { // a word that is there, or is not
		c.Value.String = rapid.SampledFrom([]string{"", "a", "b", "GET", "http://x/1", "x"}).Draw(t, "text")
		c.Operator = rapid.SampledFrom([]filter.Operator{filter.Exists, filter.Equal, filter.Equal, filter.NotEqual, filter.Contains, filter.BeginsWith, filter.EndsWith}).Draw(t, "operator")
	}
	switch c.Field {
	case 0:
	case filter.HasError, filter.HasFault, filter.HasThrottle, filter.IsPartial:
		c.Operator, c.Value = filter.Equal, radiograph.Value{Kind: radiograph.BooleanValue, Bool: rapid.Bool().Draw(t, "flag")}
	case filter.ResponseTime, filter.Duration, filter.HTTPStatus:
		c.Operator = filter.Operator(rapid.IntRange(int(filter.Exists), int(filter.GreaterOrEqual)).Draw(t, "operator"))
		c.Value = radiograph.Value{Kind: radiograph.NumberValue, Number: rapid.SampledFrom([]float64{-1, 0, 0.3, 1, 2, 5, 200, 503}).Draw(t, "number")}
	case filter.Annotation:
		c.Key = rapid.SampledFrom([]string{"", "a", "b", "GET", "key-7", "no"}).Draw(t, "key")
		if c.Value = anyValue(t); c.Value.Kind == radiograph.StringValue {
			text()
		} else {
			c.Operator = rapid.SampledFrom([]filter.Operator{filter.Equal, filter.NotEqual}).Draw(t, "operator")
		}
	case filter.Service:
		c.Node = radiograph.ServiceID{Name: rapid.SampledFrom([]string{"", "a", "x"}).Draw(t, "name"), Type: rapid.SampledFrom([]string{"", "A", "get"}).Draw(t, "type")}
	default:
		text()
	}
	return c
}

// storeChunk writes a chunk and opens it.
func storeChunk(t interface{ Fatalf(string, ...any) }, s *Store, list []*radiograph.Summary, number uint64) *chunkReader {
	ref := chunkRef{1, 2, number}
	b := s.db.NewBatch()
	if err := writeChunk(s.packer, list).write(b, ref); err != nil {
		t.Fatalf("write: %v", err)
	}
	if err := b.Commit(pebble.NoSync); err != nil {
		t.Fatalf("commit: %v", err)
	}
	header, err := get(s.db, ref.append(nil, chunkSpace), readChunkHeader)
	if err != nil || header == nil {
		t.Fatalf("header: %v", err)
	}
	return s.openChunk(s.db, ref, *header)
}

// TestChunkKeepsEveryMember: what is read of a chunk is what was written, in any
// order of reading.
func TestChunkKeepsEveryMember(t *testing.T) {
	s := open(t, testOptions())
	n := uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		list := anySummaries(t)
		n++
		c := storeChunk(t, s, list, n)
		for _, row := range rapid.Permutation(slices.Collect(allRows(len(list)).rows())).Draw(t, "order") {
			got, err := c.summary(row)
			if err != nil {
				t.Fatalf("row %d: %v", row, err)
			}
			if d := gocmp.Diff(list[row], got, equateEmpty); d != "" {
				t.Fatalf("row %d (-want +got):\n%s", row, d)
			}
			if at, err := c.find(list[row].Position(radiograph.ByTraceID)); err != nil || at != row {
				t.Fatalf("trace of row %d is found in row %d, %v", row, at, err)
			}
		}
		if at, err := c.find(radiograph.Position{Time: list[0].IndexTime, ID: radiograph.TraceID{9, 9}}); err != nil || at != -1 {
			t.Fatalf("an unknown trace is found in row %d, %v", at, err)
		}
	})
}

// TestChunkChoosesWhatHolds holds each step of a search against a full scan.
func TestChunkChoosesWhatHolds(t *testing.T) {
	s := open(t, testOptions())
	n := uint64(0)
	skipped := [2]int{}
	rapid.Check(t, func(t *rapid.T) {
		list := anySummaries(t)
		n++
		c := storeChunk(t, s, list, n)
		for range 20 {
			cond := anyCondition(t, 2)
			want := &rowSet{}
			for row, sum := range list {
				if cond.Holds(sum) {
					want.set(row)
				}
			}
			if !c.header.mayHold(cond) {
				if skipped[0]++; *want != (rowSet{}) {
					t.Fatalf("the header excludes %+v, which %d hold", cond, want.count())
				}
			}
			lookup, err := c.lookup()
			if err != nil {
				t.Fatalf("%v", err)
			}
			if !lookup.terms.mayHave(cond) {
				if skipped[1]++; *want != (rowSet{}) {
					t.Fatalf("the values exclude %+v, which %d hold", cond, want.count())
				}
			}
			got, err := c.choose(cond)
			if err != nil {
				t.Fatalf("%v", err)
			}
			if *got != *want {
				t.Fatalf("%+v: rows %v, want %v", cond, slices.Collect(got.rows()), slices.Collect(want.rows()))
			}
		}
	})
	if skipped[0] == 0 || skipped[1] == 0 {
		t.Errorf("chunks were passed over %d times by header, %d by values", skipped[0], skipped[1])
	}
}

// TestDamagedColumnIsNamed: a flipped bit of any row of a chunk is an error that
// names the row, for those who need it.
func TestDamagedColumnIsNamed(t *testing.T) {
	s := open(t, testOptions())
	var sums []*radiograph.Summary
	rapid.Check(t, func(t *rapid.T) { sums = anySummaries(t) })
	for column := range keyColumn {
		c := storeChunk(t, s, sums, 1)
		key := c.ref.appendColumn(nil, column)
		sealed, closer, err := s.db.Get(key)
		if err != nil {
			continue // no such column
		}
		damaged := slices.Clone(sealed)
		_ = closer.Close()
		damaged[len(damaged)/2] ^= 4
		if err := s.db.Set(key, damaged, pebble.NoSync); err != nil {
			t.Fatal(err)
		}
		s.columns, s.lookups = lru[string, []byte]{}, lru[chunkRef, *chunkLookup]{}
		failed := 0
		for row := range sums {
			if _, err := c.summary(row); err != nil {
				if failed++; !strings.Contains(err.Error(), describe(key)) {
					t.Fatalf("error %q does not name %s", err, describe(key))
				}
			}
		}
		if failed == 0 && column != coverageColumn {
			t.Errorf("%s is damaged and nobody noticed", describe(key))
		}
	}
}
