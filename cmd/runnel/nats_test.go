package main

import (
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rogpeppe/go-internal/testscript"
)

// natsCommand starts a NATS server for the rest of the script, and sets a
// variable to its URL: nats NAME [USER PASSWORD]
func natsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || (len(args) != 1 && len(args) != 3) {
		ts.Fatalf("usage: nats NAME [USER PASSWORD]")
	}
	o := &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, StoreDir: ts.MkAbs("nats-" + args[0]), JetStream: true, SyncAlways: true, NoSigs: true, NoLog: true}
	if len(args) == 3 {
		o.Username, o.Password = args[1], args[2]
	}
	srv, err := server.NewServer(o)
	ts.Check(err)
	srv.Start()
	ts.Defer(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	if !srv.ReadyForConnections(time.Minute) {
		ts.Fatalf("the NATS server did not start")
	}
	ts.Setenv(args[0], srv.ClientURL())
}
