package serve

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"github.com/runnel-dev/runnel/runtime/step"
)

// memory is what the process may have. Lambda kills what takes more, and says
// little about it: so a function that does is given up on before, by an error
// that says why, and the process ends after it has answered.
type memory struct {
	size int64       // bytes; 0: not known
	over atomic.Bool // a function took more, and is still at it
}

// memoryOf reads the size, in MiB, of AWS_LAMBDA_FUNCTION_MEMORY_SIZE.
func memoryOf(size string) int64 {
	mib, err := strconv.ParseInt(size, 10, 64)
	if err != nil || mib <= 0 {
		return 0
	}
	return mib << 20
}

// collect has Go collect garbage in time.
func (m *memory) collect() {
	if m.size > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(m.size / 10 * 9)
	}
}

// Look so often, and take so much of the memory, in tenths, for too much: the rest
// is for what is not on the heap, and for what is taken between two looks.
const (
	memoryLook = 10 * time.Millisecond
	tooMuch    = 9
)

// run runs the function within the memory of the process, or of the step where
// that is less.
func (m *memory) run(ctx context.Context, fn *step.Function, inv step.Invocation, env step.Env) (step.Result, error) {
	bound := m.size
	if inv.Memory > 0 && (bound == 0 || inv.Memory < bound) {
		bound = inv.Memory
	}
	if bound == 0 {
		return fn.Run(ctx, inv, env)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		result step.Result
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := fn.Run(ctx, inv, env)
		done <- outcome{result, err}
	}()
	look := time.NewTicker(memoryLook)
	defer look.Stop()
	for {
		select {
		case o := <-done:
			return o.result, o.err
		case <-look.C:
			if !exceeds(bound / 10 * tooMuch) {
				continue
			}
			m.over.Store(true)
			return step.Result{}, step.Permanent(fmt.Errorf("function %s takes more than the %d MiB of memory that it has: give it more", fn.Name, bound>>20))
		}
	}
}

// exceeds reports whether more than so many bytes are in use, garbage left out.
func exceeds(bytes int64) bool {
	if inUse() <= uint64(bytes) {
		return false
	}
	runtime.GC()
	return inUse() > uint64(bytes)
}

func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// ends is the error that has the process end, where a function goes on that was
// given up on: what comes next gets a new one.
func (m *memory) ends() error {
	if !m.over.Load() {
		return nil
	}
	return messages.InvokeResponse_Error{Type: "Runtime.OutOfMemory", Message: "it took more than the memory that it has", ShouldExit: true}
}
