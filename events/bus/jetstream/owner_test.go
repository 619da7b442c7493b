package jetstream_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

// A stream belongs to the store of who first says one, also where the stream was
// there before, and through updates and restarts.
func TestStreamOfAStore(t *testing.T) {
	for name, first := range map[string]*jetstream.Options{
		"new":            {Store: "mine"},
		"made by no one": nil,
	} {
		t.Run(name, func(t *testing.T) {
			srv := startServer(t, &server.Options{StoreDir: t.TempDir(), Port: server.RANDOM_PORT})
			connect(t, srv.ClientURL(), first).Close()
			if first == nil {
				connect(t, srv.ClientURL(), &jetstream.Options{Store: "any", Attach: true}).Close() // takes it as it is
			}
			connect(t, srv.ClientURL(), &jetstream.Options{Store: "mine"}).Close()
			connect(t, srv.ClientURL(), &jetstream.Options{Store: "mine", MaxBytes: 1 << 20}).Close()
			connect(t, srv.ClientURL(), &jetstream.Options{MaxBytes: 2 << 20}).Close()
			connect(t, srv.ClientURL(), &jetstream.Options{Store: "mine", Attach: true}).Close()
			for _, attach := range []bool{false, true} {
				b, err := jetstream.Connect(t.Context(), srv.ClientURL(), &jetstream.Options{Store: "yours", Attach: attach, MaxBytes: 3 << 20})
				if err == nil {
					b.Close()
				}
				if !errors.Is(err, jetstream.ErrOtherStore) || !strings.Contains(err.Error(), "mine") || !strings.Contains(err.Error(), "yours") {
					t.Errorf("attach %v: %v", attach, err)
				}
			}
			wantMaxBytes(t, srv.ClientURL(), 2<<20) // who is refused changes nothing
			connect(t, srv.ClientURL(), &jetstream.Options{Store: "yours", Stream: "OTHER"}).Close()
		})
	}
}
