package awsbus_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events/bus"
	awsbus "github.com/runnel-dev/runnel/events/bus/aws"
	"github.com/runnel-dev/runnel/events/bus/bustest"
	"github.com/runnel-dev/runnel/internal/awstest"
)

// options are those of an empty bus of its own, for tests: moto takes its time on
// a busy machine.
func options(name string) *awsbus.Options {
	return &awsbus.Options{EventBus: name, Prefix: name, Provision: true, Wait: time.Second, Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler)}
}

func open(t testing.TB, server *awstest.Server, opts *awsbus.Options) *awsbus.Bus {
	t.Helper()
	b, err := awsbus.Open(t.Context(), server.Config(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	server := awstest.Moto(t)
	var n atomic.Int32
	bustest.Run(t, func(t *testing.T) bustest.Harness {
		opts := options(fmt.Sprint("suite", n.Add(1)))
		return bustest.Harness{
			Durable: true,
			Shared:  true,
			Slow:    true, // moto is
			Repeats: true,
			Open:    func(t testing.TB) bus.Bus { return open(t, server, opts) },
		}
	})
}
