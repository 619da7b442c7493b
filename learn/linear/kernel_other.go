//go:build !amd64

package linear

// dotsFast is dotsPlain where it says so: nowhere here.
func dotsFast(_, _ []float64, _ int, _ *[16]float64) bool { return false }

// packFast packs as many rows as it returns: none here.
func packFast(_, _ []float64, _, _ float64) int { return 0 }

// sumsFast is sumsPlain for as many rows as it returns: for none here.
func sumsFast([]float64, float64, *[2]float64) int { return 0 }

// scoresFast is scoresPlain for as many rows as it returns: for none here.
func scoresFast([]float64, *four, *[4]float64, *[4]float64) int { return 0 }

// gatherFast is gatherPlain for as many rows as it returns: for none here.
func gatherFast([]float64, *four, *[4]float64, *[4]float64) int { return 0 }

// fetch lets the processor bring a row that is next into its cache: not here.
func fetch([]float64) {}
