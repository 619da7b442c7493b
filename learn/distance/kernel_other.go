//go:build !amd64

package distance

// None of these is called here.

func squared512(_ *float64, _, _ int, _ *float64, _ int, _ *float64)  {}
func nearest512(_ *float64, _, _ int, _, _ *float64, _ int, _ *int32) {}
func closer512(_, _, _ *float64, _ int, _ *float64)                   {}
