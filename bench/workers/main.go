// Command workers measures how many steps a second 1, 2 and 4 worker processes
// take that share three NATS servers and a store: as infra/nats has the servers,
// each event on the disks of two before it counts, all on this machine.
//
//	go run ./bench/workers [-rounds 5] [-dir DIR]
//
// Of three kinds of step: one that waits 50 ms, as for a network; one that
// computes for 10 ms, in workers that have one processor each; and one that does
// nothing, which leaves what events, records and brokers cost. Each line is the
// throughput over that of one worker in the same round, and the processor time
// that workers take for a step likewise. Everything shares the
// processors of this machine: more machines are what workers are for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/runnel-dev/runnel/bench/compare"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each number of workers has its turn")
	dir := flag.String("dir", "", "directory on the disk to use (default: a temporary one)")
	flag.Parse()
	err := work() // as a worker process
	if errors.Is(err, errNoWorker) {
		err = run(*dir, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "workers:", err)
		os.Exit(1)
	}
}

// A job is a kind of step and how many events measure it.
type job struct {
	step   string // of the pipeline
	what   string
	events int // for each worker
	procs  int // of each worker; 0: all
}

var jobs = []job{
	{"wait", "a step that waits 50 ms, 4 at once in a worker", 120, 0},
	{"compute", "a step that computes for 10 ms, one processor a worker", 200, 1},
	{"nothing", "a step that does nothing", 500, 0},
}

var counts = []int{1, 2, 4}

func run(dir string, rounds int) (err error) {
	if dir, err = os.MkdirTemp(dir, "runnel-bench-workers-"); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	b, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	var lines []compare.Line
	for _, j := range jobs {
		turns := map[int][]turn{}
		for round := range rounds {
			order := slices.Clone(counts)
			if round%2 == 1 {
				slices.Reverse(order)
			}
			for _, n := range order {
				t, err := b.measure(ctx, j, n)
				if err != nil {
					return fmt.Errorf("%s, %d workers: %w", j.step, n, err)
				}
				turns[n] = append(turns[n], t)
			}
		}
		for _, n := range counts[1:] {
			lines = append(lines, line(j, n, turns))
		}
	}
	return compare.Publish("workers", lines)
}

func line(j job, n int, turns map[int][]turn) compare.Line {
	var rates, cpu []float64
	for i, one := range turns[1] {
		rates = append(rates, turns[n][i].rate/one.rate)
		cpu = append(cpu, one.cpu/turns[n][i].cpu)
	}
	return compare.Line{
		Job: fmt.Sprintf("%s: %d workers", j.what, n), Peer: "1 worker", Rounds: len(rates),
		Ratio: compare.Median(rates), Low: slices.Min(rates), High: slices.Max(rates), CPU: compare.Median(cpu),
		Result: fmt.Sprintf("steps a second, and processor time a step; %d processors for workers, node and three brokers", runtime.NumCPU()),
	}
}
