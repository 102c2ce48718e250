package disk

import (
	"context"
	"iter"
	"testing"

	"radiograph"
	"radiograph/storetest"
)

func TestSuiteInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T) radiograph.TraceStore { return open(t, testOptions()) })
}

func TestSuiteInFolder(t *testing.T) {
	storetest.Run(t, func(t *testing.T) radiograph.TraceStore {
		o := testOptions()
		o.Dir = t.TempDir()
		return open(t, o)
	})
}

// TestSuiteWithoutOpenTraces reads every trace from its rows.
func TestSuiteWithoutOpenTraces(t *testing.T) {
	storetest.Run(t, func(t *testing.T) radiograph.TraceStore {
		o := testOptions()
		o.OpenTraceBytes = 1
		return open(t, o)
	})
}

// TestSuiteSealed seals all traces before each question.
func TestSuiteSealed(t *testing.T) {
	storetest.Run(t, func(t *testing.T) radiograph.TraceStore { return &sealing{open(t, testOptions()), t} })
}

type sealing struct {
	*Store
	t *testing.T
}

func (s *sealing) Summaries(ctx context.Context, t radiograph.Tenant, q radiograph.SummaryQuery) iter.Seq2[*radiograph.Summary, error] {
	if err := s.seal(ctx, true); err != nil {
		s.t.Errorf("seal: %v", err)
	}
	return s.Store.Summaries(ctx, t, q)
}
