package disk

import (
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
