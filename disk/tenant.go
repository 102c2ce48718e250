package disk

import (
	"encoding/binary"
	"maps"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"radiograph"
)

// tenants gives each account and region a number for its keys. The numbers are
// few and all kept in memory.
type tenants struct {
	mu      sync.RWMutex
	numbers map[radiograph.Tenant]tenant
	last    tenant
}

// load reads the stored numbers.
func (ts *tenants) load(db *pebble.DB) error {
	ts.numbers = map[radiograph.Tenant]tenant{}
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{tenantSpace}, UpperBound: []byte{tenantSpace + 1}})
	if err != nil {
		return readError("tenants", err)
	}
	for it.First(); it.Valid(); it.Next() {
		t, n, err := readTenant(it.Key(), it.Value())
		if err != nil {
			_ = it.Close()
			return err
		}
		ts.numbers[t] = n
		ts.last = max(ts.last, n)
	}
	if err := it.Close(); err != nil {
		return readError("tenants", err)
	}
	return nil
}

func readTenant(key, sealed []byte) (radiograph.Tenant, tenant, error) {
	t, err := parseTenantKey(key)
	if err != nil {
		return t, 0, err
	}
	value, err := unseal(key, sealed)
	if err != nil {
		return t, 0, err
	}
	f := fields{b: value}
	n := tenant(f.uint32())
	if !f.ended() || n == 0 {
		return t, 0, corrupt(key, "does not decode")
	}
	return t, n, nil
}

// find is the number of a tenant that something was stored for.
func (ts *tenants) find(t radiograph.Tenant) (tenant, bool) {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	n, ok := ts.numbers[t]
	return n, ok
}

// all are the numbers given.
func (ts *tenants) all() []tenant {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	return slices.Sorted(maps.Values(ts.numbers))
}

// number finds a tenant's number or gives it one. The row is applied before
// number returns; whatever uses the number is later in the log, so no crash can
// keep the use and lose the row.
func (ts *tenants) number(db *pebble.DB, t radiograph.Tenant) (tenant, error) {
	if n, ok := ts.find(t); ok {
		return n, nil
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if n, ok := ts.numbers[t]; ok {
		return n, nil
	}
	n := ts.last + 1
	key := appendTenantKey(nil, t)
	if err := db.Set(key, seal(key, binary.BigEndian.AppendUint32(nil, uint32(n))), pebble.NoSync); err != nil {
		return 0, err
	}
	ts.numbers[t], ts.last = n, n
	return n, nil
}

// readError tells what could not be read.
func readError(what string, err error) error {
	return radiograph.Errorf(radiograph.KindInternal, "store: read %s: %w", what, err)
}
