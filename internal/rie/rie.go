// Package rie runs functions that were built as AWS Lambdas on this machine,
// under Lambda's Runtime Interface Emulator: the program that the sam command
// brings along in its Python package.
package rie

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
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

	cmd  *exec.Cmd
	log  *tail
	stop sync.Once
	done chan struct{}
}

// Start runs an emulator until Stop is called or ctx ends. The function's process
// is started by its first invocation.
func Start(ctx context.Context, o Options) (*Function, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	f := &Function{URL: "http://" + address + "/2015-03-31/functions/function/invocations", log: &tail{}, done: make(chan struct{})}
	f.cmd = exec.CommandContext(ctx, o.Emulator, "--log-level", "error", "--runtime-interface-emulator-address", address,
		"--runtime-api-address", fmt.Sprintf("127.0.0.1:%d", ports[1]), o.Bootstrap)
	f.cmd.Env = append(os.Environ(), o.Env...)
	if o.Timeout > 0 {
		f.cmd.Env = append(f.cmd.Env, fmt.Sprintf("AWS_LAMBDA_FUNCTION_TIMEOUT=%d", int(o.Timeout.Seconds())))
	}
	f.cmd.Stdout, f.cmd.Stderr = f.log, f.log
	group(f.cmd)
	if err := f.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the Runtime Interface Emulator: %w", err)
	}
	go func() {
		_ = f.cmd.Wait() // it ends by being killed
		close(f.done)
	}()
	if err := f.listening(ctx, address); err != nil {
		f.Stop()
		return nil, fmt.Errorf("the Runtime Interface Emulator does not start: %w\n%s", err, f.Log())
	}
	return f, nil
}

// listening waits until the address takes connections.
func (f *Function) listening(ctx context.Context, address string) error {
	for {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			return c.Close()
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-f.done:
			return errors.New("it has ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Stop ends the emulator and its function.
func (f *Function) Stop() {
	f.stop.Do(func() { kill(f.cmd) })
	<-f.done
}

// Log is the end of what the emulator and the function wrote.
func (f *Function) Log() string { return f.log.String() }

// freePorts finds ports that nobody listens on.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// A tail keeps the end of what a process writes.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buf.Len() > 64<<10 {
		l.buf.Next(32 << 10)
	}
	return l.buf.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(l.buf.String())
}
