package disk

import (
	"encoding/binary"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// A zone row tells, for the summaries whose index time lies in one minute, the
// earliest and the latest start and the latest end they ever had. Queries by activity or by
// end read only the minutes that can hold an answer. Value: version, start,
// last start − start, end − start (varints), checksum; rows are merged by widening.
const zoneVersion = 1

// zone bounds the times of some traces: all of them start in [Start, LastStart]
// and end at End or before. The bounds are whole seconds, rounded outwards: a
// minute's zone then changes about once a second, however many traces come.
type zone struct{ Start, LastStart, End radiograph.Timestamp }

const zoneGrain = radiograph.Timestamp(1e9)

// zoneOf is the zone of one trace.
func zoneOf(start, end radiograph.Timestamp) zone {
	end = max(start, end)
	return zone{start - mod(start), start + mod(-start), end + mod(-end)}
}

func mod(t radiograph.Timestamp) radiograph.Timestamp { return (t%zoneGrain + zoneGrain) % zoneGrain }

func (z zone) union(o zone) zone {
	return zone{min(z.Start, o.Start), max(z.LastStart, o.LastStart), max(z.End, o.End)}
}

func (z zone) holds(o zone) bool { return z.union(o) == z }

func appendZone(b []byte, z zone) []byte {
	b = binary.AppendVarint(append(b, zoneVersion), int64(z.Start))
	b = binary.AppendVarint(b, int64(z.LastStart-z.Start))
	return binary.AppendVarint(b, int64(z.End-z.Start))
}

func readZone(key, sealed []byte) (zone, error) {
	value, err := unseal(key, sealed)
	if err != nil {
		return zone{}, err
	}
	f := fields{b: value}
	version := f.byte()
	z := zone{Start: radiograph.Timestamp(f.varint())}
	z.LastStart = z.Start + radiograph.Timestamp(f.varint())
	z.End = z.Start + radiograph.Timestamp(f.varint())
	if version != zoneVersion || !f.ended() {
		return zone{}, corrupt(key, "does not decode")
	}
	return z, nil
}

// zoneKey names one zone row.
type zoneKey struct {
	tenant tenant
	minute int64
}

// zoneCache remembers what recent zone rows hold at least, so that most writes
// add no operand. It only knows operands that were applied: a zone that is
// still on its way must not spare another writer its own.
type zoneCache struct {
	mu    sync.Mutex
	zones map[zoneKey]zone
}

// zoneCacheSize bounds the cache: some hours of minutes, or a minute of many
// tenants. It is emptied when full; the cost is one operand for each row.
const zoneCacheSize = 1024

// missing reports whether the row may not hold z yet.
func (c *zoneCache) missing(k zoneKey, z zone) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.zones[k]
	return !ok || !known.holds(z)
}

// applied tells that a row holds z.
func (c *zoneCache) applied(k zoneKey, z zone) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.zones[k]; ok {
		c.zones[k] = known.union(z)
		return
	}
	if c.zones == nil || len(c.zones) >= zoneCacheSize {
		c.zones = make(map[zoneKey]zone)
	}
	c.zones[k] = z
}

// widenings collects the zones of one write.
type widenings map[zoneKey]zone

func (w widenings) add(t tenant, s *radiograph.Summary) {
	k, z := zoneKey{t, minuteOf(s.IndexTime)}, zoneOf(s.Start, s.End)
	if have, ok := w[k]; ok {
		z = z.union(have)
	}
	w[k] = z
}

// write adds the operands that are needed to the batch and forgets the others.
func (w widenings) write(b *pebble.Batch, known *zoneCache) error {
	for k, z := range w {
		if !known.missing(k, z) {
			delete(w, k)
			continue
		}
		key := appendZoneKey(nil, k.tenant, k.minute)
		if err := b.Merge(key, seal(key, appendZone(nil, z)), nil); err != nil {
			return writeError(describe(key), err)
		}
	}
	return nil
}

// applied tells the cache, once the batch is applied.
func (w widenings) applied(known *zoneCache) {
	for k, z := range w {
		known.applied(k, z)
	}
}
