//go:build !amd64

package csv

func best() level { return plain }

// fractions reads rows of a column from row on into out, which has at most
// batch of them, and sets in odd, which is zero, a bit for each row that it
// leaves to parseFloat.
func (t *tokens) fractions(out []float64, row, col int, mark byte, odd *oddRows) {
	t.fractionsGeneric(out, row, col, mark, odd, 0, len(out))
}
