//go:build unix

package jetstream_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/events/bus/jetstream"
)

// childLimited makes the child of TestWriteError.
const childLimited = "RUNNEL_TEST_BUS_LIMITED_DIR"

func init() {
	if dir := os.Getenv(childLimited); dir != "" {
		if err := publishUntilRefused(dir); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// publishUntilRefused publishes where no file may grow beyond 256 KiB, which
// fails writes as a full disk does, and prints what was accepted and refused.
func publishUntilRefused(dir string) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 256 << 10, Max: 256 << 10}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	ctx := context.Background()
	b, err := jetstream.Open(ctx, dir, nil)
	if err != nil {
		return err
	}
	defer b.Close()
	refused := 0
	for i := 0; i < 2000 && refused < 3; i++ {
		var evs []events.Event
		for j := range 1 + i%2*20 { // alone and as a batch
			evs = append(evs, bigEvent(fmt.Sprintf("%d-%d", i, j)))
		}
		start := time.Now()
		if err := b.Publish(ctx, evs...); err != nil {
			if took := time.Since(start); took > 9*time.Second {
				return fmt.Errorf("it waited %v for an answer, which is until the exchange timed out: %w", took, err)
			}
			refused++
			fmt.Println("refused", strings.Split(err.Error(), "\n")[0])
			continue
		}
		for _, e := range evs {
			fmt.Println("accepted", e.ID())
		}
	}
	return nil
}

// When the disk takes no more, publishing fails, and all that was accepted
// before is there when the bus is opened again.
func TestWriteError(t *testing.T) {
	dir := t.TempDir()
	func() {
		b := open(t, dir, nil)
		defer b.Close()
		receive(t, b, "all")
	}()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childLimited+"="+dir)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var accepted []string
	refused := 0
	for line := range strings.Lines(string(out)) {
		what, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch what {
		case "accepted":
			if refused > 0 {
				t.Errorf("%s was accepted after a write had failed", rest)
			}
			accepted = append(accepted, rest)
		case "refused":
			refused++
			if !strings.Contains(rest, "make room") || !strings.Contains(rest, "file too large") {
				t.Errorf("the error is %q", rest)
			}
		}
	}
	if len(accepted) < 50 || refused == 0 {
		t.Fatalf("%d accepted, %d refused: %s", len(accepted), refused, out)
	}
	b := open(t, dir, nil)
	defer b.Close()
	r := receive(t, b, "all")
	r.want(t, accepted...)
	publishAll(t, b, "after")
	r.want(t, "after")
}
