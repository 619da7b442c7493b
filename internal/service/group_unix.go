//go:build unix

package service

import (
	"os/exec"
	"syscall"
)

// kill ends the group that the process is the first of.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
