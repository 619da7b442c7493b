package node_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/runtime/node"
)

// startNATS starts a server that keeps what it has in a folder.
func startNATS(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(time.Minute) {
		t.Fatal("the server did not start")
	}
	return srv
}

// Who comes to a bus with another store than that of the nodes there would take
// their events and find nothing of what they name: it is refused.
func TestAnotherStore(t *testing.T) {
	srv := startNATS(t, t.TempDir(), server.RANDOM_PORT)
	dir := t.TempDir()
	options := func(store string) *node.Options {
		return &node.Options{NATS: &node.NATS{URLs: srv.ClientURL()}, Store: filepath.Join(dir, store)}
	}
	for _, c := range []struct {
		store   string
		refused bool
	}{{"theirs", false}, {"theirs", false}, {"another", true}, {"theirs", false}} {
		n, err := node.Open(t.Context(), t.TempDir(), options(c.store))
		if err == nil {
			defer n.Close()
		}
		w, errWorker := node.OpenWorker(t.Context(), options(c.store))
		if errWorker == nil {
			defer w.Close()
		}
		for who, err := range map[string]error{"node": err, "worker": errWorker} {
			if (err != nil) != c.refused || c.refused && !errors.Is(err, jetstream.ErrOtherStore) {
				t.Errorf("a %s with the store %s: %v", who, c.store, err)
			}
		}
	}
}
