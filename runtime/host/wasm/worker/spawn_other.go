//go:build !unix

package worker

import (
	"os"
	"os/exec"
	"syscall"
)

// diesWithParent: the system ends a worker whose parent has died.
const diesWithParent = false

// attributes are the usual ones. When its parent dies a worker reads the end of
// its input, and ends.
func attributes() *syscall.SysProcAttr { return nil }

// A spawner starts commands.
type spawner func(*exec.Cmd) error

func newSpawner(<-chan struct{}) spawner { return (*exec.Cmd).Start }

// lower does nothing here.
func lower(int, int) {}

func killGroup(p *os.Process) { _ = p.Kill() } // it may be gone

// resident is not known here: memory is bounded by that of the guest.
func resident(int) int64 { return 0 }
