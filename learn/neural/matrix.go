package neural

import "github.com/runnel-dev/runnel/learn/neural/sgemm"

// A float is what a network computes in: float32. Tests look at the same code in
// float64, where differences show whether derivatives are right.
type float interface{ float32 | float64 }

// times is x*y, rounded: no processor fuses it with an addition.
func times[F float](x, y F) F { return F(x * y) } //nolint:unconvert // the conversion is what rounds

// A matrix has rows that begin every step numbers. What is behind the columns of a
// row is 0, and so are some rows behind the last, so that products need not end at
// odd places.
type matrix[F float] struct {
	data          []F
	columns, step int
}

func newMatrix[F float](rows, columns int) matrix[F] {
	// An odd number of cache lines, or rows would fall on one another in the cache.
	step := sgemm.Padded(columns) + 16
	return matrix[F]{make([]F, (rows+7)/8*8*step), columns, step}
}

func (m matrix[F]) row(i int) []F { return m.data[i*m.step:][:m.columns] }

// rows is the data from one row to before another, with what is behind them.
func (m matrix[F]) rows(from, to int) []F { return m.data[from*m.step : to*m.step] }

// multiply adds to rows of c those of a, which has inner columns, times b.
func multiply[F float](c, a, b matrix[F], from, to, inner int) {
	product(c.rows(from, to), c.step, a.data[from*a.step:], a.step, 1, b, to-from, sgemm.Padded(c.columns), inner)
}

// multiplyTurned adds to c, which has rows to-from, the rows of a turned by 90
// degrees (columns from to before to) times b. Both a and b have inner rows.
func multiplyTurned[F float](c []F, a, b matrix[F], from, to, inner int) {
	product(c, b.step, a.data[from:], 1, a.step, b, to-from, sgemm.Padded(b.columns), inner)
}

// product adds a (m x k) times b (k x n) to c: see package sgemm.
func product[F float](c []F, step int, a []F, row, column int, b matrix[F], m, n, k int) {
	if c, ok := any(c).([]float32); ok {
		a, b := any(a).([]float32), any(b).(matrix[float32])
		sgemm.Add(sgemm.Rows{Data: c, Step: step}, sgemm.Left{Data: a, Row: row, Column: column}, sgemm.Rows{Data: b.data, Step: b.step}, m, n, k)
		return
	}
	for i := range m {
		out := c[i*step:][:n]
		for p := range k {
			v := a[i*row+p*column]
			for j, w := range b.data[p*b.step:][:n] {
				out[j] += times(v, w)
			}
		}
	}
}
