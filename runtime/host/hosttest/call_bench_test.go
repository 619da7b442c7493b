//go:build unix

package hosttest_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest"
	"github.com/runnel-dev/runnel/runtime/host/hosttest/probe"
	"github.com/runnel-dev/runnel/runtime/host/native"
	"github.com/runnel-dev/runnel/runtime/host/wasm"
	"github.com/runnel-dev/runnel/runtime/host/wasm/worker"
	"github.com/runnel-dev/runnel/runtime/step"
	"github.com/runnel-dev/runnel/runtime/step/steptest"
)

func TestMain(m *testing.M) {
	if worker.Is() {
		os.Exit(worker.Main())
	}
	os.Exit(m.Run())
}

// BenchmarkCall is a warm call of a step that does nothing, and of one that
// emits an event: what a host adds to it is the difference to native.
func BenchmarkCall(b *testing.B) {
	guests := hosttest.Guests(b)
	open := func(inProcess bool) host.Host {
		h, err := wasm.Open(wasm.Options{
			Modules: wasm.NewDir(guests), CacheDir: filepath.Join(b.TempDir(), "compiled"), TempDir: b.TempDir(),
			InProcess: func(*step.Function) bool { return inProcess },
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = h.Close() })
		return h
	}
	for _, h := range []struct {
		name string
		host host.Host
	}{{"native", native.Host{}}, {"wasm in process", open(true)}, {"wasm worker", open(false)}} {
		for _, do := range []string{"nothing", "emit"} {
			b.Run(h.name+"/"+do, func(b *testing.B) {
				env := steptest.New(b)
				inv := hosttest.Invocation(b, probe.Function, events.DatasetIngestedData{Dataset: events.Dataset{Name: "d", Manifest: env.PutJSON(b, events.MediaDataset, step.Manifest{})}}, probe.Params{Do: do, N: 1})
				for range 3 {
					if _, err := h.host.Run(b.Context(), probe.Function, inv, env); err != nil {
						b.Fatal(err)
					}
				}
				before := processor()
				for b.Loop() {
					if _, err := h.host.Run(b.Context(), probe.Function, inv, env); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(processor()-before)/float64(b.N)/1e3, "cpu-us/op") // of this process alone
			})
		}
	}
}

// processor is the processor time that this process has taken.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it cannot fail for this process
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
