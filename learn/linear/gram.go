package linear

import "context"

const (
	tile     = 32  // columns a side of a piece of the Gram matrix
	gramRows = 256 // rows worked on at a time: two tiles of them stay in the cache
)

// gram is the matrix of weighted inner products of the standardised features,
// both triangles, row-major. It is cut into tiles of columns and, where the
// matrix is small, chunks of rows; the cut depends on the data's size only.
func (d *design) gram(ctx context.Context) ([]float64, error) {
	n := len(d.columns)
	tiles := (n + tile - 1) / tile
	var pairs [][2]int
	for a := range tiles {
		for b := a; b < tiles; b++ {
			pairs = append(pairs, [2]int{a * tile, b * tile})
		}
	}
	chunks := max(1, min(32, blocks(d.rows), 1<<22/max(n*n, 1)))
	parts := make([][]float64, chunks)
	for c := range parts {
		parts[c] = make([]float64, n*n)
	}
	err := parallel(ctx, d.threads, chunks*len(pairs), func(task int) {
		c, pair := task/len(pairs), pairs[task%len(pairs)]
		start, end := d.cut(c, chunks)
		d.gramTile(pair[0], pair[1], start, end, parts[c])
	})
	if err != nil {
		return nil, err
	}
	g := parts[0]
	for _, p := range parts[1:] {
		for i, v := range p {
			g[i] += v
		}
	}
	for j := range n {
		for k := range j {
			g[j*n+k] = g[k*n+j]
		}
	}
	return g, nil
}

// gramTile adds the products of the columns from a on with those from b on, over
// the rows from start to end, to the upper triangle of out.
func (d *design) gramTile(a, b, start, end int, out []float64) {
	n := len(d.columns)
	// Room for the columns that fill up the last group: they stay 0.
	left := make([]float64, tile*gramRows)
	right := left
	if a != b || d.weights != nil {
		right = make([]float64, tile*gramRows)
	}
	na, nb := min(tile, n-a), min(tile, n-b)
	for ; start < end; start += gramRows {
		rows := min(gramRows, end-start)
		d.pack(a, na, start, rows, d.weights, left)
		if a != b || d.weights != nil {
			d.pack(b, nb, start, rows, nil, right)
		}
		for j := 0; j < na; j += 2 {
			a0, a1 := left[j*gramRows:][:rows], left[(j+1)*gramRows:][:rows]
			k := 0
			if a == b {
				k = j &^ 3 // what lies left of the diagonal is the same again
			}
			for ; k < nb; k += 4 {
				r := right[k*gramRows:]
				var s [8]float64
				dot2x4(a0, a1, r, r[gramRows:], r[2*gramRows:], r[3*gramRows:], &s)
				for i := range min(2, na-j) {
					row := out[(a+j+i)*n+b+k:]
					for l := range min(4, nb-k) {
						row[l] += s[4*i+l]
					}
				}
			}
		}
	}
}

// pack copies standardised columns, gramRows apart, times the weights where
// given.
func (d *design) pack(from, n, start, rows int, weights, out []float64) {
	for j := range n {
		x := d.columns[from+j][start : start+rows]
		c, s := d.center[from+j], d.inverse[from+j]
		o := out[j*gramRows:][:rows]
		if weights == nil {
			for i, v := range x {
				o[i] = (v - c) * s
			}
			continue
		}
		for i, w := range weights[start : start+rows] {
			o[i] = (x[i] - c) * s * w
		}
	}
}

// dot2x4 is the inner products of two columns with four.
func dot2x4(a0, a1, b0, b1, b2, b3 []float64, s *[8]float64) {
	n := len(a0)
	a1, b0, b1, b2, b3 = a1[:n], b0[:n], b1[:n], b2[:n], b3[:n]
	var s00, s01, s02, s03, s10, s11, s12, s13 float64
	for i, x := range a0 {
		y, p, q := a1[i], b0[i], b1[i]
		s00 += float64(x * p)
		s10 += float64(y * p)
		s01 += float64(x * q)
		s11 += float64(y * q)
		p, q = b2[i], b3[i]
		s02 += float64(x * p)
		s12 += float64(y * p)
		s03 += float64(x * q)
		s13 += float64(y * q)
	}
	*s = [8]float64{s00, s01, s02, s03, s10, s11, s12, s13}
}
