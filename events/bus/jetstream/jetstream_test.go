package jetstream_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/bustest"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

func TestConformanceEmbedded(t *testing.T) {
	bustest.Run(t, func(t *testing.T) bustest.Harness {
		dir := t.TempDir()
		return bustest.Harness{
			Open:    func(t testing.TB) bus.Bus { return open(t, dir, nil) },
			Durable: true,
		}
	})
}

// open opens an embedded bus that fails the test when something is logged.
func open(t testing.TB, dir string, o *jetstream.Options) *jetstream.Bus {
	t.Helper()
	var opts jetstream.Options
	if o != nil {
		opts = *o
	}
	opts.Logger = slog.New(slog.NewTextHandler(failOnLog{t}, nil))
	b, err := jetstream.Open(t.Context(), dir, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type failOnLog struct{ t testing.TB }

func (l failOnLog) Write(b []byte) (int, error) {
	l.t.Errorf("logged: %s", strings.TrimSpace(string(b)))
	return len(b), nil
}
