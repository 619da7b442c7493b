package distance

import "golang.org/x/sys/cpu"

// Fast says that the processor has the parts of AVX-512 that are used here, and
// the system keeps their registers.
func Fast() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL }

//go:noescape
func squared512(block *float64, features, groups int, tiles *float64, count int, out *float64)
