package rie

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Build builds functions as Lambdas for this machine, by scripts/build-lambda,
// and gives the folder that has them: <function>/bootstrap. No names build all.
// What has not changed is not built anew.
func Build(ctx context.Context, functions ...string) (dir string, err error) {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..")
	dir = filepath.Join(root, "bin", "lambda-"+Arch())
	cmd := exec.CommandContext(ctx, filepath.Join(root, "scripts", "build-lambda"), append([]string{Arch(), dir}, functions...)...)
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("scripts/build-lambda: %w\n%s", err, out)
	}
	return dir, nil
}
