// Command hop measures how fast events go from step to step with all of the
// durability on: the embedded bus with an fsync for what is published, and the
// store on files with an fsync for each record. Beside every figure stands what
// an append and fsync of an event's size takes on the same disk in the same run,
// and for chains the processor time of all cores, which other load disturbs least.
//
//	go run ./bench/hop [-dir DIR] [-hops 500] [-chains 2000] [-at-once 256]
//
// A hop is an event that is published, dispatched to a step that does nothing,
// and recorded. A chain is an event that is accepted, which records a run, and
// two such steps, the first of which emits an event to the second.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node"
	"github.com/runnel-dev/runnel/runtime/pipeline"
	"github.com/runnel-dev/runnel/runtime/step"
)

func main() {
	dir := flag.String("dir", "", "directory on the disk to measure (default: a temporary one)")
	hops := flag.Int("hops", 500, "hops to time, one after the other")
	chains := flag.Int("chains", 2000, "chains to time, many at once")
	atOnce := flag.Int("at-once", 256, "chains under way at once")
	profile := flag.String("profile", "", "file for a CPU profile of the chains")
	flag.Parse()
	if err := run(*dir, *hops, *chains, *atOnce, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "hop:", err)
		os.Exit(1)
	}
}

const definition = `
name: hop
steps:
  - {name: one, concurrency: 256}
  - {name: two, concurrency: 256}
`

type nothing struct{}

func functions() pipeline.Functions {
	return pipeline.Functions{
		"one": step.New("one", func(_ context.Context, call *step.Call, _ nothing) error {
			if call.Event.Subject() == "hop" {
				return nil
			}
			return call.Emit(events.DatasetIngestedData{})
		}, step.Accepts(events.IngestRequested), step.Emits(events.DatasetIngested)),
		"two": step.New("two", func(context.Context, *step.Call, nothing) error { return nil },
			step.Accepts(events.DatasetIngested), step.Emits(events.DatasetCleaned)),
	}
}

// watch tells when steps finish.
type watch struct {
	engine.Observer
	mu       sync.Mutex
	finished map[string]chan time.Time // by run
}

func (w *watch) RunAccepted(engine.Run)                                             {}
func (w *watch) RunCancelled(string)                                                {}
func (w *watch) StepStarted(engine.Activity)                                        {}
func (w *watch) AttemptFailed(_ engine.Activity, f engine.Failure, _ time.Duration) { panic(f.Message) }

func (w *watch) of(run string) chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.finished[run]
	if c == nil {
		c = make(chan time.Time, 2)
		w.finished[run] = c
	}
	return c
}

func (w *watch) StepFinished(r engine.Record) { w.of(r.Run) <- time.Now() }

func run(dir string, hops, chains, atOnce int, profile string) error {
	dir, err := os.MkdirTemp(dir, "runnel-bench-hop-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	w := &watch{finished: map[string]chan time.Time{}}
	fns := functions()
	p, err := pipeline.Parse("hop.yaml", strings.NewReader(definition), fns)
	if err != nil {
		return err
	}
	n, err := node.Open(ctx, filepath.Join(dir, "node"), &node.Options{Functions: fns, Build: "bench", Observers: []engine.Observer{w}})
	if err != nil {
		return err
	}
	if err := errors.Join(n.Start(ctx, p), bench(ctx, dir, n, w, hops, chains, atOnce, profile)); err != nil {
		return errors.Join(err, n.Close())
	}
	return n.Close()
}

func bench(ctx context.Context, dir string, n *node.Node, w *watch, hops, chains, atOnce int, profile string) error {
	fsync, err := measureFsync(dir, 500)
	if err != nil {
		return err
	}
	if _, err := measureHops(ctx, n, w, "warm", 20); err != nil {
		return err
	}
	hop, err := measureHops(ctx, n, w, "measured", hops)
	if err != nil {
		return err
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	cpu := processorTime()
	took, err := measureChains(ctx, n, w, chains, atOnce)
	if err != nil {
		return err
	}
	cpu = processorTime() - cpu
	after, err := measureFsync(dir, 500)
	if err != nil {
		return err
	}
	unit := quantile(append(fsync, after...), .5)
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	line := func(what string, d time.Duration, rest string) {
		fmt.Fprintf(out, "%s\t%.3f ms\t%.1f fsyncs\t%s\n", what, d.Seconds()*1e3, float64(d)/float64(unit), rest)
	}
	line("append and fsync of 1 KiB, median", unit, "")
	line("append and fsync of 1 KiB, p99", quantile(append(fsync, after...), .99), "")
	line("hop, median", quantile(hop, .5), target(quantile(hop, .5) < 3*time.Millisecond, "under 3 ms"))
	line("hop, p99", quantile(hop, .99), "")
	rate := float64(chains) / took.Seconds()
	line(fmt.Sprintf("two-step chain, %d at once, each", atOnce), took/time.Duration(chains),
		fmt.Sprintf("%.0f chains/s: %s, %s", rate, target(rate >= 500, "at least 500"), target(rate >= 2000, "the goal of 2000")))
	if cpu > 0 {
		line("processor time of a chain", cpu/time.Duration(chains), "")
	}
	return out.Flush()
}

func target(reached bool, what string) string {
	if reached {
		return what + " reached"
	}
	return what + " MISSED"
}

// measureFsync times appends of 1 KiB, each followed by an fsync.
func measureFsync(dir string, n int) ([]time.Duration, error) {
	f, err := os.CreateTemp(dir, "raw")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	times := make([]time.Duration, n)
	for i := range times {
		start := time.Now()
		if _, err := f.Write(make([]byte, 1024)); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		times[i] = time.Since(start)
	}
	return times, nil
}

func newEvent(subject string, identity ...string) (events.Event, error) {
	return events.NewRoot("/bench", subject, time.Unix(0, 0), events.IngestRequestedData{URL: "bench:" + strings.Repeat("x", 300)}, identity...)
}

// measureHops times events one at a time, from publishing to the record.
func measureHops(ctx context.Context, n *node.Node, w *watch, name string, hops int) ([]time.Duration, error) {
	times := make([]time.Duration, hops)
	for i := range times {
		ev, err := newEvent("hop", name, fmt.Sprint(i))
		if err != nil {
			return nil, err
		}
		ev = engine.Addressed(ev, n.Engine.Pipelines()[0])
		start := time.Now()
		if err := n.Engine.Accept(ctx, ev); err != nil {
			return nil, err
		}
		times[i] = (<-w.of(ev.ID())).Sub(start)
	}
	return times, nil
}

// measureChains times so many chains, from the first event accepted to the last
// step recorded.
func measureChains(ctx context.Context, n *node.Node, w *watch, chains, atOnce int) (time.Duration, error) {
	next := make(chan int)
	failed := make(chan error, atOnce)
	start := time.Now()
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for i := range next {
				ev, err := newEvent("chain", fmt.Sprint(i))
				if err == nil {
					err = n.Engine.Accept(ctx, ev)
				}
				if err != nil {
					failed <- err
					return
				}
				<-w.of(ev.ID())
				<-w.of(ev.ID())
			}
		})
	}
	for i := range chains {
		select {
		case next <- i:
		case err := <-failed:
			return 0, err
		}
	}
	close(next)
	wg.Wait()
	return time.Since(start), nil
}

func quantile(d []time.Duration, q float64) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[int(q*float64(len(d)-1)+0.5)]
}
