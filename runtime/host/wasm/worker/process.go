package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/wasm/guestfs"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/step"
)

// A process is a worker, seen from its parent. One goroutine uses it at a time;
// kill may come from any.
type process struct {
	*wire
	cmd     *exec.Cmd
	stdin   io.Closer
	stderr  *lastBytes
	dir     string
	output  int64    // bytes that its guests may hand over
	ready   bool     // it said that it is a worker
	modules []string // digests of those that it has, the last used last
	calls   int
	since   time.Time // idle

	mu     sync.Mutex
	reason error // why it was killed
	waited bool
	exit   error
}

// spawn starts a worker.
func (p *Pool) spawn(ctx context.Context) (w *process, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(p.cfg.TempDir, "runnel-worker-*")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(p.cfg.Command[0], p.cfg.Command[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{}
	cmd.SysProcAttr = attributes()
	w = &process{cmd: cmd, dir: dir, stderr: &lastBytes{max: abi.MaxStderr}}
	cmd.Stderr = w.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = p.start(cmd)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	w.stdin = stdin
	w.wire = newWire(stdout, stdin, maxBody)
	if p.cfg.Niceness > 0 {
		lower(w.pid(), p.cfg.Niceness)
	}
	sandboxed := p.cfg.Sandbox
	sandboxed.TempDir = dir
	if w.output = sandboxed.Files.OutBytes; w.output <= 0 {
		w.output = abi.MaxOut
	}
	err = w.send(kindConfig, config{Sandbox: sandboxed, Memory: p.cfg.Memory * 3 / 4, Files: w.output + 1<<30}, nil)
	if err != nil {
		w.kill(err)
		w.end()
		return nil, err
	}
	return w, nil
}

func (w *process) pid() int { return w.cmd.Process.Pid }

// kill ends the process at once; the first reason counts.
func (w *process) kill(reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reason == nil {
		w.reason = reason
	}
	if !w.waited {
		killGroup(w.cmd.Process)
	}
}

// end ends the process and takes away what is left of it.
func (w *process) end() {
	w.kill(errors.New("it is not needed any more"))
	_ = w.stdin.Close()
	err := w.cmd.Wait()
	w.mu.Lock()
	w.waited, w.exit = true, err
	w.mu.Unlock()
	_ = os.RemoveAll(w.dir) // what cannot be removed is in the folder for temporary files
}

// why says what became of a call whose worker is gone or talks nonsense.
func (w *process) why(ctx context.Context, err error) error {
	w.mu.Lock()
	reason, exit := w.reason, w.exit
	w.mu.Unlock()
	var memory *tooMuchMemory
	var refused *notRun
	switch {
	case errors.As(err, &refused):
		return refused.cause
	case errors.As(reason, &memory):
		return step.Permanent(memory)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(reason, errClosed):
		return step.Retryable(errClosed)
	}
	if exit == nil {
		exit = errors.New("without a word")
	}
	return &step.Error{
		Class:  step.ClassPoison,
		Err:    fmt.Errorf("the guest's worker process died: %w (%w)", exit, err),
		Detail: string(w.stderr.bytes()),
	}
}

// notRun is why a guest could not be run, where the worker is well.
type notRun struct{ cause error }

func (n *notRun) Error() string { return n.cause.Error() }

// run sends a call and serves what its guest asks for. Without a backend the
// module is loaded and not called.
func (w *process) run(digest string, read func() ([]byte, error), c sandbox.Call, backend guestfs.Backend) (sandbox.Outcome, error) {
	w.modules = used(w.modules, digest)
	s := serving{process: w, backend: backend, read: read, files: map[int]step.Blob{}}
	defer s.close()
	err := w.send(kindCall, call{Digest: digest, Function: c.Function, Time: c.Time, Random: c.Random[:], Warm: backend == nil}, c.Stdin)
	for err == nil {
		var m message
		if m, err = w.receive(); err != nil {
			if !w.ready && !errors.Is(err, io.EOF) {
				err = fmt.Errorf("%s is no guest worker: its main is to call worker.Main where worker.Is is true: %w", w.cmd, err)
			}
			break
		}
		if m.kind == kindDone {
			var d done
			if err := m.into(&d); err != nil {
				return sandbox.Outcome{}, err
			}
			if d.Failed != "" && d.Passing {
				return sandbox.Outcome{}, &notRun{step.Retryable(errors.New(d.Failed))}
			}
			if d.Failed != "" {
				return sandbox.Outcome{}, &notRun{step.Permanent(errors.New(d.Failed))}
			}
			return sandbox.Outcome{Status: d.Status, Trap: d.Trap, Answer: m.body, TooLong: d.TooLong, NoMemory: d.NoMemory, Stderr: d.Stderr, NewStart: d.NewStart}, nil
		}
		err = s.serve(m)
	}
	return sandbox.Outcome{}, err
}

// serving is what a worker has open during a call.
type serving struct {
	*process
	backend guestfs.Backend
	read    func() ([]byte, error)
	files   map[int]step.Blob
	handles int
}

func (s *serving) close() {
	for _, f := range s.files {
		f.Close()
	}
}

func (s *serving) serve(m message) error {
	if s.backend == nil && m.kind != kindReady && m.kind != kindModule {
		return fmt.Errorf("a message of kind %d while no guest runs", m.kind)
	}
	switch m.kind {
	case kindReady:
		s.ready = true
		return nil
	case kindModule:
		b, err := s.read()
		if err != nil {
			return &notRun{err}
		}
		return s.send(kindModule, nil, b)
	case kindOpen:
		return s.open(m)
	case kindRead:
		return s.readFile(m)
	case kindClose:
		var at span
		if err := m.into(&at); err != nil {
			return err
		}
		if f := s.files[at.Handle]; f != nil {
			delete(s.files, at.Handle)
			return f.Close()
		}
		return nil
	case kindPut:
		return s.put(m)
	case kindAsk:
		req, err := guestfs.ParseRequest(m.head)
		if err != nil {
			return err
		}
		return s.send(kindAsk, s.backend.Ask(req), nil)
	}
	return fmt.Errorf("a message of kind %d while a guest runs", m.kind)
}

func (s *serving) open(m message) error {
	var o opened
	if err := m.into(&o); err != nil {
		return err
	}
	if len(s.files) > 2*abi.MaxOpenFiles {
		return errors.New("the worker opens too many files")
	}
	f, err := s.backend.Open(o.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.send(kindOpen, opened{Absent: true}, nil)
	case err != nil:
		return s.send(kindOpen, opened{Failed: true}, nil)
	}
	size := f.Size()
	first := make([]byte, min(size, firstPiece))
	if _, err := f.ReadAt(first, 0); err != nil && !errors.Is(err, io.EOF) {
		f.Close()
		return s.send(kindOpen, opened{Failed: true}, nil)
	}
	reply := opened{Size: size}
	if size <= firstPiece {
		f.Close()
	} else {
		s.handles++
		reply.Handle = s.handles
		s.files[s.handles] = f
	}
	return s.send(kindOpen, reply, first)
}

func (s *serving) readFile(m message) error {
	var at span
	if err := m.into(&at); err != nil {
		return err
	}
	f := s.files[at.Handle]
	if f == nil || at.Offset < 0 || at.Length < 0 || at.Length > piece {
		return errors.New("the worker reads what it did not open")
	}
	b := make([]byte, at.Length)
	n, err := f.ReadAt(b, at.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return s.send(kindRead, span{Failed: true}, nil)
	}
	return s.send(kindRead, span{}, b[:n])
}

func (s *serving) put(m message) error {
	var p put
	if err := m.into(&p); err != nil {
		return err
	}
	if p.Size < 0 || p.Size > s.output {
		return fmt.Errorf("the worker hands over %d bytes", p.Size)
	}
	in := &incoming{process: s.process, left: p.Size}
	res := s.backend.Put(p.Put, p.Size, in)
	if _, err := io.Copy(io.Discard, in); err != nil { // what the backend did not want
		return err
	}
	return s.send(kindPut, res, nil)
}

// incoming is a file that comes in pieces.
type incoming struct {
	process *process
	left    int64
	piece   []byte
	err     error
}

// Read implements io.Reader.
func (in *incoming) Read(p []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	if len(in.piece) == 0 {
		if in.left == 0 {
			return 0, io.EOF
		}
		m, err := in.process.receive()
		if err == nil && (m.kind != kindData || len(m.body) == 0 || int64(len(m.body)) > in.left) {
			err = errors.New("the worker hands over something else than a file")
		}
		if err != nil {
			in.err = err
			return 0, err
		}
		in.piece = m.body
		in.left -= int64(len(m.body))
	}
	n := copy(p, in.piece)
	in.piece = in.piece[n:]
	return n, nil
}

// lastBytes keeps the end of what is written.
type lastBytes struct {
	mu  sync.Mutex
	b   []byte
	max int
}

func (l *lastBytes) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if len(l.b) > 2*l.max {
		l.b = append(l.b[:0], l.b[len(l.b)-l.max:]...)
	}
	return len(p), nil
}

func (l *lastBytes) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b[max(0, len(l.b)-l.max):])
}
