package wasm

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest"
	hostprobe "github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

// TestSuite runs the suite of all hosts in workers, and in this process.
func TestSuite(t *testing.T) {
	built := hosttest.Guests(t)
	const memory = 1024                                                                 // MiB
	for name, inProcess := range map[string]bool{"worker": false, "in process": true} { // the same modules
		t.Run(name, func(t *testing.T) {
			hosttest.Run(t, func(t testing.TB) host.Host {
				return open(t, &Options{
					Modules: NewDir(built), CacheDir: filepath.Join(guests, "cache"), Memory: memory << 20,
					InProcess: func(*step.Function) bool { return inProcess },
				})
			}, hosttest.Options{Isolates: true, Kills: !inProcess, Again: inProcess, Memory: memory, Late: 300 * time.Millisecond})
		})
	}
	t.Run("other code", func(t *testing.T) { otherCode(t, built) })
	t.Run("collector", func(t *testing.T) { collector(t, built) })
}

// collector checks that a guest written in Go is told how much memory it has:
// by itself its heap grows to twice of what is held before garbage is collected.
func collector(t *testing.T, built string) {
	const memory = 128 // MiB
	modes(t, Options{Modules: NewDir(built), Memory: memory << 20}, func(t *testing.T, h *Host) {
		call := func(p hostprobe.Params) error {
			_, err := h.Run(t.Context(), hostprobe.Function, hosttest.Invocation(t, hostprobe.Function, events.ObjectCreatedData{}, p), steptest.New(t))
			return err
		}
		for range 2 {
			if err := call(hostprobe.Params{Do: "churn", N: memory * 5 / 8}); err != nil {
				t.Errorf("%d of %d MiB held, and more let go of: %v", memory*5/8, memory, err)
			}
		}
		if err := call(hostprobe.Params{Do: "alloc", N: 2 * memory}); err == nil || !strings.Contains(err.Error(), "memory limit of 128 MiB") {
			t.Errorf("twice of what there is: %v", err)
		}
	})
}

// otherCode checks that a guest that is older than the program says so.
func otherCode(t *testing.T, built string) {
	type newer struct {
		hostprobe.Params
		Later string `json:"later" default:"x"`
	}
	fn := step.New("probe", func(context.Context, *step.Call, newer) error { return nil }, step.Accepts(events.ObjectCreated), step.Emits(events.DatasetCleaned))
	h := open(t, &Options{Modules: NewDir(built)})
	_, err := h.Run(t.Context(), fn, hosttest.Invocation(t, fn, events.ObjectCreatedData{}, hostprobe.Params{Do: "nothing"}), steptest.New(t))
	want := "the guest of function probe was built from other code than the program that runs it: params: later: no such parameter"
	if step.ClassOf(err) != step.ClassPermanent || !strings.HasPrefix(fmt.Sprint(err), want) || !strings.Contains(fmt.Sprint(err), "scripts/build guests probe") {
		t.Errorf("%v", err)
	}
}
