package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// atOnce is how many events are under way.
var atOnce = []int{1, 8, 64}

// A crowd is what many events at once took.
type crowd struct {
	sample
	atOnce int
	rate   float64 // events a second
}

// crowds calls each host with more and more events at once. What emits nothing has no
// part in it: it is about the pools of instances, workers and sandboxes.
func (b *bench) crowds(ctx context.Context, rounds, calls int) ([]crowd, error) {
	var out []crowd
	for _, s := range b.subjects {
		if s.want == "" {
			continue
		}
		for _, n := range atOnce {
			if _, err := b.crowd(ctx, s, n, 2*n); err != nil { // what is needed is started
				return nil, err
			}
			c, err := b.crowd(ctx, s, n, rounds*calls)
			if err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func (b *bench) crowd(ctx context.Context, s subject, n, calls int) (crowd, error) {
	c := crowd{sample: sample{s.name, make([]time.Duration, calls)}, atOnce: n}
	errs := make([]error, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for k := range n {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < calls && errs[k] == nil; i = int(next.Add(1)) - 1 {
				began := time.Now()
				errs[k] = s.call(ctx, b.inv)
				c.took[i] = time.Since(began)
			}
		})
	}
	wg.Wait()
	c.rate = float64(calls) / time.Since(start).Seconds()
	for _, err := range errs {
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func printCrowds(w io.Writer, all []crowd) {
	fmt.Fprintln(w, "\nevents at once\tmedian\tp99\tevents/s\ttimes those of one\t")
	one := 0.0
	for _, c := range all {
		if c.atOnce == 1 {
			one = c.rate
		}
		note := ""
		if c.name == isLambda && c.atOnce > sandboxes {
			note = fmt.Sprintf("%d sandboxes, one event each", sandboxes)
		}
		fmt.Fprintf(w, "%s, %d\t%s\t%s\t%.0f\t%.2f\t%s\n", c.name, c.atOnce, ms(c.quantile(.5)), ms(c.quantile(.99)), c.rate, c.rate/one, note)
	}
}
