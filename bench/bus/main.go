// Command bus measures the embedded event bus against the disk that it writes
// to: every figure is a ratio to a plain append and fsync of an event's size on
// the same disk, measured in the same run (latencies to its median, throughput
// to its mean before and after).
//
//	go run ./bench/bus [-dir DIR] [-n 7000]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/events/bus/structured"
)

func main() {
	dir := flag.String("dir", "", "directory on the disk to measure (default: a temporary one)")
	n := flag.Int("n", 7000, "events a measurement")
	flag.Parse()
	if err := run(*dir, *n); err != nil {
		fmt.Fprintln(os.Stderr, "bus:", err)
		os.Exit(1)
	}
}

const eventType = "dev.runnel.bench.v1"

func run(dir string, n int) error {
	dir, err := os.MkdirTemp(dir, "runnel-bench-bus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	sample, err := structured.Encode(newEvent("sample"))
	if err != nil {
		return err
	}
	fsync, err := measureFsync(dir, sample, min(n, 500))
	if err != nil {
		return err
	}

	start := time.Now()
	b, err := jetstream.Open(ctx, filepath.Join(dir, "bus"), nil)
	if err != nil {
		return err
	}
	defer b.Close()
	opened := time.Since(start)

	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer out.Flush()
	unit := median(fsync)
	ratio := func(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/float64(unit)) }
	fmt.Fprintf(out, "an event has %d bytes; 1 is an append and fsync of as many, the median of %d\n\n", len(sample), len(fsync))
	fmt.Fprintf(out, "\tmedian\tp99\n")
	fmt.Fprintf(out, "append and fsync\t1\t%s\n", ratio(p99(fsync)))
	fmt.Fprintf(out, "open an empty bus\t%s\t\n", ratio(opened))

	published, hops, err := measureHop(ctx, b, min(n, 500))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "publish, one at a time\t%s\t%s\n", ratio(median(published)), ratio(p99(published)))
	fmt.Fprintf(out, "publish to acknowledged by the subscriber\t%s\t%s\n", ratio(median(hops)), ratio(p99(hops)))

	fmt.Fprintf(out, "\n\tfsync times an event\tevents an fsync time\n")
	for _, served := range []bool{false, true} {
		for _, publishers := range []int{1, 8, 64} {
			each, err := throughputInFsyncs(ctx, b, dir, sample, publishers, n, served)
			if err != nil {
				return err
			}
			what := "publish"
			if served {
				what = "publish, deliver and acknowledge"
			}
			fmt.Fprintf(out, "%s, %d publishers\t%.2f\t%.2f\n", what, publishers, each, 1/each)
		}
	}
	return nil
}

// throughputInFsyncs is the time that an event takes, in fsyncs: the median of
// several rounds, each with a measure of the disk of its own before and after,
// for the disk's speed changes with what else goes on.
func throughputInFsyncs(ctx context.Context, b bus.Bus, dir string, sample []byte, publishers, n int, served bool) (float64, error) {
	const rounds = 7
	n = max(n/rounds, 1)
	var ratios []float64
	for round := range rounds {
		before, err := measureFsync(dir, sample, min(n, 200))
		if err != nil {
			return 0, err
		}
		took, err := measureThroughput(ctx, b, fmt.Sprintf("%d-%v-%d", publishers, served, round), publishers, n, served)
		if err != nil {
			return 0, err
		}
		after, err := measureFsync(dir, sample, min(n, 200))
		if err != nil {
			return 0, err
		}
		ratios = append(ratios, float64(took)/float64(n)/mean(append(before, after...)))
	}
	slices.Sort(ratios)
	return ratios[rounds/2], nil
}

// measureFsync times appends of record, each followed by an fsync.
func measureFsync(dir string, record []byte, n int) ([]time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "raw"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	times := make([]time.Duration, n)
	for i := range times {
		start := time.Now()
		if _, err := f.Write(record); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		times[i] = time.Since(start)
	}
	return times, nil
}

// measureHop times events that go one at a time: until Publish returns, and
// until the subscriber's Ack returns.
func measureHop(ctx context.Context, b bus.Bus, n int) (published, hops []time.Duration, err error) {
	acked := make(chan error)
	sub := bus.Subscription{Name: "hop", Filters: []bus.Filter{{Type: eventType}}}
	err = b.Subscribe(ctx, sub, func(ctx context.Context, d bus.Delivery) { acked <- d.Ack(ctx) })
	if err != nil {
		return nil, nil, err
	}
	for i := range n {
		start := time.Now()
		if err := b.Publish(ctx, newEvent(fmt.Sprint("hop-", i))); err != nil {
			return nil, nil, err
		}
		published = append(published, time.Since(start))
		if err := <-acked; err != nil {
			return nil, nil, err
		}
		hops = append(hops, time.Since(start))
	}
	return published, hops, b.Unsubscribe(ctx, sub.Name)
}

// measureThroughput times n events from so many publishers, who publish one
// event at a time each; and, if served, until a subscriber has acknowledged all.
func measureThroughput(ctx context.Context, b bus.Bus, name string, publishers, n int, served bool) (time.Duration, error) {
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan error, n+publishers)
	if served {
		sub := bus.Subscription{Name: name, Filters: []bus.Filter{{Type: eventType}}, MaxInFlight: 16}
		err := b.Subscribe(ctx, sub, func(ctx context.Context, d bus.Delivery) {
			if err := d.Ack(ctx); err != nil || left.Add(-1) == 0 {
				done <- err
			}
		})
		if err != nil {
			return 0, err
		}
		defer b.Unsubscribe(ctx, name)
	}
	start := time.Now()
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for i := p; i < n; i += publishers {
				if err := b.Publish(ctx, newEvent(fmt.Sprintf("%s-%d", name, i))); err != nil {
					done <- err
					return
				}
			}
		})
	}
	wg.Wait()
	if !served {
		done <- nil
	}
	err := <-done
	return time.Since(start), err
}

// newEvent makes an event as a step would send it, of about 1 KiB.
func newEvent(id string) events.Event {
	var e events.Event
	e.SetSpecVersion("1.0")
	e.SetID(id)
	e.SetType(eventType)
	e.SetSource("/pipelines/bench/steps/bench")
	e.SetSubject("uploads/bench.csv")
	e.SetTime(time.Unix(1700000000, 0))
	e.SetExtension(events.Run, id)
	if err := e.SetData("application/json", map[string]string{"padding": strings.Repeat("x", 700)}); err != nil {
		panic(err) // a map of strings always encodes
	}
	return e
}

func median(d []time.Duration) time.Duration { return quantile(d, 0.5) }

func mean(d []time.Duration) float64 {
	var sum time.Duration
	for _, x := range d {
		sum += x
	}
	return float64(sum) / float64(len(d))
}

func p99(d []time.Duration) time.Duration { return quantile(d, 0.99) }

func quantile(d []time.Duration, q float64) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[int(q*float64(len(d)-1)+0.5)]
}
