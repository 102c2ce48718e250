package disk

import (
	"encoding/binary"
	"fmt"

	"radiograph"
)

// The first byte of a key is its keyspace. docs/formats.md lists the rest.
const (
	hourSpace        = 'c' // tenant, group, hour, version → sums by node and edge (merged)
	differencesSpace = 'd' // sequence → what a write adds to sums
	columnSpace      = 'e' // tenant, stored hour, number, column → column of a chunk
	chunkSpace       = 'h' // tenant, stored hour, number → header of a chunk
	indexSpace       = 'i' // tenant, stored hour, trace, sequence → place of a document
	stateSpace       = 'k' // state key → value
	tenantSpace      = 'n' // account, region → tenant number
	linkSpace        = 'l' // tenant, hour, trace → whether its links name children
	minutesSpace     = 'm' // tenant, group, hour, version, node, edge → sums by minute (merged)
	packSpace        = 'p' // tenant, stored hour, first sequence → documents
	repackedSpace    = 'r' // tenant, stored hour → how far its packs were packed again
	sequenceSpace    = 'q' // → the first sequence not yet handed out
	summarySpace     = 's' // tenant, index time descending, trace → summary
	traceSpace       = 't' // tenant, trace → stored hour, index time
	voidSpace        = 'v' // tenant, stored hour, number → rows of a chunk that hold no more (merged)
)

// tenant is the number that stands for an account and region in keys. Zero is
// no tenant.
type tenant uint32

// hour is a count of hours since the Unix epoch.
type hour uint32

// hourOf is the hour an instant lies in; what is before 1970 counts to the first.
func hourOf(t radiograph.Timestamp) hour { return hour(max(t, 0) / 3600e9) }

// start is the instant an hour begins at.
func (h hour) start() radiograph.Timestamp { return radiograph.Timestamp(h) * 3600e9 }

func appendSpace(b []byte, space byte, t tenant) []byte {
	return binary.BigEndian.AppendUint32(append(b, space), uint32(t))
}

func appendTraceKey(b []byte, t tenant, id radiograph.TraceID) []byte {
	return append(appendSpace(b, traceSpace, t), id[:]...)
}

// appendIndexPrefix begins the keys of all index rows of a trace.
func appendIndexPrefix(b []byte, t tenant, h hour, id radiograph.TraceID) []byte {
	b = binary.BigEndian.AppendUint32(appendSpace(b, indexSpace, t), uint32(h))
	return append(b, id[:]...)
}

func appendIndexKey(b []byte, t tenant, h hour, id radiograph.TraceID, sequence uint64) []byte {
	return binary.BigEndian.AppendUint64(appendIndexPrefix(b, t, h, id), sequence)
}

func appendPackKey(b []byte, t tenant, h hour, first uint64) []byte {
	b = binary.BigEndian.AppendUint32(appendSpace(b, packSpace, t), uint32(h))
	return binary.BigEndian.AppendUint64(b, first)
}

// appendDescending appends v so that a greater one sorts first.
func appendDescending(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(b, ^(uint64(v) ^ 1<<63))
}

func (f *fields) descending() int64 { return int64(^f.uint64() ^ 1<<63) }

// appendAscending appends v so that a smaller one sorts first.
func appendAscending(b []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(v)^1<<63)
}

func (f *fields) ascending() int64 { return int64(f.uint64() ^ 1<<63) }

func appendSummaryKey(b []byte, t tenant, indexTime radiograph.Timestamp, id radiograph.TraceID) []byte {
	return append(appendDescending(appendSpace(b, summarySpace, t), int64(indexTime)), id[:]...)
}

func parseSummaryKey(key []byte) (t tenant, indexTime radiograph.Timestamp, id radiograph.TraceID, err error) {
	f := fields{b: key}
	space := f.byte()
	t, indexTime, id = tenant(f.uint32()), radiograph.Timestamp(f.descending()), f.traceID()
	if space != summarySpace || !f.ended() {
		return 0, 0, radiograph.TraceID{}, corrupt(key, "is no summary key")
	}
	return t, indexTime, id, nil
}

func parseIndexKey(key []byte) (t tenant, h hour, id radiograph.TraceID, sequence uint64, err error) {
	f := fields{b: key}
	space := f.byte()
	t, h, id, sequence = tenant(f.uint32()), hour(f.uint32()), f.traceID(), f.uint64()
	if space != indexSpace || !f.ended() {
		return 0, 0, radiograph.TraceID{}, 0, corrupt(key, "is no index key")
	}
	return t, h, id, sequence, nil
}

// appendTenantKey keeps account and region apart by the account's length, since
// a region may be any text.
func appendTenantKey(b []byte, t radiograph.Tenant) []byte {
	return append(appendText(append(b, tenantSpace), string(t.Account)), t.Region...)
}

func parseTenantKey(key []byte) (radiograph.Tenant, error) {
	f := fields{b: key}
	space := f.byte()
	account := f.text()
	if space != tenantSpace || f.bad {
		return radiograph.Tenant{}, corrupt(key, "is no tenant key")
	}
	return radiograph.Tenant{Account: radiograph.AccountID(account), Region: radiograph.Region(f.b)}, nil
}

// after is the first key that does not begin with prefix, or nil when there is
// none.
func after(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	return nil
}

// describe names a row for an error or a log line. It takes any bytes.
func describe(key []byte) string {
	if len(key) == 0 {
		return "the empty key"
	}
	f := fields{b: key[1:]}
	switch key[0] {
	case traceSpace:
		if t, id := f.uint32(), f.traceID(); f.ended() {
			return fmt.Sprintf("trace row of trace %s of tenant %d", id, t)
		}
	case indexSpace:
		if t, h, id, seq := f.uint32(), f.uint32(), f.traceID(), f.uint64(); f.ended() {
			return fmt.Sprintf("index row %d of trace %s of tenant %d, hour %d", seq, id, t, h)
		}
	case packSpace:
		if t, h, seq := f.uint32(), f.uint32(), f.uint64(); f.ended() {
			return fmt.Sprintf("pack %d of tenant %d, hour %d", seq, t, h)
		}
	case repackedSpace:
		if t, h := f.uint32(), f.uint32(); f.ended() {
			return fmt.Sprintf("repacking of tenant %d, hour %d", t, h)
		}
	case linkSpace:
		if t, h, id := f.uint32(), f.uint32(), f.traceID(); f.ended() {
			return fmt.Sprintf("link row of trace %s of tenant %d, hour %d", id, t, h)
		}
	case summarySpace:
		if t, _, id := f.uint32(), f.uint64(), f.traceID(); f.ended() {
			return fmt.Sprintf("summary of trace %s of tenant %d", id, t)
		}
	case chunkSpace, voidSpace:
		if t, h, n := f.uint32(), f.uint32(), f.uint64(); f.ended() {
			what := "chunk"
			if key[0] == voidSpace {
				what = "voids of chunk"
			}
			return fmt.Sprintf("%s %d of tenant %d, hour %d", what, n, t, h)
		}
	case columnSpace:
		if t, h, n, c := f.uint32(), f.uint32(), f.uint64(), f.byte(); f.ended() {
			return fmt.Sprintf("column %d of chunk %d of tenant %d, hour %d", c, n, t, h)
		}
	case differencesSpace:
		if seq := f.uint64(); f.ended() {
			return fmt.Sprintf("differences of write %d", seq)
		}
	case hourSpace, minutesSpace:
		if t, id, h, version := f.uint32(), f.uint64(), f.ascending(), f.uint32(); !f.bad {
			return fmt.Sprintf("sums %.80q of hour %d of version %d of group %016x of tenant %d", f.b, h, version, id, t)
		}
	case stateSpace:
		return fmt.Sprintf("state %.200q", key[1:])
	case tenantSpace:
		return fmt.Sprintf("tenant row %.80q", key[1:])
	case sequenceSpace:
		return "sequence row"
	}
	return fmt.Sprintf("key %.100x", key)
}
