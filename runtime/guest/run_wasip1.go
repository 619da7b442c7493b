package guest

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/runnel-dev/runnel/events"
	"github.com/runnel-dev/runnel/runtime/guest/abi"
	"github.com/runnel-dev/runnel/runtime/step"
)

// The messages' buffers are kept between calls.
var input, output []byte

// run answers one invocation: 0 where an answer was given, which may be an error.
//
//go:wasmexport runnel_run
func run() int32 {
	output = appendAnswer(output[:0], call())
	if err := writeAll(1, output); err != nil {
		_ = writeAll(2, []byte("the answer cannot be given: "+err.Error()+"\n"))
		return 1
	}
	return 0
}

func call() (a *abi.Answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer(step.Result{}, &step.Error{Class: step.ClassPermanent, Err: fmt.Errorf("the guest panicked: %v", p), Detail: string(debug.Stack())})
		}
	}()
	var err error
	if input, err = readAll(0, input[:0]); err != nil {
		return answer(step.Result{}, fmt.Errorf("reading the invocation: %w", err))
	}
	inv, err := parse(input)
	if err != nil {
		return answer(step.Result{}, fmt.Errorf("the invocation: %w", err))
	}
	if inv.ABI != abi.Version {
		return answer(step.Result{}, fmt.Errorf("the host speaks version %d of the guest ABI, this guest version %d: build it anew", inv.ABI, abi.Version))
	}
	fn, err := find(inv.Function)
	if err != nil {
		return answer(step.Result{}, err)
	}
	heed(inv.Memory)
	ctx := newDeadline(time.Duration(inv.DeadlineMS) * time.Millisecond)
	defer ctx.end(context.Canceled)
	e := &env{host: -1}
	defer e.close()
	var text []byte
	if inv.Params != nil {
		text = last.text
	}
	res, err := fn.Run(ctx, step.Invocation{
		Event:   inv.Event,
		Set:     inv.Set,
		From:    events.Emitter(inv.From),
		Params:  inv.Params,
		Text:    text,
		Seed:    inv.Seed,
		Time:    inv.Time,
		Attempt: inv.Attempt,
	}, e)
	return answer(res, ofOtherCode(fn, inv.Params, err))
}

// ofOtherCode says of an error that the guest and its host are of different
// builds: the host had checked the params, and here they are wrong.
func ofOtherCode(fn *step.Function, params map[string]any, err error) error {
	if err == nil || step.ClassOf(err) != step.ClassPermanent {
		return err
	}
	wrong := fn.Check(params)
	if wrong == nil {
		return err
	}
	return step.Permanent(fmt.Errorf("the guest of function %s was built from other code than the program that runs it: params: %w: build it anew, with `scripts/build guests %[1]s` or the `build` of its function.yaml", fn.Name, wrong))
}

// heeded is the memory that the collector of garbage knows of, in bytes.
var heeded int64

// heed has the collector of garbage work harder where the heap comes near to the
// memory that there is; an eighth is left for what is no part of the heap.
func heed(memory int64) {
	if memory > 0 && memory != heeded {
		debug.SetMemoryLimit(memory - memory/8)
		heeded = memory
	}
}

// readAll appends what is left to read of a file.
func readAll(fd int, b []byte) ([]byte, error) {
	for {
		if cap(b)-len(b) < 4<<10 {
			b = append(make([]byte, 0, max(2*cap(b), 16<<10)), b...)
		}
		n, err := syscall.Read(fd, b[len(b):cap(b)])
		if err != nil {
			return b, err
		}
		if n == 0 {
			return b, nil
		}
		b = b[:len(b)+n]
	}
}

func writeAll(fd int, b []byte) error {
	for len(b) > 0 {
		n, err := syscall.Write(fd, b)
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		b = b[n:]
	}
	return nil
}
