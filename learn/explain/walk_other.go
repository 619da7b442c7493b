//go:build !amd64

package explain

func hasFast() bool { return false }

// A fastWalk is nothing where there is no assembly.
type fastWalk struct{}

func (fastWalk) explain(*paths, int, []float64, []float64) {}
