// Package parallel runs tasks on threads.
package parallel

import (
	"context"
	"sync"
	"sync/atomic"
)

// Each runs do for the tasks 0 to n-1, on as many threads at once, and stops
// with ctx's error when ctx ends. Which thread runs which task must not matter
// for what comes of it: a thread's number is for memory to work in.
func Each(ctx context.Context, threads, n int, do func(thread, task int)) error {
	threads = min(threads, n)
	if threads <= 1 {
		for i := range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			do(0, i)
		}
		return ctx.Err()
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for thread := range threads {
		all.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(thread, i)
			}
		})
	}
	all.Wait()
	return ctx.Err()
}
