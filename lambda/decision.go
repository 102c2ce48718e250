package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"radiograph"
)

const (
	// maxDecisions is how many decisions are kept of each function.
	maxDecisions = 1000
	// journalDelay is how long decisions may wait to be stored together.
	journalDelay = 50 * time.Millisecond
	// maxPendingDecisions stores them earlier than that.
	maxPendingDecisions = 256

	decisionPrefix = "decision/"
)

// journal stores decisions lazily and in batches, off the path of the
// invocations they are about.
type journal struct {
	state radiograph.State
	log   *slog.Logger

	writing sync.Mutex // one flush at a time, so that a later one never overtakes

	mu       sync.Mutex
	next     map[functionKey]uint64 // the next sequence number of each function
	outcomes map[InvocationOutcome]int64
	pending  []note
	timer    *time.Timer // runs while something is pending
	closed   bool
}

// note is a decision at its place in the journal; writing to a place again
// replaces what was there.
type note struct {
	place    place
	decision radiograph.Decision
}

type place struct {
	key      functionKey
	sequence uint64
}

func newJournal(state radiograph.State, log *slog.Logger) *journal {
	return &journal{state: state, log: log, next: map[functionKey]uint64{}, outcomes: map[InvocationOutcome]int64{}}
}

func decisionsOf(key functionKey) string {
	return decisionPrefix + tenantKey(key.tenant) + key.name + "/"
}

// decisionKey counts downwards, so that a scan finds the newest first.
func decisionKey(p place) string {
	return fmt.Sprintf("%s%020d", decisionsOf(p.key), ^p.sequence)
}

// add writes a new decision.
func (j *journal) add(d *radiograph.Decision) place {
	key := functionKey{d.Tenant, d.Function}
	j.mu.Lock()
	defer j.mu.Unlock()
	sequence, known := j.next[key]
	if !known {
		sequence = j.last(key)
	}
	j.next[key] = sequence + 1
	j.outcomes[outcomeOf(d)]++
	p := place{key, sequence}
	j.put(p, d)
	return p
}

// replace rewrites a decision of which more became known.
func (j *journal) replace(p place, d *radiograph.Decision) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.put(p, d)
}

// put adds to what is pending. Called under j.mu. Spelling waits for flush: who
// adds has a caller that waits.
func (j *journal) put(p place, d *radiograph.Decision) {
	j.pending = append(j.pending, note{p, *d})
	switch {
	case j.closed: // the last flush takes it, or nobody
	case j.timer == nil:
		j.timer = time.AfterFunc(journalDelay, j.flush)
	case len(j.pending) == maxPendingDecisions:
		j.timer.Reset(0)
	}
}

// last is the sequence number after the newest stored one. It reads the store
// once for each function and process.
func (j *journal) last(key functionKey) uint64 {
	prefix := decisionsOf(key)
	for pair, err := range j.state.Scan(context.Background(), prefix) {
		if err != nil {
			j.log.Warn("decisions cannot be read", "function", key.name, "err", err)
			break
		}
		var down uint64
		if _, err := fmt.Sscanf(pair.Key[len(prefix):], "%020d", &down); err == nil {
			return ^down + 1
		}
	}
	return 0
}

// flush stores what is pending.
func (j *journal) flush() {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	notes := j.pending
	j.pending = nil
	if j.timer != nil {
		j.timer.Stop()
		j.timer = nil
	}
	j.mu.Unlock()
	if len(notes) == 0 {
		return
	}
	changes := make([]radiograph.Change, 0, 2*len(notes))
	for i := range notes {
		n := &notes[i]
		value, err := json.Marshal(&n.decision)
		if err != nil {
			j.log.Warn("a decision cannot be spelled", "function", n.decision.Function, "request_id", n.decision.RequestID, "err", err)
			continue
		}
		changes = append(changes, radiograph.Change{Key: decisionKey(n.place), Value: value, Lazy: true})
		if n.place.sequence >= maxDecisions { // one too many
			changes = append(changes, radiograph.Change{Key: decisionKey(place{n.place.key, n.place.sequence - maxDecisions}), Lazy: true})
		}
	}
	if err := j.state.Apply(context.Background(), changes...); err != nil {
		j.log.Warn("decisions were not stored", "count", len(notes), "err", err)
	}
}

// close stores what is pending and starts no more timers.
func (j *journal) close() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.flush()
}

// read lists up to limit decisions, newest first.
func (j *journal) read(ctx context.Context, key functionKey, limit int) ([]*radiograph.Decision, error) {
	j.flush()
	var ds []*radiograph.Decision
	for pair, err := range j.state.Scan(ctx, decisionsOf(key)) {
		if err != nil {
			return nil, err
		}
		if len(ds) >= limit {
			break
		}
		d := new(radiograph.Decision)
		if err := json.Unmarshal(pair.Value, d); err != nil {
			return nil, fmt.Errorf("read decision %s: %w", pair.Key, err)
		}
		ds = append(ds, d)
	}
	return ds, nil
}

// Decisions tells why the last invocations of a function were or were not
// traced, newest first; limit 0 means all that are kept. They outlive the
// function.
func (s *Service) Decisions(ctx context.Context, t radiograph.Tenant, function string, limit int) ([]*radiograph.Decision, error) {
	if limit <= 0 || limit > maxDecisions {
		limit = maxDecisions
	}
	return s.journal.read(ctx, functionKey{t, function}, limit)
}
