// Package rietest runs functions under Lambda's Runtime Interface Emulator in
// tests, and skips loudly where there is none.
package rietest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/runnel-dev/runnel/internal/rie"
	"github.com/runnel-dev/runnel/internal/testneed"
)

// Emulator gives the path of the emulator.
func Emulator(t testing.TB) string {
	t.Helper()
	path, err := rie.Find(t.Context(), testneed.Python(t, "samcli"))
	if err != nil {
		testneed.Skip(t, "the Runtime Interface Emulator: scripts/venv (%v)", err)
	}
	return path
}

// Build builds functions, all of them where none is named, and gives the folder
// that has them.
func Build(t testing.TB, functions ...string) string {
	t.Helper()
	dir, err := rie.Build(t.Context(), functions...)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Start runs the function whose bootstrap is in the folder, until the test ends.
// What it said is shown where the test fails.
func Start(t testing.TB, emulator, folder string, timeout time.Duration, env ...string) *rie.Function {
	t.Helper()
	f, err := rie.Start(t.Context(), rie.Options{Emulator: emulator, Bootstrap: filepath.Join(folder, "bootstrap"), Env: env, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Stop()
		if log := f.Log(); t.Failed() && log != "" {
			t.Logf("%s:\n%s", folder, log)
		}
	})
	return f
}
