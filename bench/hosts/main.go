// Command hosts measures what a host adds to a step, all of them in one run: the
// same function in this process, as a WASM guest in this process and in a worker
// process, and as a Lambda under the Runtime Interface Emulator.
//
//	go run ./bench/hosts [-dir DIR] [-rounds 5] [-calls 300] [-starts 10]
//
// The step reads its params and emits one event. Beside it stand the same step
// that emits none, and the floor: a guest that returns at once, with no answer.
// Hosts take turns in each round, and a call counts only if its event is the
// native one's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/runnel-dev/runnel/runtime/host/wasm/worker"
)

// What the hosts are to keep to.
const (
	maxGuest       = 200 * time.Microsecond // that a warm call of a guest adds
	maxGuestStart  = 50 * time.Millisecond  // from compiled code on disk to the first answer
	maxLambda      = 3 * time.Millisecond   // that a warm invocation adds
	maxLambdaStart = 100 * time.Millisecond // from no process to the first answer
)

func main() {
	if worker.Is() {
		os.Exit(worker.Main())
	}
	dir := flag.String("dir", "", "directory on the disk to use (default: a temporary one)")
	rounds := flag.Int("rounds", 5, "turns that each host has")
	calls := flag.Int("calls", 300, "warm calls in a turn")
	starts := flag.Int("starts", 10, "cold starts of each host")
	flag.Parse()
	if err := run(*dir, *rounds, *calls, *starts); err != nil {
		fmt.Fprintln(os.Stderr, "hosts:", err)
		os.Exit(1)
	}
}

func run(dir string, rounds, calls, starts int) (err error) {
	if dir, err = os.MkdirTemp(dir, "runnel-bench-hosts-"); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	b, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	warm, err := b.warm(ctx, rounds, calls)
	if err != nil {
		return err
	}
	crowds, err := b.crowds(ctx, rounds, calls)
	if err != nil {
		return err
	}
	memory, err := b.memory(ctx)
	if err != nil {
		return err
	}
	if err := b.rest(); err != nil { // what is warm takes nothing from what is cold
		return err
	}
	cold, err := b.cold(ctx, starts)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	printWarm(out, warm)
	printCold(out, cold)
	printCrowds(out, crowds)
	printMemory(out, memory)
	if b.lambdas == nil {
		fmt.Fprintln(out, "\nlambda: SKIPPED, "+b.skipped)
	}
	return out.Flush()
}

func target(reached bool, what string) string {
	if reached {
		return what + " reached"
	}
	return what + " MISSED"
}
