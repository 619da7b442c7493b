package wasm

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/runtime/host"
	"github.com/runnel-dev/runnel/runtime/host/hosttest"
	"github.com/runnel-dev/runnel/runtime/step"
)

// TestSuite runs the suite of all hosts in workers, and in this process.
func TestSuite(t *testing.T) {
	built := hosttest.Guests(t)
	const memory = 1024 // MiB
	for name, inProcess := range map[string]bool{"worker": false, "in process": true} {
		t.Run(name, func(t *testing.T) {
			hosttest.Run(t, func(t testing.TB) host.Host {
				return open(t, &Options{
					Modules: NewDir(built), CacheDir: filepath.Join(guests, "cache"), Memory: memory << 20,
					InProcess: func(*step.Function) bool { return inProcess },
				})
			}, hosttest.Options{Isolates: true, Kills: !inProcess, Memory: memory, Late: 300 * time.Millisecond})
		})
	}
}
