//go:build !amd64

package csv

// fractions reads rows of a column from row on into out as long as fastFloat
// reads them, and says how many.
func (t *tokens) fractions(out []float64, row, col int, mark byte) int {
	return t.fractionsGeneric(out, row, col, mark)
}
