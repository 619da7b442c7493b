//go:build !amd64

package boost

import "github.com/runnel-dev/runnel/learn"

// hasMasks says that the processor can do with masks.
func hasMasks() bool { return false }

// addMany adds the trees to the margins of as many rows as it returns: of none here.
func (w *walker) addMany(*scratch, *learn.Matrix, int, int, []float64, int) int { return 0 }

// addOneFast adds the trees to the margins of a row, and says whether it could.
func (w *walker) addOneFast(*scratch, *learn.Matrix, int, []float64) bool { return false }
