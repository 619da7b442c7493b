package moments

import (
	"context"

	"github.com/runnel-dev/runnel/learn/parallel"
	"github.com/runnel-dev/runnel/learn/vector"
)

const (
	tile   = 128       // columns a side of a piece of the products
	packed = block + 8 // from one column of a block to the next: not a power of two, which would share places in the cache
)

// A Standard is columns as they are to be seen: of value (x - Center) * Inverse.
type Standard struct {
	Columns [][]float64
	Center  []float64 // of each column
	Inverse []float64 // of each column
	Weights []float64 // of each row; nil: all 1
	Rows    int
}

// Products is the matrix of weighted inner products of the columns, both triangles,
// row-major. It is cut into tiles of columns and, where the matrix is small, chunks
// of rows.
func (s *Standard) Products(ctx context.Context, threads int) ([]float64, error) {
	n := len(s.Columns)
	tiles := (n + tile - 1) / tile
	var pairs [][2]int
	for a := range tiles {
		for b := a; b < tiles; b++ {
			pairs = append(pairs, [2]int{a * tile, b * tile})
		}
	}
	blocks := (s.Rows + block - 1) / block
	chunks := max(1, min(32, blocks, 1<<22/max(n*n, 1)))
	parts := make([][]float64, chunks)
	for c := range parts {
		parts[c] = make([]float64, n*n)
	}
	err := parallel.Each(ctx, threads, chunks*len(pairs), func(_, task int) {
		c, pair := task/len(pairs), pairs[task%len(pairs)]
		s.tile(pair[0], pair[1], c*blocks/chunks*block, min((c+1)*blocks/chunks*block, s.Rows), parts[c])
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

// tile adds the products of the columns from a on with those from b on, over the
// rows from start to end, to the upper triangle of out.
func (s *Standard) tile(a, b, start, end int, out []float64) {
	n := len(s.Columns)
	na, nb := min(tile, n-a), min(tile, n-b)
	// Room for the columns that fill up the last four, too: they stay 0.
	left := make([]float64, (na+3)&^3*packed)
	right := left
	if a != b || s.Weights != nil {
		right = make([]float64, (nb+3)&^3*packed)
	}
	for ; start < end; start += block {
		rows := min(block, end-start)
		s.pack(a, na, start, rows, s.Weights, left)
		if a != b || s.Weights != nil {
			s.pack(b, nb, start, rows, nil, right)
		}
		for j := 0; j < na; j += 4 {
			k := 0
			if a == b {
				k = j // what lies left of the diagonal is the same again
			}
			for ; k < nb; k += 4 {
				var dots [16]float64
				vector.Dots(left[j*packed:], right[k*packed:], packed, (rows+7)&^7, &dots)
				for i := range min(4, na-j) {
					row := out[(a+j+i)*n+b+k:]
					for l := range min(4, nb-k) {
						row[l] += dots[4*i+l]
					}
				}
			}
		}
	}
}

// pack copies standardised columns, packed places apart, times the weights where
// given. Rows are filled up with 0 to a multiple of 8.
func (s *Standard) pack(from, n, start, rows int, weights, out []float64) {
	for j := range n {
		o := out[j*packed:][:rows]
		vector.Standardise(o, s.Columns[from+j][start:start+rows], s.Center[from+j], s.Inverse[from+j])
		if weights != nil {
			for i, w := range weights[start : start+rows] {
				o[i] *= w
			}
		}
		clear(out[j*packed+rows : j*packed+(rows+7)&^7])
	}
}
