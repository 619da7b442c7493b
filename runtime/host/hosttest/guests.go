package hosttest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/runnel-dev/runnel/functions/all"
)

// Guests builds the WASM guests of every function of functions/all, and of the
// probe, and gives the folder that they are in: NAME.wasm. What has not changed
// comes from Go's build cache.
func Guests(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..", "..")
	dir := t.TempDir()
	build := func(name, pkg string) error {
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-buildmode=c-shared", "-o", filepath.Join(dir, name+".wasm"), pkg)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("guest %s: %w\n%s", name, err, out)
		}
		return nil
	}
	err := build("probe", "./runtime/host/hosttest/guest")
	for _, fn := range all.List() {
		err = errors.Join(err, build(fn.Name, "./functions/"+fn.Name+"/cmd"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
