package storetest

import (
	"testing"

	"radiograph"
)

func TestModel(t *testing.T) {
	Run(t, func(*testing.T) radiograph.TraceStore { return NewModel() })
}
