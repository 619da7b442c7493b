package vector

import "golang.org/x/sys/cpu"

// Has512 says that the processor has those parts of AVX-512 that work on vectors of
// eight float64, and that the system keeps their registers.
func Has512() bool { return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL }

func has256() bool { return cpu.X86.HasAVX2 }

// Fetch lets the processor bring what is used soon into its cache.
func Fetch(v []float64) { prefetch(&v[0], len(v)) }

// The numbers of n and rows are multiples of 8, and at least 8; steps are in bytes.

//go:noescape
func prefetch(v *float64, n int)

//go:noescape
func inner512(a, b *float64, n int) float64

//go:noescape
func inner4by512(v *float64, x *Four, n int, s *[4]float64)

//go:noescape
func add512(to, v *float64, n int, s float64)

//go:noescape
func add4by512(to *float64, x *Four, n int, s *[4]float64)

//go:noescape
func dots512(a, b *float64, step, rows int, s *[16]float64)

//go:noescape
func dots256(a, b *float64, step, rows int, s *float64)

//go:noescape
func standardise512(to, x *float64, n int, center, inverse float64)

//go:noescape
func sums512(x *float64, n int, from float64, s *[2]float64)
