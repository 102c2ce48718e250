// Package sampling decides which requests are recorded.
//
// Reports of what clients did enter, and quotas that share a rule's reservoir
// among those clients leave; for functions, single decisions leave. The package
// knows no wire format and keeps no traces.
package sampling

import (
	"context"
	"fmt"
	"sync"

	"radiograph"
)

// DefaultRuleName is the rule that is always there and matches last.
const DefaultRuleName = "Default"

// Rules is central sampling for all tenants. It implements
// radiograph.SamplingRules; its methods may be called from any goroutine.
type Rules struct {
	clock radiograph.Clock
	// modified is what clients compare with the time they last fetched rules. It
	// must not move by itself: a client that sees it move fetches again. A restart
	// moves it, so that clients of the server before it fetch the rules of this one.
	modified radiograph.Timestamp

	mu         sync.Mutex
	reservoirs map[reservoirKey]*reservoir
}

var _ radiograph.SamplingRules = (*Rules)(nil)

type reservoirKey struct {
	tenant radiograph.Tenant
	rule   string
}

// NewRules makes the rules of all tenants. Every tenant has the Default rule;
// there is no way yet to make or change one, so state, where changed rules
// belong, is not read.
func NewRules(_ radiograph.State, clock radiograph.Clock) *Rules {
	return &Rules{
		clock:      clock,
		modified:   radiograph.TimestampOf(clock()),
		reservoirs: make(map[reservoirKey]*reservoir),
	}
}

// Default is a tenant's Default rule as a new account has it: the first request
// of each second, and 5 % of the others.
func Default(t radiograph.Tenant) radiograph.SamplingRule {
	return radiograph.SamplingRule{
		Name:          DefaultRuleName,
		ARN:           fmt.Sprintf("arn:aws:xray:%s:%s:sampling-rule/%s", t.Region, t.Account, DefaultRuleName),
		ResourceARN:   "*",
		Priority:      10000,
		FixedRate:     0.05,
		ReservoirSize: 1,
		ServiceName:   "*",
		ServiceType:   "*",
		Host:          "*",
		HTTPMethod:    "*",
		URLPath:       "*",
		Version:       1,
		Attributes:    map[string]string{},
	}
}

// Rules lists the tenant's rules.
func (r *Rules) Rules(_ context.Context, t radiograph.Tenant) ([]radiograph.SamplingRule, error) {
	return []radiograph.SamplingRule{Default(t)}, nil
}
