//go:build !amd64

package distance

// Fast says that there is assembly: there is none here.
func Fast() bool { return false }

func squared512(_ *float64, _, _ int, _ *float64, _ int, _ *float64) {}
