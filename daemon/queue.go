package daemon

import (
	"sync"
	"sync/atomic"

	"radiograph"
)

// documentOverhead is what a waiting document costs besides its bytes.
const documentOverhead = 64

// queue holds documents that wait to be sent, oldest first, within a bound of
// bytes.
type queue struct {
	limit   int
	waiting *atomic.Int64 // counts the documents of several queues

	mu    sync.Mutex
	docs  []radiograph.Document // docs[head:] wait
	head  int
	bytes int
}

// push appends doc and drops the oldest documents while the bound is passed. It
// returns how many it dropped and how many wait now.
func (q *queue) push(doc radiograph.Document) (dropped, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.docs = append(q.docs, doc)
	q.waiting.Add(1)
	q.bytes += len(doc.Body) + documentOverhead
	for q.bytes > q.limit && len(q.docs)-q.head > 1 {
		q.pop()
		dropped++
	}
	if q.head > batchSize && q.head > len(q.docs)/2 {
		n := copy(q.docs, q.docs[q.head:])
		clear(q.docs[n:])
		q.docs, q.head = q.docs[:n], 0
	}
	return dropped, len(q.docs) - q.head
}

// take removes the n oldest documents, or as many as there are.
func (q *queue) take(n int) []radiograph.Document {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = min(n, len(q.docs)-q.head)
	if n == 0 {
		return nil
	}
	batch := make([]radiograph.Document, n)
	for i := range batch {
		batch[i] = q.pop()
	}
	if q.head == len(q.docs) {
		q.docs, q.head = q.docs[:0], 0
		if cap(q.docs) > 1<<12 {
			q.docs = nil // a flood is over: give its space back
		}
	}
	return batch
}

// discard drops all documents and returns how many they were.
func (q *queue) discard() int { return len(q.take(q.len())) }

func (q *queue) pop() radiograph.Document {
	doc := q.docs[q.head]
	q.docs[q.head] = radiograph.Document{}
	q.head++
	q.waiting.Add(-1)
	q.bytes -= len(doc.Body) + documentOverhead
	return doc
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.docs) - q.head
}
