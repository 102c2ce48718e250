package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"radiograph"
)

// maxTelemetry is how many records a tenant keeps; a daemon writes one a minute.
const maxTelemetry = 1000

// Telemetry is one kept record and the daemon it is from.
type Telemetry struct {
	Source   radiograph.TelemetrySource
	Record   radiograph.TelemetryRecord
	Received radiograph.Timestamp
}

// telemetry keeps daemons' records in the control plane's state, lazily: they
// are worth less than a wait for the disk.
type telemetry struct {
	state radiograph.State

	mu      sync.Mutex // held while state is written, so that keys and state agree
	tenants map[radiograph.Tenant]*telemetryKeys
}

// telemetryKeys are a tenant's keys in state, oldest first.
type telemetryKeys struct {
	keys []string
	next uint64 // the number of the next record
}

// PutTelemetry implements radiograph.TelemetrySink. Beyond maxTelemetry records
// the oldest go.
func (g *Ingester) PutTelemetry(ctx context.Context, t radiograph.Tenant, from radiograph.TelemetrySource, recs []radiograph.TelemetryRecord) error {
	received := radiograph.TimestampOf(g.clock())
	g.telemetry.mu.Lock()
	defer g.telemetry.mu.Unlock()
	keys, err := g.telemetry.of(ctx, t)
	if err != nil {
		return fmt.Errorf("read telemetry: %w", err)
	}
	if len(recs) > maxTelemetry {
		recs = recs[len(recs)-maxTelemetry:]
	}
	changes := make([]radiograph.Change, 0, len(recs))
	all, next := slices.Clone(keys.keys), keys.next
	for _, rec := range recs {
		value, err := json.Marshal(Telemetry{Source: from, Record: rec, Received: received})
		if err != nil {
			return fmt.Errorf("write telemetry: %w", err)
		}
		key := fmt.Sprintf("%s%020d", telemetryPrefix(t), next)
		next++
		all = append(all, key)
		changes = append(changes, radiograph.Change{Key: key, Value: value, Lazy: true})
	}
	for len(all) > maxTelemetry {
		changes = append(changes, radiograph.Change{Key: all[0], Lazy: true})
		all = all[1:]
	}
	if len(changes) == 0 {
		return nil
	}
	if err := g.telemetry.state.Apply(ctx, changes...); err != nil {
		return fmt.Errorf("write telemetry: %w", err)
	}
	keys.keys, keys.next = all, next
	return nil
}

// Telemetry is what a tenant's daemons told, newest first.
func (g *Ingester) Telemetry(ctx context.Context, t radiograph.Tenant) ([]Telemetry, error) {
	var out []Telemetry
	for pair, err := range g.telemetry.state.Scan(ctx, telemetryPrefix(t)) {
		if err != nil {
			return nil, fmt.Errorf("read telemetry: %w", err)
		}
		var rec Telemetry
		if err := json.Unmarshal(pair.Value, &rec); err != nil {
			return nil, fmt.Errorf("read telemetry %s: %w", pair.Key, err)
		}
		out = append(out, rec)
	}
	slices.Reverse(out)
	return out, nil
}

// of finds a tenant's keys, in state when they are not yet known. The caller
// holds mu.
func (m *telemetry) of(ctx context.Context, t radiograph.Tenant) (*telemetryKeys, error) {
	if k := m.tenants[t]; k != nil {
		return k, nil
	}
	k := new(telemetryKeys)
	for pair, err := range m.state.Scan(ctx, telemetryPrefix(t)) {
		if err != nil {
			return nil, err
		}
		k.keys = append(k.keys, pair.Key)
	}
	if n := len(k.keys); n > 0 {
		last := k.keys[n-1]
		if _, err := fmt.Sscanf(last[strings.LastIndexByte(last, '/')+1:], "%d", &k.next); err != nil {
			return nil, fmt.Errorf("key %q: %w", last, err)
		}
		k.next++
	}
	m.tenants[t] = k
	return k, nil
}

// telemetryPrefix is where a tenant's records are. A region may be any text.
func telemetryPrefix(t radiograph.Tenant) string {
	return "telemetry/" + url.PathEscape(string(t.Account)) + "/" + url.PathEscape(string(t.Region)) + "/"
}
