//go:build unix

package node_test

import (
	"net"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
)

// An upload that cannot be announced, for the bus outside is away, is kept, and
// its run starts when the bus is back. The error says so, and says the cause once.
func TestTheBusIsAway(t *testing.T) {
	bus, dir := t.TempDir(), t.TempDir()
	srv := startNATS(t, bus, server.RANDOM_PORT)
	port := srv.Addr().(*net.TCPAddr).Port
	open := func() *node.Node {
		t.Helper()
		n, err := node.Open(t.Context(), dir, &node.Options{Functions: crashFunctions(), NATS: &node.NATS{URLs: srv.ClientURL()}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := pipeline.Parse("crash.yaml", strings.NewReader(crashPipeline), crashFunctions())
		if err == nil {
			err = n.Start(t.Context(), p)
		}
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	n := open()
	defer n.Close()
	if err := n.Store.CreateBucket(t.Context(), "box"); err != nil {
		t.Fatal(err)
	}
	srv.Shutdown()
	srv.WaitForShutdown()
	_, err := n.Upload(t.Context(), store.ObjectInput{Bucket: "box", Key: "k"}, strings.NewReader("x"))
	if err == nil || step.ClassOf(err) != step.ClassRetryable {
		t.Fatalf("class %s of %v", step.ClassOf(err), err)
	}
	text := err.Error()
	if strings.Count(text, "publishing event") != 1 || !strings.Contains(text, "\nbox/k is kept (version 1), and its run starts once the bus answers: that is tried every 15s") {
		t.Errorf("the error is %q", text)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
	srv = startNATS(t, bus, port)
	n = open()
	defer n.Close()
	runs, err := engine.Runs(t.Context(), n.Store, 0)
	if err != nil || len(runs) != 1 || runs[0].Event.Subject() != "k" {
		t.Errorf("the runs are %v, %v", runs, err)
	}
}
