package awstest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/runnel-dev/runnel/internal/service"
	"github.com/runnel-dev/runnel/internal/testneed"
)

const versityVersion = "v1.8.0"

// Versity starts versitygw on an empty directory until the test ends. Its command
// is built by the go command once and kept in the user's cache directory; the
// test is skipped where it cannot be.
func Versity(t testing.TB) *Server {
	t.Helper()
	if runtime.GOOS == "windows" {
		testneed.Skip(t, "versitygw: it does not run on Windows")
	}
	command, err := versityCommand()
	if err != nil {
		testneed.Skip(t, "versitygw: go install github.com/versity/versitygw/cmd/versitygw@%s (%v)", versityVersion, err)
	}
	dir := t.TempDir()
	for _, d := range []string{"data", "meta"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	ports, err := service.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprint("127.0.0.1:", ports[0])
	// The shell ends the server when standard input ends, whatever became of us.
	cmd := exec.Command("sh", "-c", `"$@" & server=$!; cat; kill $server; wait $server`, "sh",
		command, "--quiet", "--access", Key, "--secret", Secret, "--region", Region, "--port", addr, "--health", "/health",
		"posix", "--sidecar", filepath.Join(dir, "meta"), filepath.Join(dir, "data"))
	s, err := service.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill) // its directory goes too
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Until(ctx, service.Answers("http://"+addr+"/health")); err != nil {
		t.Fatal(err)
	}
	return &Server{URL: "http://" + addr}
}

// versityCommand is the path of the command, which it builds where it is not there.
func versityCommand() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "runnel-test")
	command := filepath.Join(dir, "versitygw-"+versityVersion)
	if _, err := os.Stat(command); err == nil {
		return command, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	build, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(build)
	install := exec.Command("go", "install", "-trimpath", "-ldflags=-s -w", "github.com/versity/versitygw/cmd/versitygw@"+versityVersion)
	install.Env = append(os.Environ(), "GOBIN="+build, "GOOS=", "GOARCH=", "GOFLAGS=", "CGO_ENABLED=0")
	install.Dir = build
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, lastLine(out))
	}
	// Whoever else built it meanwhile built the same.
	return command, os.Rename(filepath.Join(build, "versitygw"), command)
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
