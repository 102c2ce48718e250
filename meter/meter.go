// Package meter counts what X-Ray would bill for, per account, region and
// calendar month (UTC), and says what that would cost.
//
// Counts enter one by one from the rooms that record, read and scan; reports
// leave. The package decides nothing by its counts, and never holds a request
// up: counts are kept in memory and written behind.
package meter

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"radiograph"
)

// saveInterval is how long a count waits to be written, and so about what a
// crash takes: one interval and the store's delay of lazy writes.
const saveInterval = time.Second

// Meter implements radiograph.Meter over a radiograph.State, of which it must be
// the only writer of keys under "usage/".
type Meter struct {
	state  radiograph.State
	clock  radiograph.Clock
	log    *slog.Logger
	prices Prices

	saving  sync.Mutex // held over a save, so that an earlier one never overtakes
	mu      sync.Mutex
	used    map[cell]*count
	changed chan struct{} // one token: something is unsaved
	stop    chan struct{}
	stopped chan struct{}
}

var _ radiograph.Meter = (*Meter)(nil)

// cell is what is counted apart.
type cell struct {
	tenant radiograph.Tenant
	month  string // 2026-11
}

type count struct {
	Counts
	unsaved bool
}

// Counts are traces by dimension.
type Counts struct {
	Recorded  int64 `json:"recorded"`
	Retrieved int64 `json:"retrieved"`
	Scanned   int64 `json:"scanned"`
	Insights  int64 `json:"insights"`
}

// of is the count of a dimension.
func (c *Counts) of(u radiograph.Usage) *int64 {
	switch u {
	case radiograph.TracesRecorded:
		return &c.Recorded
	case radiograph.TracesRetrieved:
		return &c.Retrieved
	case radiograph.TracesScanned:
		return &c.Scanned
	}
	return &c.Insights
}

func (c *Counts) add(d Counts) {
	c.Recorded += d.Recorded
	c.Retrieved += d.Retrieved
	c.Scanned += d.Scanned
	c.Insights += d.Insights
}

// Config is what a Meter works with. State and Clock are required.
type Config struct {
	State  radiograph.State
	Clock  radiograph.Clock
	Log    *slog.Logger // nil: nothing is logged
	Prices *Prices      // nil: AWSPrices
}

// New reads what earlier processes counted and goes on from there. Close ends
// it.
func New(ctx context.Context, c Config) (*Meter, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	m := &Meter{
		state: c.State, clock: c.Clock, log: c.Log.With("component", "meter"), prices: AWSPrices(),
		used:    make(map[cell]*count),
		changed: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	if c.Prices != nil {
		m.prices = *c.Prices
	}
	for pair, err := range c.State.Scan(ctx, keyPrefix) {
		if err != nil {
			return nil, fmt.Errorf("read usage: %w", err)
		}
		at, ok := parseKey(pair.Key)
		n := new(count)
		if err := json.Unmarshal(pair.Value, &n.Counts); err != nil || !ok {
			return nil, fmt.Errorf("read usage %s: not a count: %w", pair.Key, err)
		}
		m.used[at] = n
	}
	go m.run()
	return m, nil
}

// Count implements radiograph.Meter.
func (m *Meter) Count(t radiograph.Tenant, u radiograph.Usage, traces int) {
	if traces <= 0 {
		return
	}
	at := cell{t, monthOf(m.clock())}
	m.mu.Lock()
	n := m.used[at]
	if n == nil {
		n = new(count)
		m.used[at] = n
	}
	*n.of(u) += int64(traces)
	first := !n.unsaved
	n.unsaved = true
	m.mu.Unlock()
	if first {
		m.note()
	}
}

func (m *Meter) note() {
	select {
	case m.changed <- struct{}{}:
	default: // the coming save will have it
	}
}

// run saves what has been counted, at most once in an interval.
func (m *Meter) run() {
	defer close(m.stopped)
	for {
		select {
		case <-m.changed:
		case <-m.stop:
			return
		}
		timer := time.NewTimer(saveInterval)
		select {
		case <-timer.C:
		case <-m.stop:
			timer.Stop()
			return
		}
		if err := m.save(true); err != nil {
			m.log.Warn("usage was not written; it is tried again", "err", err)
			m.note()
		}
	}
}

// save writes the counts that changed since the save before.
func (m *Meter) save(lazy bool) error {
	m.saving.Lock()
	defer m.saving.Unlock()
	m.mu.Lock()
	var changes []radiograph.Change
	var saved []*count
	for at, n := range m.used {
		if !n.unsaved {
			continue
		}
		value, err := json.Marshal(n.Counts)
		if err != nil { // four numbers
			panic(err)
		}
		changes = append(changes, radiograph.Change{Key: at.key(), Value: value, Lazy: lazy})
		saved = append(saved, n)
		n.unsaved = false
	}
	m.mu.Unlock()
	if len(changes) == 0 {
		return nil
	}
	err := m.state.Apply(context.Background(), changes...)
	if err != nil {
		m.mu.Lock()
		for _, n := range saved {
			n.unsaved = true
		}
		m.mu.Unlock()
	}
	return err
}

// Close ends the Meter with a last Flush.
func (m *Meter) Close() error {
	close(m.stop)
	<-m.stopped
	return m.Flush()
}

// Flush writes everything that was counted before the call.
func (m *Meter) Flush() error {
	if err := m.save(false); err != nil {
		return fmt.Errorf("write usage: %w", err)
	}
	return nil
}

const keyPrefix = "usage/"

func (c cell) key() string { return keyPrefix + c.tenant.String() + "/" + c.month }

// parseKey reads a key. A region may be any text, so it is what is left between
// account and month.
func parseKey(key string) (cell, bool) {
	account, rest, ok := strings.Cut(strings.TrimPrefix(key, keyPrefix), "/")
	slash := strings.LastIndexByte(rest, '/')
	if !ok || slash < 0 {
		return cell{}, false
	}
	return cell{radiograph.Tenant{Account: radiograph.AccountID(account), Region: radiograph.Region(rest[:slash])}, rest[slash+1:]}, true
}

func monthOf(t time.Time) string { return t.UTC().Format("2006-01") }
