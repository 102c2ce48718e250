package disk

import (
	"bytes"
	"context"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"radiograph"
	"radiograph/storetest"
)

// rowsOf are the keys and sealed values of a small store, as seeds.
func rowsOf(f *testing.F, space byte) (list [][2][]byte) {
	s, err := Open(testOptions())
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	s.MatchGroups(allInOne{})
	docs := [][]byte{
		segment(1, 1, ended+`,"annotations":{"a":1.5,"b":"x","c":true},"user":"u","fault":true,"cause":{"exceptions":[{"id":"1234567890abcdef","type":"T","message":"m"}]}`),
		segment(1, 2, ended+`,"parent_id":"0000000000000009","http":{"request":{"url":"http://a/b"},"response":{"status":503}}`),
		segment(2, 3, `,"in_progress":true`),
		segment(3, 1, ended+`,"links":[{"trace_id":"1-69a42c00-000000000000000000000001","id":"0000000000000002"}]`),
	}
	recs := records(f, radiograph.DoorAPI, docs...)
	recs[0].Stamp = radiograph.Stamp{Trace: recs[0].Trace, Invocation: radiograph.SegmentID{1}}
	mustPut(f, s, recs)
	if space == chunkSpace || space == voidSpace {
		if err := s.seal(context.Background(), true); err != nil {
			f.Fatal(err)
		}
		mustPut(f, s, records(f, radiograph.DoorAPI, segment(1, 9, ended))) // a void
	}
	if space == repackedSpace {
		if err := repackOver(s); err != nil {
			f.Fatal(err)
		}
	}
	if space != differencesSpace {
		if err := s.foldSums(); err != nil {
			f.Fatal(err)
		}
	}
	for _, key := range keys(f, s, space) {
		sealed, closer, err := s.db.Get(key)
		if err != nil {
			f.Fatal(err)
		}
		list = append(list, [2][]byte{key, bytes.Clone(sealed)})
		_ = closer.Close()
	}
	if len(list) == 0 {
		f.Fatalf("no rows of keyspace %q", space)
	}
	return list
}

// fuzzRow feeds a decoder any key and value, and the same value with a right
// checksum, since random bytes hardly ever have one. What decodes must encode to
// bytes that decode to the same.
func fuzzRow[T any](f *testing.F, space byte, read func(key, sealed []byte) (T, error), encode func(key []byte, v T) []byte) {
	for _, row := range rowsOf(f, space) {
		f.Add(row[0], row[1][:len(row[1])-checksumBytes])
	}
	f.Fuzz(func(t *testing.T, key, value []byte) {
		_ = describe(key)
		_, _ = read(key, value)
		v, err := read(key, seal(key, bytes.Clone(value)))
		if err != nil {
			return
		}
		again, err := read(key, seal(key, encode(key, v)))
		if err != nil {
			t.Fatalf("%+v does not decode after encoding: %v", v, err)
		}
		if d := gocmp.Diff(v, again, equateEmpty, equateNaN, gocmp.AllowUnexported(sums{})); d != "" {
			t.Fatalf("decoded, encoded and decoded again (-once +twice):\n%s", d)
		}
	})
}

func FuzzIndexRow(f *testing.F) {
	fuzzRow(f, indexSpace, readPlace, func(key []byte, p place) []byte {
		_, h, _, _, _ := parseIndexKey(key)
		return appendPlace(nil, h, &p)
	})
}

func FuzzTraceRow(f *testing.F) {
	fuzzRow(f, traceSpace, readHome, func(_ []byte, at home) []byte { return appendHome(nil, &at) })
}

func FuzzSummaryRow(f *testing.F) {
	fuzzRow(f, summarySpace, readSummary, func(_ []byte, s *radiograph.Summary) []byte { return appendSummary(nil, s) })
}

// readHour and readMinutes read all of a row of sums.
func readHour(key, sealed []byte) (differences, error) {
	value, err := readRollup(key, sealed)
	if err != nil {
		return nil, err
	}
	d, e := differences{}, entries{fields: fields{b: value}}
	for e.next() {
		f := fields{b: e.value}
		if d[string(e.key)] = f.sums(); !f.ended() {
			return nil, corrupt(key, "does not decode")
		}
	}
	if !e.ended() {
		return nil, corrupt(key, "does not decode")
	}
	return d, nil
}

func readMinutes(key, sealed []byte) (map[int]*sums, error) {
	value, err := readRollup(key, sealed)
	if err != nil {
		return nil, err
	}
	minutes, m := map[int]*sums{}, minutesOf(value)
	for m.next() {
		minutes[m.minute] = &sums{m.stored.numbers, m.histogram(m.stored.durations), m.histogram(m.stored.responseTimes)}
	}
	if !m.ended() {
		return nil, corrupt(key, "does not decode")
	}
	return minutes, nil
}

func FuzzHourRow(f *testing.F) {
	fuzzRow(f, hourSpace, readHour, func(_ []byte, d differences) []byte { return appendEntries([]byte{hourVersion}, d) })
}

func FuzzMinutesRow(f *testing.F) {
	fuzzRow(f, minutesSpace, readMinutes, func(_ []byte, minutes map[int]*sums) []byte {
		b := []byte{minutesVersion}
		for m := range minutesPerHour {
			if s := minutes[m]; s != nil {
				b = appendSums(append(b, byte(m)), s)
			}
		}
		return b
	})
}

func FuzzDifferencesRow(f *testing.F) {
	fuzzRow(f, differencesSpace, readDifferences, func(_ []byte, d differences) []byte { return appendDifferences(nil, d) })
}

func FuzzChunkHeader(f *testing.F) {
	fuzzRow(f, chunkSpace, readChunkHeader, func(_ []byte, h *chunkHeader) []byte { return appendChunkHeader(nil, h) })
}

func FuzzVoids(f *testing.F) {
	fuzzRow(f, voidSpace, readVoids, func(_ []byte, v *rowSet) []byte { return appendVoids(nil, v) })
}

func FuzzLinkRow(f *testing.F) {
	fuzzRow(f, linkSpace, readLinkRow, func(_ []byte, children bool) []byte { return appendLinkRow(nil, children) })
}

func FuzzRepackedRow(f *testing.F) {
	fuzzRow(f, repackedSpace, readRepacked, func(_ []byte, sequence uint64) []byte { return appendRepacked(nil, sequence) })
}

func FuzzPack(f *testing.F) {
	p, err := newPacker(writeEffort)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.close)
	fuzzRow(f, packSpace, p.unpack, func(_ []byte, documents []byte) []byte { return p.pack(documents) })
}

// FuzzMerge feeds the merge operator operands of any bytes.
func FuzzMerge(f *testing.F) {
	for _, space := range []byte{hourSpace, minutesSpace, voidSpace} {
		for _, row := range rowsOf(f, space) {
			f.Add(row[0], row[1][:len(row[1])-checksumBytes], row[1])
		}
	}
	f.Fuzz(func(t *testing.T, key, one, two []byte) {
		m, err := merger.Merge(key, seal(key, bytes.Clone(one)))
		if err != nil {
			return
		}
		if m.MergeOlder(two) != nil || m.MergeNewer(seal(key, bytes.Clone(two))) != nil {
			return
		}
		value, _, err := m.Finish(true)
		if err != nil {
			t.Fatal(err)
		}
		again, err := merger.Merge(key, bytes.Clone(value))
		if err != nil {
			t.Fatalf("what was merged does not read: %v", err)
		}
		if same, _, err := again.Finish(true); err != nil || !bytes.Equal(same, value) {
			t.Fatalf("what was merged is another when it is merged with nothing: %v\n%x\n%x", err, value, same)
		}
	})
}

// FuzzKeys parses any bytes as each kind of key; a key that parses is the only
// spelling of what it says.
func FuzzKeys(f *testing.F) {
	id := radiograph.NewTraceID(storetest.Epoch)
	c := &radiograph.ContributionKey{Minute: -3, Node: radiograph.ServiceID{Name: "a", Type: "b", Account: "c"}, Edge: radiograph.ServiceID{Name: "d"}, Link: true}
	for _, key := range [][]byte{appendSummaryKey(nil, 1, -5, id), appendIndexKey(nil, 1, 2, id, 3), appendLinkKey(nil, 1, 2, id), appendTenantKey(nil, home1), appendSumsKey(nil, 7, everyTrace, c), appendSumsKey(nil, 7, radiograph.Membership{Group: 5, Version: 3}, c), appendRollupKey(nil, hourSpace, 7, everyTrace, -4)} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key []byte) {
		_ = describe(key)
		check := func(again []byte, err error) {
			if err == nil && !bytes.Equal(key, again) {
				t.Fatalf("%x parses and is written %x", key, again)
			}
		}
		{
			n, at, id, err := parseSummaryKey(key)
			check(appendSummaryKey(nil, n, at, id), err)
		}
		{
			n, h, id, seq, err := parseIndexKey(key)
			check(appendIndexKey(nil, n, h, id, seq), err)
		}
		{
			n, h, id, err := parseLinkKey(key)
			check(appendLinkKey(nil, n, h, id), err)
		}
		for _, space := range []byte{chunkSpace, voidSpace} {
			ref, err := parseChunkKey(key, space)
			check(ref.append(nil, space), err)
		}
		{
			tenant, err := parseTenantKey(key)
			if again := appendTenantKey(nil, tenant); err == nil && len(again) == len(key) {
				check(again, nil)
			}
		}
		if k, c, err := parseSumsKey(key); err == nil && key[0] == minutesSpace {
			of := c.Key()
			if again := appendSumsKey(nil, k.tenant, k.in, &of); len(again) == len(key) {
				check(again, nil)
			}
		}
		if n, in, h, identity, err := parseRollupKey(key); err == nil {
			check(append(appendRollupKey(nil, key[0], n, in, h), identity...), nil)
		}
	})
}
