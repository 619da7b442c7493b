//go:build !amd64

package linear

// scoresFast is scoresPlain for as many rows as it returns: for none here.
func scoresFast([]float64, *four, *[4]float64, *[4]float64) int { return 0 }

// gatherFast is gatherPlain for as many rows as it returns: for none here.
func gatherFast([]float64, *four, *[4]float64, *[4]float64) int { return 0 }

// fetch lets the processor bring a row that is next into its cache: not here.
func fetch([]float64) {}
