package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"

	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/host/wasm/sandbox"
	"github.com/runnel-dev/runnel/runtime/step"
)

// Arg is the argument that makes a program a worker.
const Arg = "guest-worker"

// Is reports whether this process was started to be a worker: its main is to
// call Main and nothing else.
func Is() bool { return len(os.Args) == 2 && os.Args[1] == Arg }

// Main is the main of a worker. It ends when its parent does, and gives the exit
// code.
func Main() int {
	c := &child{wire: newWire(os.Stdin, os.Stdout, maxModule)}
	if !diesWithParent {
		c.listen()
	}
	fmt.Fprintln(os.Stderr, "guest worker:", c.serve())
	return 1
}

// A child is a worker, seen from within.
type child struct {
	*wire
	received chan message // nil: messages are read when they are wanted
	sandbox  *sandbox.Sandbox
	modules  []string // digests, the last used last
}

// listen reads messages while guests are at work, so that a worker hears of its
// parent's end though its guest has none. To pass each on takes as long as a
// small call.
func (c *child) listen() {
	c.received = make(chan message)
	go func() {
		for {
			m, err := c.receive()
			if err != nil {
				os.Exit(0)
			}
			c.received <- m
		}
	}()
}

// next waits for a message; this process ends where there will be none.
func (c *child) next() message {
	if c.received != nil {
		return <-c.received
	}
	m, err := c.receive()
	if err != nil {
		os.Exit(0)
	}
	return m
}

// maxModules is how many modules a worker holds.
const maxModules = 4

// serve answers calls until something is wrong; the end of the parent is the end
// of this process.
func (c *child) serve() error {
	var cfg config
	if m := c.next(); m.kind != kindConfig {
		return errors.New("it is started by a wasm host, not by hand")
	} else if err := m.into(&cfg); err != nil {
		return err
	}
	debug.SetMemoryLimit(cfg.Memory)
	debug.SetGCPercent(400) // a worker's own heap is small, and guests' memory is no part of it
	if err := confine(cfg); err != nil {
		return fmt.Errorf("setting limits: %w", err)
	}
	c.sandbox = sandbox.New(cfg.Sandbox)
	if err := c.send(kindReady, nil, nil); err != nil {
		return err
	}
	for {
		m := c.next()
		if m.kind != kindCall {
			return fmt.Errorf("a message of kind %d where a call was expected", m.kind)
		}
		out, answer := c.call(m)
		if err := c.send(kindDone, out, answer); err != nil {
			return err
		}
	}
}

func (c *child) call(m message) (done, []byte) {
	var in call
	err := m.into(&in)
	if err != nil {
		return notDone(err), nil
	}
	ctx := context.Background() // at its deadline the process is killed
	mod, err := c.sandbox.Load(ctx, in.Digest, func() ([]byte, error) {
		reply, err := c.roundTrip(kindModule, nil, nil)
		return reply.body, err
	})
	if err == nil {
		err = c.keep(in.Digest)
	}
	if err != nil {
		return notDone(err), nil
	}
	if in.Warm {
		if err := mod.Warm(ctx, in.Function); err != nil {
			return notDone(err), nil
		}
		return done{}, nil
	}
	call := sandbox.Call{Function: in.Function, Stdin: m.body, Time: in.Time}
	copy(call.Random[:], in.Random)
	out, err := mod.Run(ctx, call, c)
	if err != nil {
		return notDone(err), nil
	}
	return done{Status: out.Status, Trap: out.Trap, TooLong: out.TooLong, NoMemory: out.NoMemory, NewStart: out.NewStart, Stderr: out.Stderr}, out.Answer
}

func notDone(err error) done {
	return done{Failed: err.Error(), Passing: step.ClassOf(err) == step.ClassRetryable}
}

// keep gives up the module that was used longest ago, where there are too many.
func (c *child) keep(digest string) error {
	before := c.modules
	c.modules = used(c.modules, digest)
	for _, d := range before {
		if !slices.Contains(c.modules, d) {
			return c.sandbox.Drop(d)
		}
	}
	return nil
}

// used is a list of modules after one of them was used. Parent and child reckon
// alike.
func used(modules []string, digest string) []string {
	out := make([]string, 0, maxModules+1)
	for _, d := range modules {
		if d != digest {
			out = append(out, d)
		}
	}
	out = append(out, digest)
	return out[max(0, len(out)-maxModules):]
}

// roundTrip asks the parent.
func (c *child) roundTrip(kind byte, head any, body []byte) (message, error) {
	if err := c.send(kind, head, body); err != nil {
		return message{}, err
	}
	m := c.next()
	if m.kind != kind {
		return m, fmt.Errorf("an answer of kind %d to %d", m.kind, kind)
	}
	return m, nil
}

// Open implements guestfs.Backend.
func (c *child) Open(name string) (step.Blob, error) {
	m, err := c.roundTrip(kindOpen, opened{Name: name}, nil)
	var o opened
	if err == nil {
		err = m.into(&o)
	}
	switch {
	case err != nil:
		return nil, err
	case o.Absent:
		return nil, fs.ErrNotExist
	case o.Failed:
		return nil, errors.New("it cannot be read")
	}
	return &remote{child: c, handle: o.Handle, size: o.Size, ahead: m.body}, nil
}

// Put implements guestfs.Backend.
func (c *child) Put(p abi.Put, size int64, content io.Reader) abi.Response {
	if err := c.send(kindPut, put{p, size}, nil); err != nil {
		return failed(err)
	}
	buf := make([]byte, min(piece, size))
	for left := size; left > 0; left -= int64(len(buf)) {
		buf = buf[:min(piece, left)]
		if _, err := io.ReadFull(content, buf); err != nil {
			buf = buf[:0] // no file goes on like this: the parent ends this worker
		}
		if err := c.send(kindData, nil, buf); err != nil || len(buf) == 0 {
			break
		}
	}
	return response(c.next(), kindPut)
}

// Ask implements guestfs.Backend.
func (c *child) Ask(req abi.Request) abi.Response {
	m, err := c.roundTrip(kindAsk, req, nil)
	if err != nil {
		return failed(err)
	}
	return response(m, kindAsk)
}

func response(m message, kind byte) (res abi.Response) {
	if m.kind != kind {
		return failed(fmt.Errorf("an answer of kind %d to %d", m.kind, kind))
	}
	if err := json.Unmarshal(m.head, &res); err != nil {
		return failed(err)
	}
	return res
}

func failed(err error) abi.Response {
	return abi.Response{Error: &abi.Error{Class: step.ClassRetryable, Message: "guest worker: " + err.Error()}}
}

// A remote blob is a file that the parent reads.
type remote struct {
	child  *child
	handle int
	size   int64
	ahead  []byte // bytes that were read already,
	start  int64  // and where they lie
}

// Size implements step.Blob.
func (b *remote) Size() int64 { return b.size }

// ReadAt implements io.ReaderAt.
func (b *remote) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		at := off + int64(n)
		if at >= b.size {
			return n, io.EOF
		}
		if at < b.start || at >= b.start+int64(len(b.ahead)) {
			if err := b.fetch(at, len(p)-n); err != nil {
				return n, err
			}
		}
		n += copy(p[n:], b.ahead[at-b.start:])
	}
	return n, nil
}

func (b *remote) fetch(at int64, want int) error {
	length := int(min(int64(min(max(want, firstPiece), piece)), b.size-at))
	m, err := b.child.roundTrip(kindRead, span{Handle: b.handle, Offset: at, Length: length}, nil)
	var s span
	if err == nil {
		err = m.into(&s)
	}
	if err == nil && (s.Failed || len(m.body) != length) {
		err = errors.New("it cannot be read")
	}
	if err == nil {
		b.ahead, b.start = m.body, at
	}
	return err
}

// Close implements io.Closer.
func (b *remote) Close() error {
	if b.handle == 0 {
		return nil // all of it came when it was opened
	}
	return b.child.send(kindClose, span{Handle: b.handle}, nil)
}
