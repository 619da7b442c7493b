package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/step"
)

func TestAJoinFiresOnceForAll(t *testing.T) {
	r := newRig(t, `
name: joined
steps:
  - name: first
  - name: second
  - name: other
  - name: last
    on: [dataset.cleaned, dataset.explored]
    join: true
`, nil)
	var got []string
	r.does["last"] = func(_ context.Context, call *step.Call) error {
		for _, e := range call.Set {
			got = append(got, events.ShortType(e.Type()))
		}
		return nil
	}
	for i := range 20 {
		got = nil
		r.wait(r.accept(fmt.Sprint(i, ".csv")), engine.Succeeded)
		if r.count("last") != i+1 || fmt.Sprint(got) != "[dataset.cleaned dataset.explored]" {
			t.Fatalf("run %d: last ran %d times, with %v", i, r.count("last"), got)
		}
	}
}

const fanned = `
name: fanned
steps:
  - name: first
  - name: second
    retry: {attempts: 3, backoff: 1ms, max: 2ms}
    concurrency: 8
  - name: gather
    join: true
    retry: {attempts: 3, backoff: 1ms, max: 2ms}
  - name: last
    on: dataset.explored
`

// fanOut has first emit a set of n, and second, which answers each, say which.
func fanOut(r *rig, n int) {
	r.does["first"] = func(_ context.Context, call *step.Call) error {
		parts := make([]events.Payload, n)
		for i := range parts {
			parts[i] = events.DatasetIngestedData{Dataset: events.Dataset{Name: fmt.Sprint(i)}}
		}
		if err := call.EmitSet(parts...); err != nil {
			return err
		}
		return errEmitted
	}
	r.does["second"] = echo
}

// echo emits which member of the set it was given.
func echo(_ context.Context, call *step.Call) error {
	in, err := events.Data[events.DatasetIngestedData](call.Event)
	if err != nil {
		return err
	}
	time.Sleep(rand.N(3 * time.Millisecond))
	if err := call.Emit(events.DatasetCleanedData{Raw: in.Dataset}); err != nil {
		return err
	}
	return errEmitted
}

// members are the names that a joined set says.
func members(t *testing.T, call *step.Call) string {
	var names []string
	for _, e := range call.Set {
		in, err := events.Data[events.DatasetCleanedData](e)
		if err != nil {
			t.Error(err)
		}
		names = append(names, in.Raw.Name)
	}
	return strings.Join(names, " ")
}

func TestASetIsJoinedOnce(t *testing.T) {
	r := newRig(t, fanned, nil)
	fanOut(r, 5)
	r.does["gather"] = func(_ context.Context, call *step.Call) error {
		if got := members(t, call); got != "0 1 2 3 4" {
			t.Errorf("joined %s", got)
		}
		return nil
	}
	for i := range 20 {
		st := r.wait(r.accept(fmt.Sprint(i, ".csv")), engine.Succeeded)
		if r.count("gather") != i+1 || r.count("last") != i+1 || len(st.Steps) != 8 {
			t.Fatalf("after %d runs gather ran %d times and last %d; this run has %d records", i+1, r.count("gather"), r.count("last"), len(st.Steps))
		}
	}
}

// disorderly publishes what it is given in any order, some of it more than
// once and some of it late.
type disorderly struct{ bus.Bus }

func (b disorderly) Publish(ctx context.Context, evs ...events.Event) error {
	for _, i := range rand.Perm(len(evs)) {
		for range 1 + rand.IntN(2) {
			if err := b.Bus.Publish(ctx, evs[i]); err != nil {
				return err
			}
		}
		if rand.IntN(3) == 0 {
			time.AfterFunc(rand.N(20*time.Millisecond), func() { _ = b.Bus.Publish(ctx, evs[i]) })
		}
	}
	return nil
}

func TestASetIsJoinedOnceInDisorder(t *testing.T) {
	lost := &forgetful{failures: 1}
	r := newRig(t, fanned, func(c *engine.Config) { c.Bus = disorderly{lost.over(c.Bus)} })
	fanOut(r, 7)
	var runs []string
	for i := range 10 {
		runs = append(runs, r.accept(fmt.Sprint(i, ".csv")))
	}
	for _, run := range runs {
		r.wait(run, engine.Succeeded)
	}
	time.Sleep(50 * time.Millisecond)
	for name, want := range map[string]int{"first": 10, "second": 70, "gather": 10, "last": 10} {
		if r.count(name) != want {
			t.Errorf("%s ran %d times, want %d", name, r.count(name), want)
		}
	}
}

func TestSetsNest(t *testing.T) {
	r := newRig(t, `
name: nested
steps:
  - name: first
  - name: second
  - name: gather
    join: true
  - name: all
    join: true
  - name: last
    on: features.built
`, nil)
	fanOut(r, 3)
	r.does["second"] = func(_ context.Context, call *step.Call) error {
		in, err := events.Data[events.DatasetIngestedData](call.Event)
		if err != nil {
			return err
		}
		var parts []events.Payload
		for _, part := range []string{"a", "b"} {
			parts = append(parts, events.DatasetCleanedData{Raw: events.Dataset{Name: in.Dataset.Name + part}})
		}
		if err := call.EmitSet(parts...); err != nil {
			return err
		}
		return errEmitted
	}
	var mu sync.Mutex
	inner := map[string]bool{}
	r.does["gather"] = func(_ context.Context, call *step.Call) error {
		mu.Lock()
		defer mu.Unlock()
		inner[members(t, call)] = true
		return nil
	}
	r.does["all"] = func(_ context.Context, call *step.Call) error {
		if len(call.Set) != 3 || events.SetOf(call.Event).ID != events.RunOf(call.Event) {
			t.Errorf("the outer set has %d members, and what stands for it is of set %v", len(call.Set), events.SetOf(call.Event))
		}
		return nil
	}
	r.wait(r.accept("a.csv"), engine.Succeeded)
	if !inner["0a 0b"] || !inner["1a 1b"] || !inner["2a 2b"] || len(inner) != 3 {
		t.Errorf("the inner joins had %v", inner)
	}
	if r.count("all") != 1 || r.count("last") != 1 || r.count("gather") != 3 {
		t.Errorf("gather ran %d times, all %d, last %d", r.count("gather"), r.count("all"), r.count("last"))
	}
}

// Where a member's branch ends, the set is never whole; the run ends all the same.
func TestASetThatStaysPartial(t *testing.T) {
	for name, test := range map[string]struct {
		does  error
		state string
	}{
		"ended":  {errEmitted, engine.Succeeded},
		"gated":  {step.GateFailed("too few rows"), engine.Gated},
		"failed": {step.Permanent(errors.New("bad part")), engine.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, fanned, nil)
			fanOut(r, 3)
			r.does["second"] = func(ctx context.Context, call *step.Call) error {
				if events.SetOf(call.Event).Index == 1 {
					return test.does
				}
				return echo(ctx, call)
			}
			run := r.accept("a.csv")
			st := r.wait(run, test.state)
			if r.count("gather") != 0 || len(st.Steps) != 4 || st.EndedAt.IsZero() {
				t.Errorf("gather ran %d times: %+v", r.count("gather"), st)
			}
			if test.state != engine.Failed {
				return
			}
			r.set("second", echo)
			for _, s := range st.Steps {
				if s.Status == engine.Failed {
					if _, err := r.engine.Redrive(r.ctx, s.DeadLetter); err != nil {
						t.Fatal(err)
					}
				}
			}
			r.wait(run, engine.Succeeded)
			if r.count("gather") != 1 || r.count("last") != 1 {
				t.Errorf("after redriving, gather ran %d times and last %d", r.count("gather"), r.count("last"))
			}
		})
	}
}

func TestARunIsRunningWhileAMemberIs(t *testing.T) {
	r := newRig(t, fanned, nil)
	fanOut(r, 3)
	free := make(chan struct{})
	r.does["second"] = func(ctx context.Context, call *step.Call) error {
		if events.SetOf(call.Event).Index == 2 {
			<-free
		}
		return echo(ctx, call)
	}
	run := r.accept("a.csv")
	deadline := time.Now().Add(5 * time.Second)
	for {
		st, err := r.engine.Status(r.ctx, run)
		if err != nil {
			t.Fatal(err)
		}
		if st.State != engine.Running {
			t.Fatalf("run is %s", st.State)
		}
		if len(st.Steps) == 3 && len(st.Pending) == 1 && st.Pending[0].Step == "second" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", st)
		}
		time.Sleep(time.Millisecond)
	}
	close(free)
	r.wait(run, engine.Succeeded)
}

// A join that fails is in the dead letters with its set, and can be redriven.
func TestAJoinIsRedriven(t *testing.T) {
	for name, yaml := range map[string]string{"set": fanned, "run": `
name: joined
steps:
  - name: first
  - name: second
  - name: other
  - name: gather
    function: last
    on: [dataset.cleaned, dataset.explored]
    join: true
  - name: last
    on: {type: dataset.explored, from: [other]}
`} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, yaml, nil)
			want := 2
			if name == "set" {
				want = 3
				fanOut(r, 3)
			}
			fail := func(_ context.Context, call *step.Call) error {
				if len(call.Set) != want {
					t.Errorf("the set has %d events, want %d", len(call.Set), want)
				}
				return errors.New("no")
			}
			r.does["gather"] = fail
			run := r.accept("a.csv")
			for n := range 3 {
				st := r.wait(run, engine.Failed)
				id := ""
				for _, s := range st.Steps {
					if s.Status == engine.Failed {
						id = s.DeadLetter
					}
				}
				if dl, err := engine.GetDeadLetter(r.ctx, r.store, id); err != nil || len(dl.Set) != want || dl.RedriveNo != n {
					t.Fatalf("%+v, %v", dl, err)
				}
				if n == 2 {
					r.set("gather", nil)
				}
				if _, err := r.engine.Redrive(r.ctx, id); err != nil {
					t.Fatal(err)
				}
				for r.count("gather") < n+2 {
					time.Sleep(time.Millisecond)
				}
			}
			r.wait(run, engine.Succeeded)
			if r.count("gather") != 4 || r.count("last") != 1 {
				t.Errorf("gather ran %d times, last %d", r.count("gather"), r.count("last"))
			}
		})
	}
}

func TestSetsComeFromTheCache(t *testing.T) {
	r := newRig(t, fanned, func(c *engine.Config) { c.Build = "1"; c.CacheMin = time.Nanosecond })
	fanOut(r, 3)
	r.wait(r.accept("a.csv"), engine.Succeeded)
	replay, err := r.engine.Replay(r.ctx, r.accept("a.csv"))
	if err != nil {
		t.Fatal(err)
	}
	st := r.wait(replay, engine.Succeeded)
	if len(st.Steps) != 6 || r.count("second") != 3 || r.count("gather") != 1 {
		t.Errorf("%d records; second ran %d times, gather %d", len(st.Steps), r.count("second"), r.count("gather"))
	}
	for _, s := range st.Steps {
		if !s.Cached || s.Run != replay {
			t.Errorf("step %s of run %s ran again", s.Step, s.Run)
		}
	}
}
