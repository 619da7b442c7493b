package hosttest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest"
	"github.com/runnel-dev/runnel/runtime/host/wasm"
	"github.com/runnel-dev/runnel/runtime/host/wasm/worker"
	"github.com/runnel-dev/runnel/runtime/step"
)

func TestMain(m *testing.M) {
	if worker.Is() {
		os.Exit(worker.Main())
	}
	os.Exit(m.Run())
}

// TestWASM is the suite with guests in this process, and in workers of it.
func TestWASM(t *testing.T) {
	const memory = 1024 // MiB
	guests, cache := hosttest.Guests(t), filepath.Join(t.TempDir(), "compiled")
	for _, c := range []struct {
		name      string
		inProcess bool
	}{{"in process", true}, {"worker", false}} {
		t.Run(c.name, func(t *testing.T) {
			hosttest.Run(t, func(t testing.TB) host.Host {
				h, err := wasm.Open(wasm.Options{
					Modules: wasm.NewDir(guests), CacheDir: cache, TempDir: t.TempDir(), Memory: memory << 20,
					InProcess: func(*step.Function) bool { return c.inProcess },
				})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := h.Close(); err != nil {
						t.Error(err)
					}
				})
				return h
			}, hosttest.Options{Isolates: true, Kills: !c.inProcess, Memory: memory})
		})
	}
}
