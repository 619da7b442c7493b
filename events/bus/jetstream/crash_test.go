package jetstream_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

// The child that TestKill starts: its directory and the prefix of its ids.
const (
	childDir    = "RUNNEL_TEST_BUS_DIR"
	childPrefix = "RUNNEL_TEST_BUS_PREFIX"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := publishForEver(dir, os.Getenv(childPrefix)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// publishForEver publishes, one by one and many at a time, and prints the ids
// of the events that were accepted, and of those that were delivered, until it
// is killed.
func publishForEver(dir, prefix string) error {
	ctx := context.Background()
	b, err := jetstream.Open(ctx, dir, nil)
	if err != nil {
		return err
	}
	say := func(what, id string) { os.Stdout.WriteString(what + " " + id + "\n") } // one write: whole or not at all
	served := bus.Subscription{Name: "served", Filters: []bus.Filter{{Type: testType}}, MaxInFlight: 8, AckWait: 2 * time.Second}
	err = b.Subscribe(ctx, served, func(ctx context.Context, d bus.Delivery) {
		say("served", d.Event().ID()) // before the acknowledgement: a kill between the two must not hide that it came
		_ = d.Ack(ctx)                // failing that, it comes again
	})
	if err != nil {
		return err
	}
	failed := make(chan error)
	for p := range 24 {
		go func() {
			for i := 0; ; {
				var evs []events.Event
				for range 1 + (p+i)%3 {
					evs = append(evs, newEvent(fmt.Sprintf("%s-%d-%d", prefix, p, i)))
					i++
				}
				if err := b.Publish(ctx, evs...); err != nil {
					failed <- err
				}
				for _, e := range evs {
					say("accepted", e.ID())
				}
			}
		}()
	}
	return <-failed
}

// Every event that was accepted before the process was killed is delivered to
// each subscription.
func TestKill(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	func() {
		b := open(t, dir, nil)
		defer b.Close()
		receive(t, b, "all")
		receive(t, b, "served")
	}()
	accepted, served := make(map[string]bool), make(map[string]bool)
	for round := range rounds {
		n := len(accepted)
		runAndKill(t, dir, fmt.Sprint("r", round), accepted, served)
		if len(accepted) == n {
			t.Fatalf("round %d: nothing was accepted", round)
		}
	}
	b := open(t, dir, nil)
	defer b.Close()
	all, rest := receive(t, b, "all"), receive(t, b, "served")
	var ids, unserved []string
	for id := range accepted {
		ids = append(ids, id)
		if !served[id] {
			unserved = append(unserved, id)
		}
	}
	all.want(t, ids...)
	rest.want(t, unserved...)
	t.Logf("%d events accepted, %d of them served, over %d kills", len(ids), len(served), rounds)
}

// runAndKill runs a child, kills it at a random moment, and notes what it said.
func runAndKill(t *testing.T, dir, prefix string, accepted, served map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childPrefix+"="+prefix)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill sync.Once
	stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		what, id, _ := strings.Cut(lines.Text(), " ")
		switch what {
		case "accepted":
			accepted[id] = true
			kill.Do(func() {
				time.AfterFunc(time.Duration(rand.IntN(200))*time.Millisecond, func() { cmd.Process.Kill() })
			})
		case "served":
			served[id] = true
		}
	}
	cmd.Wait()
	if !stuck.Stop() {
		t.Errorf("the child did not get as far as to publish")
	}
	if stderr.Len() > 0 {
		t.Errorf("the child said: %s", stderr.String())
	}
}
