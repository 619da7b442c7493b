package cluster

import "golang.org/x/sys/cpu"

// fast says that the processor has the parts of AVX-512 that are used here, and
// the system keeps their registers.
func fast() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL }

//go:noescape
func centre512(to, from *float64, n int, mean, scale float64)

//go:noescape
func nearest512(block *float64, features, groups int, tiles, norms *float64, count int, labels *int32)

//go:noescape
func distances512(block *float64, features, groups int, tiles *float64, count int, out *float64)

//go:noescape
func potentials512(closest, weights, distances *float64, candidates int, sums *float64)
