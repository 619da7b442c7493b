//go:build !amd64

package vector

// What is done in assembly elsewhere: nothing here.

func innerFast(_, _ []float64) (float64, int)                       { return 0, 0 }
func inner4Fast(_, _, _, _, _ []float64, _ *[4]float64) int         { return 0 }
func addFast([]float64, float64, []float64) int                     { return 0 }
func add4Fast(_ []float64, _ *[4]float64, _, _, _, _ []float64) int { return 0 }
func dotsFast(_, _ []float64, _, _ int, _ *[16]float64) bool        { return false }
func standardiseFast(_, _ []float64, _, _ float64) int              { return 0 }
func sumsFast([]float64, float64, *[2]float64) int                  { return 0 }
