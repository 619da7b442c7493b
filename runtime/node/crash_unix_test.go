//go:build unix

package node_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
	"github.com/runnel-dev/runnel/runtime/engine"
	"github.com/runnel-dev/runnel/runtime/node/client"
	"github.com/runnel-dev/runnel/runtime/node/nodetest"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/store"
	"github.com/runnel-dev/runnel/runtime/store/registry"
)

// A victim is a folder, and the process that runs a node in it.
type victim struct {
	t    *testing.T
	dir  string
	real bool // the default pipeline, not crashPipeline
	mild bool // no event is given up on because processes died over it, however often

	cmd   *exec.Cmd
	addr  chan string // gives where the node listens, or "" where it ended before it said so
	ended chan struct{}
}

func (v *victim) launch() {
	v.t.Helper()
	v.cmd = exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
	v.cmd.Env = append(os.Environ(), childDir+"="+v.dir)
	if v.real {
		v.cmd.Env = append(v.cmd.Env, childDir+"_REAL=1")
	}
	if v.mild {
		v.cmd.Env = append(v.cmd.Env, childDir+"_MILD=1")
	}
	var stderr bytes.Buffer
	v.cmd.Stderr = &stderr
	out, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		v.t.Fatal(err)
	}
	v.addr, v.ended = make(chan string, 1), make(chan struct{})
	go func(cmd *exec.Cmd, addr chan<- string, ended chan<- struct{}) {
		defer close(ended)
		var said []string
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if text := lines.Text(); strings.HasPrefix(text, "http://") {
				addr <- text
			} else {
				said = append(said, text)
			}
		}
		close(addr)
		if err := cmd.Wait(); err != nil && cmd.ProcessState.Exited() { // not killed: it ended by itself
			v.t.Errorf("the node failed: %v\n%s\n%s", err, strings.Join(said, "\n"), stderr.String())
		}
	}(v.cmd, v.addr, v.ended)
}

// end sends a signal and waits for the process to end.
func (v *victim) end(sig syscall.Signal) {
	_ = v.cmd.Process.Signal(sig) // it may have ended
	<-v.ended
}

// drain starts the node again until no run is running, and then stops it.
func (v *victim) drain(limit time.Duration) {
	v.t.Helper()
	deadline := time.Now().Add(limit)
	for {
		v.launch()
		if c := client.New(<-v.addr, ""); v.idle(c, deadline) {
			v.end(syscall.SIGTERM)
			return
		}
		v.end(syscall.SIGKILL)
		if time.Now().After(deadline) {
			v.t.Fatalf("after %v there are still runs that do not end", limit)
		}
	}
}

// idle waits until no run is running; false where the node ended, or the time did.
func (v *victim) idle(c *client.Client, deadline time.Time) bool {
	for time.Now().Before(deadline) {
		runs, err := c.Runs(v.t.Context(), 0)
		if err != nil {
			return false
		}
		running := 0
		for _, r := range runs {
			if r.State == engine.Running {
				running++
			}
		}
		if running == 0 {
			return true
		}
		time.Sleep(200 * time.Millisecond)
	}
	return false
}

// uploads is what the parent gave to the node.
type uploads struct {
	mu       sync.Mutex
	tried    int
	accepted map[string]string // run by key
}

// feed uploads until the node is gone.
func (u *uploads) feed(t *testing.T, c *client.Client) {
	for {
		u.mu.Lock()
		u.tried++
		key := fmt.Sprintf("dir/%d.csv", u.tried)
		u.mu.Unlock()
		for range 1 + rand.IntN(2) { // said twice, it is one upload
			up, err := c.Put(t.Context(), "uploads", key, "text/csv", map[string]string{"n": key}, strings.NewReader("content of "+key))
			if err != nil {
				return
			}
			u.mu.Lock()
			if run, ok := u.accepted[key]; ok && run != up.Run {
				t.Errorf("upload %s started the runs %s and %s", key, run, up.Run)
			}
			u.accepted[key] = up.Run
			u.mu.Unlock()
		}
		time.Sleep(rand.N(150 * time.Millisecond))
	}
}

// waitForAnother waits until one more upload is accepted, or the node is gone.
func (u *uploads) waitForAnother(gone <-chan struct{}) {
	count := func() int {
		u.mu.Lock()
		defer u.mu.Unlock()
		return len(u.accepted)
	}
	for before := count(); count() == before; time.Sleep(time.Millisecond) {
		select {
		case <-gone:
			return
		default:
		}
	}
}

// TestKilled kills a node at random moments, at least 50 times, while it is
// given uploads. Then each upload has had exactly one set of effects.
func TestKilled(t *testing.T) {
	kills := 55
	if testing.Short() {
		kills = 6
	}
	v := &victim{t: t, dir: t.TempDir(), mild: true}
	begin := time.Now()
	v.launch()
	<-v.addr
	boot := time.Since(begin)
	v.end(syscall.SIGKILL)
	u := &uploads{accepted: map[string]string{}}
	starting := 0
	for i := range kills {
		v.launch()
		process := v.cmd.Process
		kill := func() { _ = process.Kill() }
		if i%2 == 0 {
			time.AfterFunc(rand.N(boot+350*time.Millisecond), kill)
		}
		if addr := <-v.addr; addr != "" {
			c := client.New(addr, "")
			var wg sync.WaitGroup
			if i%2 == 1 { // however slow the machine is, something was accepted before
				wg.Go(func() {
					u.waitForAnother(v.ended)
					time.Sleep(rand.N(350 * time.Millisecond))
					kill()
				})
			}
			for range 2 {
				wg.Go(func() { u.feed(t, c) })
			}
			wg.Wait()
		} else {
			starting++
		}
		<-v.ended
	}
	killed := time.Since(begin)
	v.drain(4 * time.Minute)
	runs := u.check(t, v.dir)
	t.Logf("%d kills in %v, %d of them while the node started (which takes %v); %d uploads were accepted, %d runs ended; drained in %v",
		kills, killed.Round(time.Millisecond), starting, boot.Round(time.Millisecond), len(u.accepted), runs, (time.Since(begin) - killed).Round(time.Millisecond))
	if len(u.accepted) < kills/2 {
		t.Error("too few uploads to tell")
	}
}

// check reads what the node left in its folder, and returns the number of runs.
func (u *uploads) check(t *testing.T, dir string) int {
	ctx := t.Context()
	s, err := store.Open(ctx, filepath.Join(dir, "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runs, err := engine.Runs(ctx, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	byKey := map[string]string{}
	for _, r := range runs {
		key := r.Event.Subject()
		if other, ok := byKey[key]; ok {
			t.Errorf("upload %s has the runs %s and %s", key, r.ID, other)
		}
		byKey[key] = r.ID
	}
	for key, run := range u.accepted {
		if byKey[key] != run {
			t.Errorf("upload %s was accepted as run %s, and has %q", key, run, byKey[key])
		}
	}
	records := checkRecords(t, s)
	for key, run := range byKey {
		if got := records[run]; got != "split 1 work 3 look 3 gather 1 effect 1 last 1" {
			t.Errorf("upload %s, run %s: its records are %s", key, run, got)
		}
		delete(records, run)
	}
	if len(records) > 0 {
		t.Errorf("records of runs that are not known: %v", records)
	}
	if versions := nodetest.Versions(t, s, "crash"); len(versions) != len(byKey) {
		t.Errorf("%d versions were registered by %d runs", len(versions), len(byKey))
	}
	checkNothingLeft(t, s)
	checkPending(t, dir)
	return len(runs)
}

// checkRecords verifies every record, and counts them by run and step.
func checkRecords(t *testing.T, s *store.Store) map[string]string {
	poisoned := func(rec engine.Record) bool { return rec.Error != nil && rec.Error.Class == step.ClassPoison }
	out := map[string]string{}
	for run, c := range nodetest.ReadRecords(t, s, poisoned).Steps {
		var b []string
		for _, name := range crashSteps {
			b = append(b, fmt.Sprint(name, " ", c[name]))
		}
		out[run] = strings.Join(b, " ")
	}
	return out
}

// checkNothingLeft wants no failures, and nothing that waits.
func checkNothingLeft(t *testing.T, s *store.Store) {
	nodetest.NoFailures(t, s)
	n, err := s.Recover(t.Context(), func(_ context.Context, e events.Event) error {
		t.Errorf("the upload of %s was never announced", e.Subject())
		return nil
	})
	if n != 0 || err != nil {
		t.Errorf("%d uploads were left in the outbox, %v", n, err)
	}
}

// checkPending wants every event on the bus acknowledged by every step.
func checkPending(t *testing.T, dir string) {
	b, err := jetstream.Open(t.Context(), filepath.Join(dir, "bus"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	nodetest.Acknowledged(t, b, "crash", crashSteps)
}

// TestPoison has an upload that kills whoever works on it. It is given up on,
// and the uploads beside it are not.
func TestPoison(t *testing.T) {
	v := &victim{t: t, dir: t.TempDir()}
	v.launch()
	c := client.New(<-v.addr, "")
	const innocents = 8
	for i := range innocents {
		if _, err := c.Put(t.Context(), "uploads", fmt.Sprint(i), "text/csv", nil, strings.NewReader(fmt.Sprint("content ", i))); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = c.Put(t.Context(), "uploads", "poison", "text/csv", nil, strings.NewReader(poison)) // it may die before it answers
	<-v.ended
	v.drain(4 * time.Minute)
	s, err := store.Open(t.Context(), filepath.Join(v.dir, "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	letters, err := engine.DeadLetters(t.Context(), s, engine.LetterQuery{Decided: true})
	if err != nil || len(letters.Letters) != 1 || letters.Letters[0].Event.Subject() != "poison" || letters.Letters[0].Error.Class != step.ClassPoison {
		t.Fatalf("dead letters %+v, %v", letters, err)
	}
	records := checkRecords(t, s)
	if len(records) != innocents+1 {
		t.Errorf("%d runs have records", len(records))
	}
	delete(records, letters.Letters[0].Run)
	for run, got := range records {
		if got != "split 1 work 3 look 3 gather 1 effect 1 last 1" {
			t.Errorf("run %s: its records are %s", run, got)
		}
	}
}

// TestKilledReal kills a node a few times while the default pipeline makes
// models of a real table.
func TestKilledReal(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	table, err := os.ReadFile("../../examples/penguins/penguins.csv")
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, dir: t.TempDir(), real: true, mild: true}
	runs := map[string]bool{}
	for i := range 8 {
		v.launch()
		addr := <-v.addr
		up, err := client.New(addr, "").Put(t.Context(), "uploads", fmt.Sprint("penguins", i, ".csv"), "text/csv", map[string]string{"target": "species"}, bytes.NewReader(table))
		if err != nil {
			t.Fatal(err)
		}
		runs[up.Run] = true
		time.Sleep(rand.N(700 * time.Millisecond))
		v.end(syscall.SIGKILL)
	}
	v.drain(4 * time.Minute)
	s, err := store.Open(t.Context(), filepath.Join(v.dir, "store"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for run := range runs {
		n := 0
		for key, err := range s.List(t.Context(), store.Key("results", run[:2], run)) {
			var rec engine.Record
			if err == nil {
				err = s.Get(t.Context(), key, &rec)
			}
			if err != nil || rec.Status != engine.Done {
				t.Fatalf("%s: %v, %+v", key, err, rec)
			}
			n++
		}
		if n != 8 {
			t.Errorf("run %s has %d records, want one of each step", run, n)
		}
	}
	r := registry.New(s, nil)
	names, err := r.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	digests, total := map[string]bool{}, 0
	for _, name := range names {
		versions, err := r.Versions(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range versions {
			total++
			digests[m.Files.Weights.Digest] = true
			delete(runs, m.Run)
		}
	}
	if total != 8 || len(runs) > 0 || len(digests) != 1 {
		t.Errorf("%d versions of %v with %d different weights; runs without one: %v", total, names, len(digests), runs)
	}
	checkNothingLeft(t, s)
}
