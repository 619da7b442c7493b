package jetstream_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

// A bus that attaches makes no stream, and leaves the one that there is as it is.
func TestAttach(t *testing.T) {
	srv := startServer(t, &server.Options{StoreDir: t.TempDir(), Port: server.RANDOM_PORT})
	if b, err := jetstream.Connect(t.Context(), srv.ClientURL(), &jetstream.Options{Attach: true}); !errors.Is(err, jetstream.ErrNoStream) {
		t.Fatalf("attached to nothing: %v, %v", b, err)
	}
	made := connect(t, srv.ClientURL(), &jetstream.Options{MaxBytes: 1 << 20})
	defer made.Close()
	if err := made.Subscribe(t.Context(), bus.Subscription{Name: "all", Filters: []bus.Filter{{Type: testType}}}, nil); err != nil {
		t.Fatal(err)
	}
	b := connect(t, srv.ClientURL(), &jetstream.Options{Attach: true, MaxBytes: 2 << 20})
	defer b.Close()
	wantMaxBytes(t, srv.ClientURL(), 1<<20)
	publishAll(t, b, "a")
	waitUntil(t, func() bool { // the server counts a little later
		n, err := made.Pending(t.Context(), "all")
		return n == 1 && err == nil
	})
}

// Connected follows the connection.
func TestConnected(t *testing.T) {
	srv := startServer(t, &server.Options{StoreDir: t.TempDir(), Port: server.RANDOM_PORT})
	b := connect(t, srv.ClientURL(), nil)
	receive(t, b, "all")
	if err := b.Connected(); err != nil {
		t.Error(err)
	}
	srv.Shutdown()
	srv.WaitForShutdown()
	waitUntil(t, func() bool { return b.Connected() != nil })
	if err := b.Close(); err != nil { // at once, for there is nothing to wait for
		t.Error(err)
	}
}

// A user is known by a password, or by a key that is read from a file.
func TestUsers(t *testing.T) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "user.nk")
	if err := os.WriteFile(file, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := startServer(t, &server.Options{StoreDir: t.TempDir(), Port: server.RANDOM_PORT,
		Users: []*server.User{{Username: "me", Password: "right"}}, Nkeys: []*server.NkeyUser{{Nkey: public}}})
	for name, c := range map[string]struct {
		o  jetstream.Options
		in bool
	}{
		"password":       {jetstream.Options{User: "me", Password: "right"}, true},
		"wrong password": {jetstream.Options{User: "me", Password: "wrong"}, false},
		"key":            {jetstream.Options{Nkey: file}, true},
		"no key":         {jetstream.Options{Nkey: file + "x"}, false},
		"nobody":         {jetstream.Options{}, false},
	} {
		b, err := jetstream.Connect(t.Context(), srv.ClientURL(), &c.o)
		if err == nil {
			b.Close()
		}
		if (err == nil) != c.in {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v holds the password", name, err)
		}
	}
}
