package memory_test

import (
	"testing"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/bustest"
	"github.com/runnel-dev/runnel/events/bus/memory"
)

func TestConformance(t *testing.T) {
	bustest.Run(t, func(t *testing.T) bustest.Harness {
		b := memory.New()
		return bustest.Harness{Open: func(testing.TB) bus.Bus { return b }}
	})
}
