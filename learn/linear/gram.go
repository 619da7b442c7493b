package linear

import "context"

const (
	tile     = 128          // columns a side of a piece of the Gram matrix
	gramRows = 512          // rows worked on at a time: two tiles of them stay in the cache
	packed   = gramRows + 8 // from one column of them to the next: not a power of two, which would share places in the cache
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
	na, nb := min(tile, n-a), min(tile, n-b)
	// Room for the columns that fill up the last four, too: they stay 0.
	left := make([]float64, (na+3)&^3*packed)
	right := left
	if a != b || d.weights != nil {
		right = make([]float64, (nb+3)&^3*packed)
	}
	for ; start < end; start += gramRows {
		rows := min(gramRows, end-start)
		d.pack(a, na, start, rows, d.weights, left)
		if a != b || d.weights != nil {
			d.pack(b, nb, start, rows, nil, right)
		}
		for j := 0; j < na; j += 4 {
			k := 0
			if a == b {
				k = j // what lies left of the diagonal is the same again
			}
			for ; k < nb; k += 4 {
				var s [16]float64
				dots(left[j*packed:], right[k*packed:], (rows+7)&^7, &s)
				for i := range min(4, na-j) {
					row := out[(a+j+i)*n+b+k:]
					for l := range min(4, nb-k) {
						row[l] += s[4*i+l]
					}
				}
			}
		}
	}
}

// pack copies standardised columns, packed places apart, times the weights where
// given. Rows are filled up with 0 to a multiple of 8.
func (d *design) pack(from, n, start, rows int, weights, out []float64) {
	for j := range n {
		x := d.columns[from+j][start : start+rows]
		c, s := d.center[from+j], d.inverse[from+j]
		o := out[j*packed:][:rows]
		for i := packFast(o, x, c, s); i < rows; i++ {
			o[i] = (x[i] - c) * s
		}
		if weights != nil {
			for i, w := range weights[start : start+rows] {
				o[i] *= w
			}
		}
		clear(out[j*packed+rows : j*packed+(rows+7)&^7])
	}
}

// dots is the inner products of four columns with four others. rows is a multiple
// of 8.
func dots(a, b []float64, rows int, s *[16]float64) {
	if !dotsFast(a, b, rows, s) {
		dotsPlain(a, b, rows, s)
	}
}

func dotsPlain(a, b []float64, rows int, s *[16]float64) {
	for i := range s {
		x, y := a[i/4*packed:][:rows], b[i%4*packed:][:rows]
		var s0, s1, s2, s3, s4, s5, s6, s7 float64
		for len(x) >= 8 && len(y) >= 8 {
			s0 += float64(x[0] * y[0])
			s1 += float64(x[1] * y[1])
			s2 += float64(x[2] * y[2])
			s3 += float64(x[3] * y[3])
			s4 += float64(x[4] * y[4])
			s5 += float64(x[5] * y[5])
			s6 += float64(x[6] * y[6])
			s7 += float64(x[7] * y[7])
			x, y = x[8:], y[8:]
		}
		s[i] = (&lanes{s0, s1, s2, s3, s4, s5, s6, s7}).total()
	}
}
