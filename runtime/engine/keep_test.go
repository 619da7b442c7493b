package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
)

// TestKept gives a step what its earlier attempts have kept, and forgets it once
// the step has answered.
func TestKept(t *testing.T) {
	r := newRig(t, "name: one\nsteps:\n  - {name: first, retry: {attempts: 5, backoff: 1ms}}\n", nil)
	var seen []int
	r.set("first", func(ctx context.Context, call *step.Call) error {
		n := 0
		for {
			var v int
			ok, err := call.Kept(ctx, string(rune('a'+n)), &v)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			n += v
		}
		seen = append(seen, n)
		if n == 3 {
			return nil
		}
		for range 2 { // what is there stays
			if err := call.Keep(ctx, string(rune('a'+n)), 1); err != nil {
				return err
			}
		}
		return step.Retryable(errors.New("once more"))
	})
	run := r.accept("a.csv")
	r.wait(run, engine.Succeeded)
	if len(seen) != 4 || seen[3] != 3 {
		t.Errorf("attempts saw %v", seen)
	}
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) { // it is forgotten after the answer stands
		left := 0
		for _, err := range r.store.List(t.Context(), "kept/") {
			if err != nil {
				t.Fatal(err)
			}
			left++
		}
		if left == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d records are left", left)
		}
	}
}
