package lambda_test

import (
	"runtime"
	"syscall"
	"time"
)

// slowdown is how many times longer work takes now than on a machine at rest, at
// least 1: the time that a thread needs for so much processor time.
func slowdown() float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const thread, work = 1, 20 * time.Millisecond // RUSAGE_THREAD
	used := func() time.Duration {
		var u syscall.Rusage
		_ = syscall.Getrusage(thread, &u) // it cannot fail for this thread
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start, before := time.Now(), used()
	for used()-before < work {
	}
	return max(1, float64(time.Since(start))/float64(work))
}
