package jetstream_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/bustest"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

func TestConformanceOutside(t *testing.T) {
	bustest.Run(t, func(t *testing.T) bustest.Harness {
		srv := startServer(t, &server.Options{StoreDir: t.TempDir(), Port: server.RANDOM_PORT})
		return bustest.Harness{
			Open:    func(t testing.TB) bus.Bus { return connect(t, srv.ClientURL(), nil) },
			Durable: true,
			Shared:  true,
		}
	})
}

// startServer starts a server that listens on the loopback interface.
func startServer(t testing.TB, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.NoSigs, o.NoLog, o.JetStream, o.SyncAlways = "127.0.0.1", true, true, true, true
	srv, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(patience) {
		t.Fatal("the server did not start")
	}
	return srv
}

func connect(t testing.TB, url string, o *jetstream.Options) *jetstream.Bus {
	t.Helper()
	b, err := jetstream.Connect(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A subscriber goes on when the server comes back, and what was published before
// and after is delivered.
func TestServerRestarts(t *testing.T) {
	dir := t.TempDir()
	srv := startServer(t, &server.Options{StoreDir: dir, Port: server.RANDOM_PORT})
	b := connect(t, srv.ClientURL(), nil)
	defer b.Close()
	got := receive(t, b, "restart")
	publishAll(t, b, "before")
	got.want(t, "before")

	u, err := url.Parse(srv.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	srv.Shutdown()
	srv.WaitForShutdown()
	if err := b.Publish(t.Context(), newEvent("while away")); err == nil {
		t.Error("published while the server was away")
	}
	startServer(t, &server.Options{StoreDir: dir, Port: port(t, u)})
	deadline := time.Now().Add(patience)
	for err := b.Publish(t.Context(), newEvent("after")); err != nil; err = b.Publish(t.Context(), newEvent("after")) {
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	start := time.Now()
	got.want(t, "before", "after")
	if took := time.Since(start); took > 10*time.Second { // by its own clock it would ask again after 11
		t.Errorf("the subscriber needed %v to go on", took)
	}
}

func TestConnectRefusesAStreamThatLosesEvents(t *testing.T) {
	srv := startServer(t, &server.Options{StoreDir: t.TempDir(), Port: server.RANDOM_PORT})
	makeStream(t, srv.ClientURL(), "RUNNEL")
	if b, err := jetstream.Connect(t.Context(), srv.ClientURL(), nil); err == nil {
		b.Close()
		t.Error("it was accepted")
	} else {
		t.Log(err)
	}
	connect(t, srv.ClientURL(), &jetstream.Options{Stream: "OTHER"}).Close()
}

func TestConnectErrorsHoldNoSecrets(t *testing.T) {
	_, err := jetstream.Connect(t.Context(), "nats://user:hunter2@127.0.0.1:1,nats://hunter2@127.0.0.1:1", nil)
	if err == nil {
		t.Fatal("connected")
	}
	wantNoSecret(t, err, "hunter2")
}

func TestOptionsChangeTheStream(t *testing.T) {
	srv := startServer(t, &server.Options{StoreDir: t.TempDir(), Port: server.RANDOM_PORT})
	connect(t, srv.ClientURL(), &jetstream.Options{MaxBytes: 1 << 20}).Close()
	connect(t, srv.ClientURL(), nil).Close() // leaves it
	wantMaxBytes(t, srv.ClientURL(), 1<<20)
	connect(t, srv.ClientURL(), &jetstream.Options{MaxBytes: 2 << 20}).Close()
	wantMaxBytes(t, srv.ClientURL(), 2<<20)
}
