package hosttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/runnel-dev/runnel/functions/all"
)

// Guests builds the WASM guests and gives the folder that they are in.
func Guests(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := BuildGuests(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// BuildGuests makes a WASM guest, NAME.wasm, of every function of functions/all
// and of the probe. What has not changed comes from Go's build cache.
func BuildGuests(ctx context.Context, dir string) error {
	_, file, _, _ := runtime.Caller(0)
	build := func(name, pkg string) error {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-buildmode=c-shared", "-o", filepath.Join(dir, name+".wasm"), pkg)
		cmd.Dir, cmd.Env = filepath.Join(filepath.Dir(file), "..", "..", ".."), append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("guest %s: %w\n%s", name, err, out)
		}
		return nil
	}
	err := build("probe", "./runtime/host/hosttest/guest")
	for _, fn := range all.List() {
		err = errors.Join(err, build(fn.Name, "./functions/"+fn.Name+"/cmd"))
	}
	return err
}
