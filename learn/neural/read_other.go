//go:build !amd64

package neural

// readFast is readPlain for as many of the columns as it returns: for none here.
func (m *Model) readFast(_ [][]float64, _, _ int, _ matrix[float32]) int { return 0 }

// rectifyFast is rectify for as many units as it returns: for none here.
func rectifyFast(_, _ []float32) int { return 0 }
