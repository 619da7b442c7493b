// Package service starts programs that serve on this machine's loopback address,
// waits until they do, and ends them: for tests, demos and benchmarks with a
// real component as their other side.
package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A Service is a process, and those that it starts.
type Service struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   tail
	line  firstLine
	stop  sync.Once
	done  chan struct{} // closed when the process has ended
}

// Start starts the program, whose standard input stays open until Stop. It ends
// with this process, also where that is killed: on Linux by the kernel, elsewhere
// if it ends where its standard input does. What it writes is kept for Log.
func Start(cmd *exec.Cmd) (*Service, error) {
	s := &Service{cmd: cmd, line: firstLine{ended: make(chan struct{})}, done: make(chan struct{})}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&s.log, &s.line), &s.log
	cmd.WaitDelay = 5 * time.Second // for what it leaves behind with its output open
	group(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Args[0], err)
	}
	go func() {
		_ = cmd.Wait() // mostly it ends by being killed
		close(s.done)
	}()
	return s, nil
}

// Until waits until the check succeeds, which is made again and again. The error
// has the end of what the process wrote.
func (s *Service) Until(ctx context.Context, check func(context.Context) error) error {
	for {
		err := check(ctx)
		select {
		case <-s.done:
			return s.failed(errors.New("it has ended"))
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-s.done:
		case <-ctx.Done():
			return s.failed(fmt.Errorf("%w: %w", ctx.Err(), err))
		}
	}
}

// Line waits for the first line that the process writes to its standard output.
func (s *Service) Line(ctx context.Context) (string, error) {
	select {
	case <-s.line.ended:
		return s.line.text, nil
	case <-s.done:
		return "", s.failed(errors.New("it has ended"))
	case <-ctx.Done():
		return "", s.failed(ctx.Err())
	}
}

func (s *Service) failed(err error) error {
	return fmt.Errorf("%s does not start: %w\n%s", s.cmd.Args[0], err, s.Log())
}

// Kill ends the process and those that it started, as kill -9 does, and waits
// until it has ended.
func (s *Service) Kill() {
	s.stop.Do(func() { kill(s.cmd) })
	<-s.done
	s.stdin.Close()
}

// Stop ends the process: it is told by the end of its standard input, and killed
// where it does not heed that within a few seconds.
func (s *Service) Stop() {
	s.stdin.Close()
	select {
	case <-s.done:
	case <-time.After(5 * time.Second):
		s.Kill()
	}
}

// Pid is that of the process.
func (s *Service) Pid() int { return s.cmd.Process.Pid }

// Log is the end of what the process wrote.
func (s *Service) Log() string { return s.log.String() }

// A tail keeps the end of what is written.
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

// A firstLine keeps the first line that is written.
type firstLine struct {
	text  string
	whole bool
	ended chan struct{} // closed when it is whole
}

func (l *firstLine) Write(p []byte) (int, error) {
	if !l.whole {
		line, _, found := strings.Cut(string(p), "\n")
		l.text += line
		if found {
			l.whole = true
			close(l.ended)
		}
	}
	return len(p), nil
}
