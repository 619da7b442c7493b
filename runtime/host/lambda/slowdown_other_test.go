//go:build !linux

package lambda_test

// slowdown is not known here.
func slowdown() float64 { return 1 }
