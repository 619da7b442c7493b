package worker

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// diesWithParent: the system ends a worker whose parent has died.
const diesWithParent = true

// attributes makes a worker the leader of a process group that dies with the
// thread that started it; see newSpawner.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// A spawner starts commands.
type spawner func(*exec.Cmd) error

// newSpawner makes one that starts all commands from a thread of its own: a
// child whose parent is to signal its death hears of that of the thread, and
// other threads come and go.
func newSpawner(ended <-chan struct{}) spawner {
	type order struct {
		cmd *exec.Cmd
		err chan error
	}
	orders := make(chan order)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for {
			select {
			case o := <-orders:
				// Files that this process was started with are none of a worker's.
				_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) // Linux before 5.11 has none
				o.err <- o.cmd.Start()
			case <-ended:
				return
			}
		}
	}()
	return func(cmd *exec.Cmd) error {
		o := order{cmd, make(chan error, 1)}
		select {
		case orders <- o:
			return <-o.err
		case <-ended:
			return errClosed
		}
	}
}

// lower lets this process go before a worker.
func lower(pid, niceness int) {
	_ = syscall.Setpriority(syscall.PRIO_PGRP, pid, niceness) // less fair, not less right
}

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) } // it may be gone

// resident is how many bytes of a process are in memory; 0 where it is gone.
func resident(pid int) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize())
}
