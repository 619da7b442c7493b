//go:build !amd64

package cluster

// fast says that there is assembly: there is none here, and nothing below is called.
func fast() bool { return false }

func centre512(_, _ *float64, _ int, _, _ float64)                     {}
func nearest512(_ *float64, _, _ int, _, _ *float64, _ int, _ *int32)  {}
func distances512(_ *float64, _, _ int, _ *float64, _ int, _ *float64) {}
func potentials512(_, _, _ *float64, _ int, _ *float64)                {}
