package main

import (
	"context"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/runnel-dev/runnel/runtime/host/hosttest"
)

// builtCommand builds the program, as it is given to users, and its guests into
// a folder: built DIR. It is no program of the tests: under the race detector a
// guest would take minutes to be compiled.
func builtCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: built DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(buildProgram(filepath.Join(dir, "runnel")))
	ts.Check(hosttest.BuildGuests(context.Background(), filepath.Join(dir, "guests")))
}
