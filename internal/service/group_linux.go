package service

import (
	"os/exec"
	"syscall"
)

// group makes the process the first of a group, which ends with its parent.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
