// Package rie runs functions that were built as AWS Lambdas on this machine,
// under Lambda's Runtime Interface Emulator: the program that the sam command
// brings along in its Python package.
package rie

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/runnel-dev/runnel/internal/service"
)

// Find gives the path of the emulator, for this machine's architecture, in the
// package aws-sam-cli of a Python.
func Find(ctx context.Context, python string) (string, error) {
	if runtime.GOOS != "linux" {
		return "", fmt.Errorf("the Runtime Interface Emulator runs on Linux only, and this is %s", runtime.GOOS)
	}
	out, err := exec.CommandContext(ctx, python, "-c", "import samcli; print(samcli.__path__[0])").Output()
	if err != nil {
		return "", fmt.Errorf("looking for aws-sam-cli in %s: %w: run scripts/venv", python, err)
	}
	path := filepath.Join(strings.TrimSpace(string(out)), "local", "rapid", "aws-lambda-rie-"+Arch())
	_, err = os.Stat(path)
	return path, err
}

// Arch is this machine's architecture, as Lambda calls it.
func Arch() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

// Options say what to run.
type Options struct {
	Emulator  string // the path that Find gives
	Bootstrap string // the function's program
	Env       []string
	Timeout   time.Duration // of an invocation, in whole seconds; 0: the emulator's default, 300 s
}

// A Function is an emulator and, once it was invoked, its function's process. It
// answers one invocation at a time, as one sandbox of Lambda does.
type Function struct {
	URL string // what to POST an invocation to

	*service.Service
}

// Start runs an emulator until Stop is called or ctx ends. The function's process
// is started by its first invocation.
func Start(ctx context.Context, o Options) (*Function, error) {
	ports, err := service.FreePorts(2)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	cmd := exec.Command(o.Emulator, "--log-level", "error", "--runtime-interface-emulator-address", address,
		"--runtime-api-address", fmt.Sprintf("127.0.0.1:%d", ports[1]), o.Bootstrap)
	cmd.Env = append(os.Environ(), o.Env...)
	if o.Timeout > 0 {
		cmd.Env = append(cmd.Env, fmt.Sprintf("AWS_LAMBDA_FUNCTION_TIMEOUT=%d", int(o.Timeout.Seconds())))
	}
	f := &Function{URL: "http://" + address + "/2015-03-31/functions/function/invocations"}
	if f.Service, err = service.Start(cmd); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, f.Kill)
	if err := f.Until(ctx, service.Listens(address)); err != nil {
		f.Kill()
		return nil, fmt.Errorf("the Runtime Interface Emulator: %w", err)
	}
	return f, nil
}

// Crash kills the function's process as a fault of its own would, and reports
// whether there was one; the emulator goes on, and starts it again.
func (f *Function) Crash() (crashed bool) {
	service.Descendants(f.Pid(), func(pid int, _ []string) {
		if p, err := os.FindProcess(pid); err == nil {
			crashed = p.Kill() == nil || crashed
		}
	})
	return crashed
}

// Stop ends the emulator and its function, neither of which has anything to lose.
func (f *Function) Stop() { f.Kill() }
