package main

import "syscall"

// peak is the most memory that the process has held, in bytes.
func peak() int64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return r.Maxrss << 10
}
