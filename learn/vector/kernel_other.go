//go:build !amd64

package vector

// Has512 says whether the processor has vectors of eight: not this one.
func Has512() bool { return false }

func has256() bool { return false }

// Fetch lets the processor bring what is used soon into its cache: not here.
func Fetch([]float64) {}

// None of these is called here.

func inner512(_, _ *float64, _ int) float64               { return 0 }
func inner4by512(*float64, *Four, int, *[4]float64)       {}
func add512(_, _ *float64, _ int, _ float64)              {}
func add4by512(*float64, *Four, int, *[4]float64)         {}
func dots512(_, _ *float64, _, _ int, _ *[16]float64)     {}
func dots256(_, _ *float64, _, _ int, _ *float64)         {}
func standardise512(_, _ *float64, _ int, _, _ float64)   {}
func sums512(_ *float64, _ int, _ float64, _ *[2]float64) {}
