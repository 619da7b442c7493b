//go:build unix && !linux

package worker

import (
	"os"
	"os/exec"
	"syscall"
)

// diesWithParent: the system ends a worker whose parent has died.
const diesWithParent = false

// attributes makes a worker the leader of a process group. When its parent dies
// it reads the end of its input, and ends.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// A spawner starts commands.
type spawner func(*exec.Cmd) error

func newSpawner(<-chan struct{}) spawner { return (*exec.Cmd).Start }

// lower lets this process go before a worker.
func lower(pid, niceness int) {
	_ = syscall.Setpriority(syscall.PRIO_PGRP, pid, niceness) // less fair, not less right
}

func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) } // it may be gone

// resident is not known here: memory is bounded by that of the guest.
func resident(int) int64 { return 0 }
