//go:build !amd64

package cluster

// Nothing here is called where there is no assembly.

func centre512(_, _ *float64, _ int, _, _ float64)                    {}
func nearest512(_ *float64, _, _ int, _, _ *float64, _ int, _ *int32) {}
func potentials512(_, _, _ *float64, _ int, _ *float64)               {}
