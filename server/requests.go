package server

import (
	"cmp"
	"slices"
	"sync"

	"radiograph/awsapi"
	"radiograph/metric"
)

// requests counts what the AWS APIs answered, by operation. Operations are those
// of the tables, so there are not many.
type requests struct {
	mu sync.RWMutex
	of map[operation]*answers
}

type operation struct{ service, name string }

// answers of one operation.
type answers struct {
	took metric.Histogram

	mu     sync.Mutex
	failed map[string]int64 // by exception
}

// observe counts one answer.
func (r *requests) observe(o awsapi.Outcome) {
	a := r.answers(operation{o.Service, o.Operation})
	a.took.Observe(o.Took)
	if o.Exception == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed == nil {
		a.failed = make(map[string]int64)
	}
	a.failed[o.Exception]++
}

func (r *requests) answers(op operation) *answers {
	r.mu.RLock()
	a := r.of[op]
	r.mu.RUnlock()
	if a != nil {
		return a
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = make(map[operation]*answers)
	}
	if r.of[op] == nil {
		r.of[op] = new(answers)
	}
	return r.of[op]
}

// write adds the families of requests to a page.
func (r *requests) write(p *metric.Page) {
	r.mu.RLock()
	ops := make([]operation, 0, len(r.of))
	for op := range r.of {
		ops = append(ops, op)
	}
	r.mu.RUnlock()
	slices.SortFunc(ops, func(a, b operation) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.name, b.name))
	})
	took := p.Histogram("radiograph_request_duration_seconds", "Time from the request's header to its answer. Operation is empty for what is not served.")
	for _, op := range ops {
		took.AddHistogram(&r.answers(op).took, "service", op.service, "operation", op.name)
	}
	failed := p.Counter("radiograph_request_errors_total", "Requests answered with an AWS exception.")
	for _, op := range ops {
		a := r.answers(op)
		a.mu.Lock()
		for _, exception := range sortedKeys(a.failed) {
			failed.Add(float64(a.failed[exception]), "service", op.service, "operation", op.name, "exception", exception)
		}
		a.mu.Unlock()
	}
}
