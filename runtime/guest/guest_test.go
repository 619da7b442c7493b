package guest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/step"
)

func TestFind(t *testing.T) {
	functions = map[string]*step.Function{}
	handle := func(context.Context, *step.Call, struct{}) error { return nil }
	if _, err := find("a"); err == nil {
		t.Error("a guest of no function has one")
	}
	For(step.New("a", handle))
	if fn, err := find("renamed"); err != nil || fn.Name != "a" {
		t.Errorf("the only function is %v, %v", fn, err)
	}
	For(step.New("b", handle))
	if fn, err := find("b"); err != nil || fn.Name != "b" {
		t.Errorf("b is %v, %v", fn, err)
	}
	if _, err := find("c"); err == nil {
		t.Error("one of two functions goes by any name")
	}
	defer func() {
		if recover() == nil {
			t.Error("two functions have one name")
		}
	}()
	For(step.New("a", handle))
}

func TestAnswered(t *testing.T) {
	root := func(i int) events.Event {
		e, err := events.NewRoot("/here", "s", time.Unix(1, 0), events.IngestRequestedData{URL: fmt.Sprint(i)}, fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		events.Enter(&e, events.Set{ID: "outer", Size: 2, Index: 1}) // as all that answer a member
		return e
	}
	var evs []events.Event
	for i := range 6 {
		evs = append(evs, root(i))
	}
	for i := range 3 { // events 1 to 3 are a set
		events.Enter(&evs[1+i], events.Set{ID: evs[1].ID(), Size: 3, Index: i})
	}
	events.Enter(&evs[5], events.Set{ID: evs[5].ID(), Size: 1}) // and 5 is one of one
	a := answer(step.Result{Events: evs, Rows: 7}, fmt.Errorf("around: %w", &step.Error{Class: step.ClassGate, Err: errors.New("x"), Detail: "d"}))
	shape := ""
	for _, e := range a.Events {
		shape += fmt.Sprintf("%d ", len(e.Set))
	}
	if shape != "0 3 0 1 " || string(a.Events[1].Set[2].Data) != `{"url":"3"}` || a.Events[0].Type != events.IngestRequested {
		t.Errorf("sets of %s, %+v", shape, a.Events)
	}
	if a.Error.Class != step.ClassGate || a.Error.Message != "around: x" || a.Error.Detail != "d" || a.Rows != 7 {
		t.Errorf("%+v", a.Error)
	}
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDeadline(time.Second)
		if at, ok := d.Deadline(); !ok || time.Until(at) != time.Second || d.Err() != nil || d.Value(1) != nil {
			t.Errorf("it ends at %v, %v: %v", at, ok, d.Err())
		}
		time.Sleep(time.Second)
		if !errors.Is(d.Err(), context.DeadlineExceeded) { // with no timer running
			t.Errorf("past it: %v", d.Err())
		}
		<-d.Done()
		d.end(context.Canceled)
		if !errors.Is(d.Err(), context.DeadlineExceeded) {
			t.Errorf("the reason became %v", d.Err())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		d := newDeadline(time.Second)
		child, cancel := context.WithCancel(d)
		defer cancel()
		<-child.Done() // a timer ends who waits
		if !errors.Is(child.Err(), context.DeadlineExceeded) {
			t.Errorf("a context of it: %v", child.Err())
		}
	})
	d := newDeadline(0)
	if _, ok := d.Deadline(); ok || d.Err() != nil {
		t.Error("no deadline is one")
	}
	done := d.Done()
	d.end(context.Canceled)
	<-done
}
