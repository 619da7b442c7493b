package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/api"
)

// Off a terminal there is a line within a second where there is news, none where
// there is none, and one every few seconds all the same.
func TestProgressOffATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := (&app{err: &out}).newProgress("a.csv", "")
		step := func(quiet time.Duration, done string, want string) {
			t.Helper()
			out.Reset()
			p.spoke = time.Now().Add(-quiet)
			p.draw(nil, []doing{{key: "train", name: "train", done: done, since: time.Now()}})
			if got := out.String(); (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("after %v, at %q: says %q, want %q", quiet, done, got, want)
			}
		}
		step(soon/2, "", "")
		step(soon+time.Millisecond, "", "… train")
		step(soon+time.Millisecond, "", "")
		step(soon/2, "10 trees", "")
		step(soon+time.Millisecond, "10 trees", "10 trees")
		step(late-time.Millisecond, "10 trees", "")
		step(late+time.Millisecond, "10 trees", "10 trees")
	})
}

// A step that is due and that this node does not work on is said to be with a
// worker, or to wait for one, after a while; nothing is said of one that is at work.
func TestProgressWithNobodyAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		p := (&app{err: &out}).newProgress("a.csv", "")
		due := &api.RunState{Status: engine.Status{State: engine.Running, Pending: []engine.Pending{{Step: "ingest"}}}}
		show := func(st *api.RunState, quiet time.Duration) string {
			out.Reset()
			time.Sleep(quiet) // the time of the test's bubble
			p.show(st)
			return out.String()
		}
		if got := show(due, soon); got != "" {
			t.Errorf("at once: says %q", got)
		}
		for _, c := range []struct {
			elsewhere *api.Elsewhere
			want      string
		}{
			{nil, "… ingest     is due, and this node is not at work on it"},
			{&api.Elsewhere{Step: "ingest", Waiting: 1}, "… ingest     waits for a worker: none has it"},
			{&api.Elsewhere{Step: "ingest", Taken: 1}, "… ingest        on a worker   "},
			{&api.Elsewhere{Step: "ingest", Taken: 4, Waiting: 1200}, "is due: workers have 4 of the step's events, 1,200 wait for one"},
			{&api.Elsewhere{Step: "clean", Taken: 4}, "… ingest     is due, and this node"}, // of a moment ago
		} {
			st := *due
			st.Elsewhere = c.elsewhere
			if got := show(&st, late+time.Millisecond); !strings.Contains(got, c.want) {
				t.Errorf("%+v: says %q, want %q", c.elsewhere, got, c.want)
			}
		}
		if got := show(due, soon); got != "" {
			t.Errorf("right after that: says %q", got)
		}
		busy := *due
		busy.Active = []api.Active{{Step: "ingest", StartedAt: time.Now()}}
		if got := show(&busy, late+time.Millisecond); strings.Contains(got, "due") || !strings.Contains(got, "ingest") {
			t.Errorf("at work: says %q", got)
		}
		if got := show(due, soon); got != "" {
			t.Errorf("just out of work: says %q", got)
		}
	})
}

// A clock that was set back makes no time less than none.
func TestSeconds(t *testing.T) {
	for s, want := range map[float64]string{-0.0001: "0 ms", 0: "0 ms", 0.05: "50 ms", 3: "3.00 s", 200: "3m20s"} {
		if got := seconds(s); got != want {
			t.Errorf("seconds(%v) = %q, want %q", s, got, want)
		}
	}
}
