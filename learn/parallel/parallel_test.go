package parallel

import (
	"context"
	"sync/atomic"
	"testing"
)

// Every task runs once, whatever the threads, and none after the context ended.
func TestEach(t *testing.T) {
	for _, threads := range []int{0, 1, 3, 50} {
		done := make([]atomic.Int32, 20)
		err := Each(t.Context(), threads, len(done), func(thread, task int) {
			if thread < 0 || thread >= max(1, threads) {
				t.Errorf("thread %d of %d", thread, threads)
			}
			done[task].Add(1)
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range done {
			if n := done[i].Load(); n != 1 {
				t.Errorf("%d threads: task %d ran %d times", threads, i, n)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Each(ctx, threads, 5, func(int, int) { t.Error("a task ran though it was cancelled") }); err == nil {
			t.Errorf("%d threads: no error though it was cancelled", threads)
		}
	}
	if err := Each(t.Context(), 4, 0, nil); err != nil {
		t.Error(err)
	}
}
