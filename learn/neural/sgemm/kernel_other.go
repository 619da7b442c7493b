//go:build !amd64

package sgemm

// best is the fastest kernel that the processor has.
func best() kernel { return plain() }

// kernels are all that it has, by name.
func kernels() map[string]kernel { return nil }
