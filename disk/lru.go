package disk

import (
	"container/list"
	"sync"
)

// lru keeps values, the least recently used of them go when they are over the
// budget of bytes.
type lru[K comparable, V any] struct {
	mu      sync.Mutex
	budget  int64
	size    int64
	entries map[K]*list.Element
	recent  list.List // of *lruEntry, the last used first
}

type lruEntry[K comparable, V any] struct {
	key   K
	value V
	size  int64
}

func (c *lru[K, V]) get(k K) (v V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[k]
	if e == nil {
		return v, false
	}
	c.recent.MoveToFront(e)
	return e.Value.(*lruEntry[K, V]).value, true
}

// put keeps v in place of what k had.
func (c *lru[K, V]) put(k K, v V, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[K]*list.Element{}
	}
	if e := c.entries[k]; e != nil {
		c.drop(e)
	}
	c.entries[k] = c.recent.PushFront(&lruEntry[K, V]{k, v, size})
	c.size += size
	for c.size > c.budget {
		c.drop(c.recent.Back())
	}
}

func (c *lru[K, V]) drop(e *list.Element) {
	entry := e.Value.(*lruEntry[K, V])
	c.recent.Remove(e)
	delete(c.entries, entry.key)
	c.size -= entry.size
}
