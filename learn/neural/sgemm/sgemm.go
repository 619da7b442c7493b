// Package sgemm multiplies matrices of float32, in blocks that stay in the caches
// (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008).
//
// What comes out is the same bit by bit on every processor: an element is a chain of
// fused multiply-adds, one for each inner index, in rising order. Vectors run along
// the columns, so that no sum is ever split.
package sgemm

// Width is what the number of columns is a multiple of: rows are padded to it.
const Width = 32

const (
	tile  = 8   // rows that are worked on at once
	depth = 256 // inner indices: so many rows of a panel of Width columns stay in the first cache
)

// Padded is the least number of columns that holds n and is a multiple of Width.
func Padded(n int) int { return (n + Width - 1) / Width * Width }

// A Left is the left factor: the element of row i and column j is Data[i*Row+j*Column],
// so that a matrix and its transpose are the same data.
type Left struct {
	Data        []float32
	Row, Column int
}

// A Rows is a matrix whose rows begin every Step numbers.
type Rows struct {
	Data []float32
	Step int
}

// Add adds the product of a (m x k) and b (k x n) to c (m x n); n is a multiple of
// Width. c shares no memory with the others.
func Add(c Rows, a Left, b Rows, m, n, k int) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	if n%Width != 0 {
		panic("sgemm: the number of columns is no multiple of Width")
	}
	// What the kernels touch last: they do not check.
	_, _, _ = c.Data[(m-1)*c.Step+n-1], a.Data[(m-1)*a.Row+(k-1)*a.Column], b.Data[(k-1)*b.Step+n-1]
	use := best()
	for p := 0; p < k; p += depth {
		inner := min(depth, k-p)
		for j := 0; j < n; j += Width {
			bp := Rows{b.Data[p*b.Step+j:], b.Step}
			i := 0
			for ; i+tile <= m; i += tile {
				use.tile(Rows{c.Data[i*c.Step+j:], c.Step}, Left{a.Data[i*a.Row+p*a.Column:], a.Row, a.Column}, bp, inner)
			}
			for ; i < m; i++ {
				use.row(Rows{c.Data[i*c.Step+j:], c.Step}, Left{a.Data[i*a.Row+p*a.Column:], a.Row, a.Column}, bp, inner)
			}
		}
	}
}

// A kernel adds the product of k inner indices to Width columns of tile rows, or of
// one row.
type kernel struct {
	tile, row func(c Rows, a Left, b Rows, k int)
}

func plain() kernel {
	return kernel{
		tile: func(c Rows, a Left, b Rows, k int) { plainRows(c, a, b, tile, k) },
		row:  func(c Rows, a Left, b Rows, k int) { plainRows(c, a, b, 1, k) },
	}
}

func plainRows(c Rows, a Left, b Rows, m, k int) {
	for i := range m {
		row := c.Data[i*c.Step:][:Width]
		for p := range k {
			v := a.Data[i*a.Row+p*a.Column]
			for j, w := range b.Data[p*b.Step:][:Width] {
				row[j] = fma(v, w, row[j])
			}
		}
	}
}
