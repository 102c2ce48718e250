package disk

import (
	"container/list"
	"sync"
)

// openTraces keeps the traces written last: some of them merged, more of them
// parked, both within a budget of bytes. A trace that is not here is read from
// disk. It holds what has been applied only.
//
// How many parked traces are worth their memory depends on the load: none, when
// each request brings whole traces; all of the last seconds, when the documents
// of a trace come one by one. So the budget grows with each trace that a writer
// has to read from disk, and shrinks with each that is dropped.
type openTraces struct {
	mu     sync.Mutex
	traces map[traceKey]*list.Element // of *openEntry, in merged or in parked
	merged recency
	parked recency
	most   int64 // what the budgets may come to
}

// The least budgets; a store that may use less than both keeps to that.
const (
	mergedBytes = 4 << 20
	parkedBytes = 16 << 20
)

// How the budget of parked traces follows the load: it comes to rest where a
// writer reads one trace from disk for some 60 that are dropped.
const (
	growth    = 4  // times what a trace takes, when it had to be read
	shrinkage = 16 // what part of a trace, when it is dropped
)

// recency is a list of traces, the last used first, and what they take.
type recency struct {
	list   list.List
	size   int64
	budget int64
}

type openEntry struct {
	key    traceKey
	merged *openTrace // or
	parked *parkedTrace
	size   int64
	sealed sealedRow // where its summary went since it was last written; zero: nowhere
}

// sealedRow is a row of a chunk.
type sealedRow struct {
	chunk chunkRef
	row   int
}

func newOpenTraces(most int64) *openTraces {
	c := &openTraces{traces: make(map[traceKey]*list.Element), most: most}
	c.merged.budget = min(mergedBytes, most/2)
	c.parked.budget = min(parkedBytes, most-c.merged.budget)
	return c
}

// get finds a trace and makes it the last to be dropped. At most one of the two
// is not nil.
func (c *openTraces) get(k traceKey) (*openTrace, *parkedTrace) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.traces[k]
	if e == nil {
		return nil, nil
	}
	entry := e.Value.(*openEntry)
	if entry.merged != nil {
		c.merged.list.MoveToFront(e)
	} else {
		c.parked.list.MoveToFront(e)
	}
	return entry.merged, entry.parked
}

// put keeps a new trace, parked: most are never written again.
func (c *openTraces) put(k traceKey, o *openTrace) {
	p := o.park()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.traces[k] = c.parked.add(&openEntry{key: k, parked: p, size: p.memory()})
	c.shrink()
}

// replace keeps a trace in place of its last version, merged. read tells that a
// writer had to read that version from disk.
func (c *openTraces) replace(k traceKey, o *openTrace, read bool) {
	size := o.memory()
	c.mu.Lock()
	defer c.mu.Unlock()
	if read {
		c.parked.budget = min(c.parked.budget+growth*size, c.most-c.merged.budget)
	}
	if e := c.traces[k]; e != nil {
		c.listOf(e).remove(e)
	}
	c.traces[k] = c.merged.add(&openEntry{key: k, merged: o, size: size})
	c.shrink()
}

// sealed tells where the summary of a trace went; the caller has its lock.
func (c *openTraces) sealed(k traceKey, at sealedRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.traces[k]; e != nil {
		e.Value.(*openEntry).sealed = at
	}
}

// sealedAt is what sealed was told last, since the trace was written.
func (c *openTraces) sealedAt(k traceKey) (at sealedRow, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.traces[k]; e != nil {
		at = e.Value.(*openEntry).sealed
	}
	return at, at.chunk.number != 0
}

// shrink parks and drops the least recently used traces that are over the
// budgets.
func (c *openTraces) shrink() {
	for e := c.merged.over(); e != nil; e = c.merged.over() {
		entry := c.merged.remove(e)
		p := entry.merged.park()
		c.traces[entry.key] = c.parked.add(&openEntry{key: entry.key, parked: p, size: p.memory(), sealed: entry.sealed})
	}
	for e := c.parked.over(); e != nil; e = c.parked.over() {
		entry := c.parked.remove(e)
		delete(c.traces, entry.key)
		c.parked.budget = max(c.parked.budget-entry.size/shrinkage, min(parkedBytes, c.most-c.merged.budget))
	}
}

// remove forgets a trace that is no more. The caller holds its lock.
func (c *openTraces) remove(k traceKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.traces[k]; e != nil {
		c.listOf(e).remove(e)
		delete(c.traces, k)
	}
}

func (c *openTraces) listOf(e *list.Element) *recency {
	if e.Value.(*openEntry).merged != nil {
		return &c.merged
	}
	return &c.parked
}

func (r *recency) add(entry *openEntry) *list.Element {
	r.size += entry.size
	return r.list.PushFront(entry)
}

func (r *recency) remove(e *list.Element) *openEntry {
	entry := r.list.Remove(e).(*openEntry)
	r.size -= entry.size
	return entry
}

// over is the trace to go first when there is more than the budget.
func (r *recency) over() *list.Element {
	if r.size <= r.budget {
		return nil
	}
	return r.list.Back()
}
