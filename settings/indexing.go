package settings

import (
	"context"

	"radiograph"
)

const indexingNoun = "indexing"

// IndexingRuleName names the one rule there is.
const IndexingRuleName = "Default"

// IndexingRule says what share of traces X-Ray would index.
type IndexingRule struct {
	Desired float64 // percent
	Changed radiograph.Timestamp
}

// ActualPercentage is what is done here, whatever was asked: every trace is
// indexed.
const ActualPercentage = 100.0

// IndexingRule is what was set; a new account asks for 1 %.
func (s *Service) IndexingRule(ctx context.Context, t radiograph.Tenant) (*IndexingRule, error) {
	r := &IndexingRule{Desired: 1}
	return r, s.load(ctx, t, indexingNoun, r)
}

// SetIndexingRule sets the desired percentage. An unknown rule is an Error of
// KindNotFound.
func (s *Service) SetIndexingRule(ctx context.Context, t radiograph.Tenant, name string, desired float64) (*IndexingRule, error) {
	if name != IndexingRuleName {
		return nil, radiograph.Errorf(radiograph.KindNotFound, "There is no indexing rule %.100q", name)
	}
	if !(desired >= 0 && desired <= 100) {
		return nil, invalid("DesiredSamplingPercentage must be between 0 and 100")
	}
	r := &IndexingRule{Desired: desired, Changed: s.now()}
	s.changing.Lock()
	defer s.changing.Unlock()
	return r, s.save(ctx, t, indexingNoun, r)
}
