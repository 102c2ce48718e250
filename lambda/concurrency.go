package lambda

import (
	"context"
	"sync"

	"radiograph"
)

// Quotas of an account (Lambda quotas): concurrent executions, how many of them
// no function may reserve, and bytes of all packages.
const (
	accountConcurrency    = 1000
	unreservedConcurrency = 100
	accountCodeSize       = 80530636800
)

// concurrency counts a function's executions, over all its versions.
type concurrency struct {
	mu      sync.Mutex
	running int
}

// enter counts one more, unless limit are at work.
func (c *concurrency) enter(limit *int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit != nil && c.running >= *limit {
		return false
	}
	c.running++
	return true
}

func (c *concurrency) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
}

// enter counts the execution in; false: the function's reserved concurrency is
// used up, and the execution is over.
func (x *execution) enter() bool {
	e, has, err := x.s.attached(x.fn.Tenant, x.fn.Name)
	if err != nil {
		return true // deleted meanwhile: what was accepted runs
	}
	if !e.concurrency.enter(has.Reserved) {
		refusal := throttled()
		refusal.Err = &Throttle{Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", RetryAfter: retryAfter}
		x.fail(refusal)
		return false
	}
	x.counted = &e.concurrency
	return true
}

// leave counts an execution out when it is over.
func (x *execution) leave() {
	if x.phase == over && x.counted != nil {
		x.counted.leave()
		x.counted = nil
	}
}

// ReservedConcurrency is how many executions are a function's own; nil: none.
func (s *Service) ReservedConcurrency(ctx context.Context, t radiograph.Tenant, name string) (*int, error) {
	_, has, err := s.attached(t, name)
	if err != nil {
		return nil, err
	}
	return has.Reserved, nil
}

// ReserveConcurrency sets how many executions of a function may be at work at
// once; nil: as many as there are environments.
func (s *Service) ReserveConcurrency(ctx context.Context, t radiograph.Tenant, name string, limit *int) error {
	return s.attach(ctx, t, name, func(e *entry, has *attachments) error {
		if limit != nil {
			others := s.registry.reserved(t)
			if e.attached.Reserved != nil {
				others -= *e.attached.Reserved
			}
			if *limit > accountConcurrency-unreservedConcurrency-others {
				return invalidParameter("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", unreservedConcurrency)
			}
		}
		has.Reserved = limit
		return nil
	})
}

// reserved is what all functions of a tenant have reserved.
func (r *registry) reserved(t radiograph.Tenant) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	sum := 0
	for key, e := range r.functions {
		if key.tenant == t && e.attached.Reserved != nil {
			sum += *e.attached.Reserved
		}
	}
	return sum
}

// AccountSettings is what an account may have in a region and has.
type AccountSettings struct {
	TotalCodeSize                  int64 // bytes, the quota
	CodeSizeZipped                 int64 // of one package in a request
	CodeSizeUnzipped               int64
	ConcurrentExecutions           int
	UnreservedConcurrentExecutions int

	UsedCodeSize int64 // of all versions
	Functions    int
}

// AccountSettings tells the quotas of Lambda and what a tenant uses of them.
func (s *Service) AccountSettings(ctx context.Context, t radiograph.Tenant) AccountSettings {
	a := AccountSettings{
		TotalCodeSize: accountCodeSize, CodeSizeZipped: maxZipped, CodeSizeUnzipped: maxUnzipped,
		ConcurrentExecutions: accountConcurrency, UnreservedConcurrentExecutions: accountConcurrency - s.registry.reserved(t),
	}
	s.registry.mu.RLock()
	defer s.registry.mu.RUnlock()
	for key, e := range s.registry.functions {
		if key.tenant != t {
			continue
		}
		a.Functions++
		a.UsedCodeSize += e.latest.fn.CodeSize
		for _, v := range e.published {
			a.UsedCodeSize += v.fn.CodeSize
		}
	}
	return a
}
