//go:build unix && !linux

package service

import (
	"os/exec"
	"syscall"
)

// group makes the process the first of a group.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
