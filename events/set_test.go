package events_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel-dev/runnel/events"
)

func root(t testing.TB) events.Event {
	t.Helper()
	ev, err := events.FromObject(events.Object{Bucket: "b", Key: "k", Version: 1, CreatedAt: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	return ev
}

func TestSetsAreEnteredAndLeft(t *testing.T) {
	ev := root(t)
	rapid.Check(t, func(t *rapid.T) {
		e := ev.Clone()
		stack := []events.Set{{ID: events.RunOf(e), Size: 1}}
		for i := range rapid.IntRange(0, 30).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "enter") {
				size := rapid.IntRange(1, 1e6).Draw(t, "size")
				s := events.Set{ID: fmt.Sprintf("set-%d", i), Size: size, Index: rapid.IntRange(0, size-1).Draw(t, "index")}
				events.Enter(&e, s)
				stack = append(stack, s)
			} else {
				events.Leave(&e)
				stack = stack[:max(1, len(stack)-1)]
			}
			if got := events.SetOf(e); got != stack[len(stack)-1] {
				t.Fatalf("in %v, want %v", got, stack[len(stack)-1])
			}
			if err := e.Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAnswersInheritTheSet(t *testing.T) {
	parent := root(t)
	want := events.Set{ID: "s", Size: 3, Index: 2}
	events.Enter(&parent, events.Set{ID: "outer", Size: 2, Index: 1})
	events.Enter(&parent, want)
	child, err := events.NewChild(parent, events.Emitter{Pipeline: "p", Version: "1", Step: "s"}, 0, time.Unix(0, 0), "", events.DatasetCleanedData{})
	if err != nil {
		t.Fatal(err)
	}
	if got := events.SetOf(child); got != want {
		t.Errorf("the answer is in %v", got)
	}
	events.Leave(&child)
	if got := events.SetOf(child); got != (events.Set{ID: "outer", Size: 2, Index: 1}) {
		t.Errorf("around it is %v", got)
	}
}
