// Package hosttest is the suite that every host of functions passes: the same
// event and the same inputs give the same events, ids included, and artifacts of
// the same bytes as in process; errors keep their class; limits hold.
package hosttest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// Options say what is asked of a host beyond what all do.
type Options struct {
	// Isolates: a function can read only the artifacts that its event names.
	Isolates bool
	// Kills: a function that does not heed its context is ended.
	Kills bool
	// Memory is the limit, in MiB, that the host was opened with; 0: it has none.
	Memory int
	// Late is how long after its deadline a call may end; 0: a second.
	Late time.Duration
	// Away: a function has the environment of its own process over the caller's
	// store, see Location: what the caller's environment itself does, such as
	// failing or hearing of progress, does not reach it.
	Away bool
	// Again: the same code of functions has passed the suite in another way, so
	// that the long table is left out, and large ones are smaller.
	Again bool
	// Remote: inputs travel to another process, so that large ones cost much
	// more: they are smaller here.
	Remote bool
}

// Run is the suite. open makes a host that knows every function of
// functions/all, and probe.Function.
func Run(t *testing.T, open func(t testing.TB) host.Host, o Options) {
	if o.Late == 0 {
		o.Late = time.Second
	}
	s := &suite{host: open(t), o: o}
	t.Run("chain", s.chain)
	t.Run("events", s.events)
	t.Run("invocation", s.invocation)
	t.Run("errors", s.errors)
	t.Run("environment", s.environment)
	t.Run("progress", s.progress)
	t.Run("notes", s.notes)
	t.Run("time", s.time)
	t.Run("memory", s.memory)
	t.Run("isolation", s.isolation)
	t.Run("concurrency", s.concurrency)
	t.Run("large", s.large)
}

// A suite tests one host against the native one.
type suite struct {
	host host.Host
	o    Options
}

// same is the native host, which the others are compared with.
var same host.Host = native.Host{}

// Invocation makes one for a function, by the data of the event.
func Invocation(t testing.TB, fn *step.Function, data events.Payload, params any) step.Invocation {
	t.Helper()
	root, err := events.NewRoot("/tests", "subject", steptest.Time(), data, "a test")
	if err != nil {
		t.Fatal(err)
	}
	return following(t, fn, root, params)
}

// following makes an invocation for an event.
func following(t testing.TB, fn *step.Function, e events.Event, params any) step.Invocation {
	t.Helper()
	values := map[string]any{}
	b, err := json.Marshal(params)
	if err == nil {
		err = json.Unmarshal(b, &values)
	}
	if err != nil {
		t.Fatal(err)
	}
	return step.Invocation{
		Event: e, From: events.Emitter{Pipeline: "test", Version: "0123", Step: fn.Name + "-step"},
		Params: values, Seed: steptest.Seed, Time: steptest.Time(), Attempt: 1,
	}
}
